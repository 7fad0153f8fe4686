"""An office's events. Its four attributes are independent of each other."""

from enum import StrEnum

from shared.contracts.event import Event
from shared.contracts.values import Name, OfficeId


class AuthorityType(StrEnum):
    """How far a portfolio office may go: advise, enforce, or deliver itself."""

    SUPPORTIVE = "supportive"
    CONTROLLING = "controlling"
    DIRECTIVE = "directive"


class Scope(StrEnum):
    """What an office looks after."""

    SUPPORT = "support"
    PROJECT = "project"
    PROGRAMME = "programme"
    PORTFOLIO = "portfolio"


class Relationship(StrEnum):
    """Whether the office serves its own organisation or customers."""

    INTERNAL = "internal"
    EXTERNAL = "external"


class OfficeRegistered(Event):
    """An office takes part: the hub (no parent) or a spoke."""

    office: OfficeId
    name: Name
    parent: OfficeId | None = None
    authority_type: AuthorityType = AuthorityType.CONTROLLING
    scope: Scope = Scope.PORTFOLIO
    relationship: Relationship = Relationship.INTERNAL
    method: str = "stage-gate"
    reported_by: str | None = None
    """The feed that first named it, if it came with a feed."""
