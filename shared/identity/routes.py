"""The routes of the local issuer, under /identity/. Links are redeemed on this machine only."""

from html import escape
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from shared.contracts.values import Frozen, Name
from shared.domain.given import Who
from shared.domain.refused import Refused
from shared.identity.guard import guard, public
from shared.identity.issuer import SESSION_LIFE, LocalIssuer, PersonExists, UnknownPerson
from shared.identity.keys import is_loopback
from shared.identity.origin import cookie_name
from shared.identity.principal import Principal, Unauthenticated
from shared.identity.store import Assignment, Delegation, HumanId

_log = structlog.get_logger("identity")
_WAY_OUT = "On the machine where Minutebook runs, ./minutebook signin-link prints a new link."
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title} · Minutebook</title>
<script src="/static/theme.js"></script><link rel="stylesheet" href="/assets/tabler/css/tabler.min.css">
<link rel="stylesheet" href="/static/theme.css"><link rel="icon" href="/static/seal.svg" type="image/svg+xml"></head>
<body><header class="mb-top"><div class="container-xl py-2"><a class="mb-brand" href="/">Minute<span>book</span></a></div></header>
<main class="container-xl py-4" id="content"><div class="mb-sheet">{body}</div></main></body></html>
"""


class NewPerson(Frozen):
    """Somebody to be added to the local issuer."""

    person: HumanId
    name: Name
    roles: tuple[Assignment, ...]


class SignInLink(Frozen):
    """A path on this site that signs somebody in once."""

    path: str


def page(title: str, sentence: str, status: int = 200, way_out: str = _WAY_OUT, link: str | None = None) -> HTMLResponse:
    """A plain page that says one thing and the way out; with a `link` to be copied."""
    body = f"<h1>{escape(title)}</h1><p>{escape(sentence)}</p>"
    if link is not None:
        body += f'<p><a class="mb-link mb-mono" href="{escape(link)}">{escape(link)}</a></p>'
    back, label = ("/people", "Back to the people") if link is not None else ("/", "To the portfolio")
    body += f'<p>{escape(way_out)}</p><p><a class="btn" href="{back}">{label}</a></p>'
    return HTMLResponse(_PAGE.format(title=escape(title), body=body), status)


def router(issuer: LocalIssuer) -> APIRouter:
    """The routes for this issuer. They raise Refused for a person who is not known, or known already."""
    routes = APIRouter(prefix="/identity", tags=["identity"])

    @routes.get("/sign-in", dependencies=[Depends(public("a one-time link is the credential"))], response_class=HTMLResponse)
    def sign_in(request: Request, code: str = "") -> Response:
        """Redeem a sign-in link: sets the session cookie and leads to the front page."""
        if not (request.client and is_loopback(request.client.host) and is_loopback(request.url.hostname or "")):
            return page("Not from here", "Sign-in links work only in a browser on the machine where Minutebook runs.", 403)
        try:
            token = issuer.redeem(code)
        except Unauthenticated as refusal:
            _log.warning("sign-in link refused")
            return page("Not signed in", f"{refusal.because[0].upper()}{refusal.because[1:]}.", 403)
        answer = RedirectResponse("/", 303)
        # Lax, so that a link in a mail opens signed in; whatever changes something is checked for its origin as well.
        answer.set_cookie(
            cookie_name(request),
            token,
            max_age=int(SESSION_LIFE.total_seconds()),
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )
        return answer

    @routes.post("/sign-out", dependencies=[Depends(guard("identity/sign-out"))])
    def sign_out(request: Request) -> Response:
        """End the session everywhere."""
        principal: Principal = request.state.principal
        issuer.end(principal.session, principal.expires)
        answer = RedirectResponse("/identity/signed-out", 303)
        answer.delete_cookie(cookie_name(request), httponly=True, samesite="lax")
        return answer

    @routes.get("/signed-out", dependencies=[Depends(public("says that somebody signed out"))], response_class=HTMLResponse)
    def signed_out() -> Response:
        """What one sees after signing out."""
        return page("Signed out", "You are signed out.")

    @routes.get("/jwks.json", dependencies=[Depends(public("public keys"))])
    def jwks() -> dict[str, Any]:
        """The public keys of the local issuer (RFC 7517)."""
        return issuer.jwks()

    @routes.get("/me")
    def me(request: Request, who: Annotated[Who, Depends(guard("identity/me"))]) -> dict[str, Any]:
        """Who I am here."""
        principal: Principal = request.state.principal
        return {
            "person": principal.person,
            "name": principal.name,
            "on_behalf_of": principal.on_behalf_of,
            "roles": [{"role": role, "office": office} for role, office in principal.roles],
            "authn": principal.authn,
            "expires": principal.expires.isoformat(),
        }

    @routes.get("/people", dependencies=[Depends(guard("identity/list-people"))])
    def people() -> list[dict[str, Any]]:
        """The people of the local issuer."""
        return [{"person": person, **known.model_dump(mode="json")} for person, known in issuer.store.register().people.items()]

    @routes.post("/people", status_code=201)
    def add_person(new: NewPerson, who: Annotated[Who, Depends(guard("identity/add-person"))]) -> NewPerson:
        """Add a person with roles."""
        try:
            issuer.add_person(new.person, new.name, new.roles)
        except PersonExists as known:
            raise Refused("once", str(known), field="person", way_out="choose another id") from None
        _log.info("person added", person=new.person, by=who.actor, roles=[f"{held.role}@{held.office}" for held in new.roles])
        return new

    @routes.post("/people/{person}/sign-in-link", status_code=201, response_model=SignInLink)
    def sign_in_link(request: Request, person: str, who: Annotated[Who, Depends(guard("identity/mint-link"))]) -> SignInLink | Response:
        """A sign-in link for another person: works once, within ten minutes, on this machine. A browser gets it as a page."""
        try:
            path = issuer.mint_link(person)
        except UnknownPerson as unknown:
            raise Refused("known-person", str(unknown), field="person", way_out="add the person first: POST /identity/people") from None
        _log.info("sign-in link made", person=person, by=who.actor)
        if "text/html" not in request.headers.get("accept", ""):
            return SignInLink(path=path)
        name = issuer.store.register().people[person].name
        sentence = f"This link signs {name} in once, within ten minutes, in a browser on this machine."
        way_out = "Open it in a private window or another browser to stay signed in here; opened here, it takes your place."
        return page(f"Sign-in link for {name}", sentence, 201, way_out, link=f"{str(request.base_url).rstrip('/')}{path}")

    @routes.post("/delegations", status_code=201)
    def delegate(delegation: Delegation, who: Annotated[Who, Depends(guard("identity/delegate"))]) -> Delegation:
        """Let somebody act for another with one role in one office, until an instant."""
        issuer.delegate(delegation)
        _log.info("delegated", **delegation.model_dump(mode="json", exclude={"until"}), by=who.actor)
        return delegation

    return routes
