"""Who stands behind a request, and how somebody is told that they may not."""

from dataclasses import dataclass
from datetime import datetime

HUB = "hub"
"""The office whose roles count in every office."""
SERVICE = "service"
"""The role of reactions, timers and calls between processes. No person holds it."""
ROLES = (
    "administrator",
    "auditor",
    "board-member",
    "chair",
    "feed-owner",
    "finance",
    "portfolio-office",
    "proposer",
    "sponsor",
)
"""The roles that a person may hold in an office."""


@dataclass(frozen=True, slots=True)
class Principal:
    """A verified person or service. `roles` are pairs of role and office; `session` is the token's id, `expires` its end.

    A principal that acts for another holds what was delegated, and nothing else.
    """

    person: str
    roles: tuple[tuple[str, str], ...]
    authn: str
    session: str
    expires: datetime
    name: str | None = None
    on_behalf_of: str | None = None

    @property
    def is_service(self) -> bool:
        return is_service(self.person)


def is_service(actor: str) -> bool:
    """Whether this id is reserved for a service."""
    return actor.startswith("service:")


class NotAdmitted(Exception):
    """Somebody is not let in. `rule` is a stable kebab-case name; `way_out` says what would be accepted."""

    status = 403

    def __init__(self, rule: str, because: str, way_out: str) -> None:
        super().__init__(f"{rule}: {because}; {way_out}")
        self.rule, self.because, self.way_out = rule, because, way_out


class Unauthenticated(NotAdmitted):
    """Nobody is signed in, or the token does not hold (HTTP 401)."""

    status = 401


class Denied(NotAdmitted):
    """Whoever asks is known and may not (HTTP 403)."""
