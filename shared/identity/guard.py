"""The guard of a route: who asks, and may they? Every route declares one, or says that it is open to all and why."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import structlog
from fastapi.dependencies.models import Dependant
from fastapi.routing import RouteContext, iter_route_contexts
from starlette.requests import Request
from starlette.routing import BaseRoute, Mount

from shared.domain.given import Who
from shared.identity.delegation import acting_for
from shared.identity.origin import must_be_same_origin, session_cookie
from shared.identity.policy import authorise, must_hold_a_role
from shared.identity.principal import HUB, Denied, NotAdmitted, Principal, Unauthenticated
from shared.identity.recorder import ANONYMOUS, ConductRecorder
from shared.identity.store import Store
from shared.identity.token import SIGN_IN, Verifier

OfficeOf = Callable[[Request], Awaitable[str]]
"""The office that a request concerns."""

_EVERYDAY = frozenset({"sign-in", "expired", "signed-out", "malformed", "issuer-unreachable"})
"""Why somebody is not signed in without having tried anything: for the logs, not for the record."""
_log = structlog.get_logger("identity")


@dataclass(frozen=True)
class Identity:
    """What guards need, at `app.state.identity`. `recorders` by service; denials elsewhere go to the first of them."""

    verifier: Verifier
    store: Store
    recorders: Mapping[str, ConductRecorder] = field(default_factory=dict)
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def recorder(self, action: str) -> ConductRecorder | None:
        return self.recorders.get(action.partition("/")[0]) or next(iter(self.recorders.values()), None)


async def at_the_hub(request: Request) -> str:
    """The office of what belongs to no other."""
    return HUB


@dataclass(frozen=True)
class Guard:
    """A dependency that returns as whom the caller acts; raises Unauthenticated or Denied, which are recorded."""

    action: str
    office_of: OfficeOf = at_the_hub

    async def __call__(self, request: Request) -> Who:
        identity: Identity = request.app.state.identity
        actor = ANONYMOUS
        try:
            principal = await _presented(request, identity)
            actor, request.state.principal = principal.person, principal
            if session_cookie(request) is not None and "authorization" not in request.headers:
                must_be_same_origin(request)
            if person := request.headers.get("x-on-behalf-of"):
                principal = acting_for(principal, person, identity.store.register(), identity.clock())
            must_hold_a_role(principal, self.action)
            who = authorise(principal, self.action, await self.office_of(request))
        except NotAdmitted as refusal:
            await self._note(request, identity, actor, refusal)
            raise
        request.state.principal, request.state.who = principal, who
        return who

    async def _note(self, request: Request, identity: Identity, actor: str, refusal: NotAdmitted) -> None:
        _log.info("not admitted", action=self.action, actor=actor, rule=refusal.rule)
        recorder = identity.recorder(self.action)
        if recorder is not None and (isinstance(refusal, Denied) or refusal.rule not in _EVERYDAY):
            await recorder.denied(actor, f"{request.method} {self.action}", refusal)


async def _presented(request: Request, identity: Identity) -> Principal:
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    token = bearer.strip() if scheme.lower() == "bearer" else None if scheme else session_cookie(request)
    if not token:
        raise Unauthenticated("sign-in", "nobody is signed in", SIGN_IN)
    return await identity.verifier.verify(token)


@dataclass(frozen=True)
class Public:
    """A dependency that marks a route as open to all on purpose."""

    reason: str

    async def __call__(self) -> None: ...


def guard(action: str, office_of: OfficeOf = at_the_hub) -> Guard:
    """For `Depends(...)`: only who may do `action` for the office that the request concerns gets in."""
    return Guard(action, office_of)


def public(reason: str) -> Public:
    """For `Depends(...)`: everybody gets in, for this reason."""
    return Public(reason)


def make_public(route: BaseRoute, reason: str) -> None:
    """Mark a route that takes no dependencies (a mount of assets) as open to all."""
    route.policy = f"public: {reason}"  # type: ignore[attr-defined]


def policy_of(route: BaseRoute | RouteContext) -> str | None:
    """The actions that guard a route, or "public: " and the reason; None if it declares nothing."""
    original = route.original_route if isinstance(route, RouteContext) else route
    marked: str | None = getattr(route, "policy", None) or getattr(original, "policy", None)
    if marked is not None:
        return marked
    calls = list(_calls(getattr(route, "dependant", None)))
    guards = [call.action for call in calls if isinstance(call, Guard)]
    reasons = [f"public: {call.reason}" for call in calls if isinstance(call, Public)]
    return ", ".join(guards or reasons) or None


def routes_without_policy(app: Any, prefix: str = "") -> list[str]:
    """The routes of an app, mounted ones too, that declare no policy: `GET /path`."""
    missing: list[str] = []
    for route in iter_route_contexts(app.routes):
        path = f"{prefix}{route.path or ''}"
        if policy_of(route) is not None:
            continue
        if isinstance(route.original_route, Mount) and route.original_route.routes:
            missing += routes_without_policy(route.original_route, path)
        else:
            missing.append(f"{'/'.join(sorted(route.methods or ('*',)))} {path}")
    return missing


def _calls(dependant: Dependant | None) -> Iterator[Any]:
    for needed in dependant.dependencies if dependant else ():
        yield needed.call
        yield from _calls(needed)
