"""Pages: the layout around what a service shows, with who is signed in and how far the logs are known."""

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PrefixLoader, StrictUndefined

from shared.identity.principal import ROLES, Principal
from shared.identity.reads import IDENTITY, READS
from shared.runtime.clock import age, now
from shared.web.fields import choice_words, words
from shared.web.problems import Problem
from shared.web.running import Known, Running
from shared.web.service import Service

HERE = Path(__file__).parent
_EVERYBODY = frozenset(ROLES)
NAV = (
    ("Portfolio", "/reporting/portfolio", _EVERYBODY),
    ("Proposals", "/reporting/proposals", _EVERYBODY),
    ("Gates", "/reporting/gates", _EVERYBODY),
    ("Audit", "/reporting/audit", READS["audit"].roles),
    ("Quarantine", "/reporting/quarantine", _EVERYBODY),
    ("People", "/people", IDENTITY["list-people"].roles),
)
"""The main navigation: what is shown, where, and to whom where not to everybody."""


@dataclass(frozen=True)
class Site:
    """What pages need beside their own content."""

    templates: Environment
    running: tuple[Running, ...]
    people: Callable[[], Mapping[str, str]]
    """Names by the ids of people."""

    def of(self, service: str) -> Running:
        """The service of that name in this process; raises KeyError."""
        return next(running for running in self.running if running.service.name == service)


def site_of(request: Request) -> Site:
    """The site that answers the request."""
    site: Site = request.app.state.site
    return site


async def page(
    request: Request,
    template: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    known: Sequence[Known] | None = None,
    as_known_at: datetime | None = None,
    **context: Any,
) -> HTMLResponse:
    """A page from `template` (layout.html's blocks filled). `known`: how far the logs behind it are known, ours unless told;
    `as_known_at`: the instant the page goes back to, None for now. The template sees `request`, `principal`, `people` and `context`."""
    site = site_of(request)
    if known is None:
        known = [await running.known() for running in site.running] if status < 500 else []
    principal: Principal | None = getattr(request.state, "principal", None)
    names = site.people()
    html = site.templates.get_template(template).render(
        request=request,
        principal=principal,
        signed_in=names.get(principal.person, principal.name or principal.person) if principal else None,
        people=names,
        nav=[(label, href) for label, href, roles in NAV if principal and roles & {role for role, _ in principal.roles}],
        path=request.url.path,
        known=known,
        as_known_at=as_known_at,
        rendered=now(),
        theme=theme if (theme := request.cookies.get("theme")) in ("light", "dark") else None,
        **context,
    )
    return HTMLResponse(html, status, dict(headers or {}))


async def problem_page(request: Request, problem: Problem) -> HTMLResponse:
    """A problem as a page, with the way out."""
    return await page(request, "problem.html", status=problem.status, headers=problem.headers, known=(), problem=problem)


def environment(services: Sequence[Service]) -> Environment:
    """The templates: ours by their names, those of a service under its name (gates/dossier.html lies beside the service's page routes)."""
    own = {service.name: FileSystemLoader(folders) for service in services if (folders := _folders(service))}
    loader = ChoiceLoader([FileSystemLoader(HERE / "templates"), PrefixLoader(own)])
    found = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    filters: dict[str, Callable[..., Any]] = {
        "money": money,
        "day": day,
        "moment": moment,
        "age": spoken_age,
        "words": words,
        "choice": choice_words,
        "short": short,
        "named": named,
    }
    found.filters.update(filters)
    return found


def _folders(service: Service) -> list[Path]:
    routes = [route for router in service.pages for route in router.routes]
    return sorted({Path(inspect.getfile(endpoint)).parent for route in routes if (endpoint := getattr(route, "endpoint", None))})


def money(value: Any) -> str:
    """GBP 1,234.50; an amount alone without the currency."""
    if value is None:
        return "—"
    amount = getattr(value, "amount", value)
    currency = getattr(value, "currency", None)
    if isinstance(value, Mapping):
        amount, currency = value["amount"], value.get("currency")
    text = f"{Decimal(amount):,f}"
    return f"{currency} {text}" if currency else text


def day(value: date | str | None) -> str:
    """31 March 2026."""
    if value is None or value == "":
        return "—"
    value = date.fromisoformat(value) if isinstance(value, str) else value
    return f"{value.day} {value:%B %Y}"


def moment(value: datetime | str | None) -> str:
    """31 March 2026, 10:42 UTC."""
    if value is None or value == "":
        return "—"
    value = (datetime.fromisoformat(value) if isinstance(value, str) else value).astimezone(UTC)
    return f"{day(value.date())}, {value:%H:%M} UTC"


def spoken_age(value: datetime | None) -> str:
    """2 s old, 5 min old, 3 h old, 12 days old."""
    if value is None:
        return "empty"
    seconds = age(value, now())
    for limit, size, unit in ((90, 1, "s"), (5400, 60, "min"), (172_800, 3600, "h")):
        if seconds < limit:
            return f"{seconds / size:.0f} {unit} old"
    return f"{seconds / 86_400:.0f} days old"


def named(text: str, people: Mapping[str, str]) -> str:
    """A text with the names of people in place of their ids: L. Haddad proposed it."""
    if not people:
        return text
    ids = {person.lower(): name for person, name in people.items()}
    known = "|".join(re.escape(person) for person in sorted(ids, key=len, reverse=True))
    return re.sub(rf"(?<![\w.:-])({known})(?![\w:-])", lambda found: ids[found[0].lower()], text, flags=re.IGNORECASE)


def short(value: str) -> str:
    """The ends of a hash or a long id: e41b…09c2."""
    return value if len(value) <= 12 else f"{value[:4]}…{value[-4:]}"
