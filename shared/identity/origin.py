"""Cookies travel by themselves, so a change asked for with one must come from our own pages (Sec-Fetch-Site, else Origin)."""

from urllib.parse import urlsplit

from starlette.requests import Request

from shared.identity.principal import Denied

_SAFE = ("GET", "HEAD", "OPTIONS")
COOKIE = "minutebook_session"


def cookie_name(request: Request) -> str:
    """The cookie of this instance. Browsers share cookies among the ports of a host, so the port is part of its name."""
    return f"{COOKIE}_{request.url.port}" if request.url.port else COOKIE


def session_cookie(request: Request) -> str | None:
    """The token in the cookie, if there is one."""
    return request.cookies.get(cookie_name(request)) or request.cookies.get(COOKIE)


def must_be_same_origin(request: Request) -> None:
    """Raise Denied for a change that another site may have sent."""
    if request.method in _SAFE:
        return
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        same = site in ("same-origin", "none")
    else:
        same = origin is not None and urlsplit(origin).netloc.lower() == request.headers.get("host", "").lower() != ""
    if not same:
        raise Denied(
            "same-origin",
            "this change was asked for with the cookie of a browser, but not by a page of this Minutebook",
            "send it from the page itself, or with the header Authorization: Bearer",
        )
