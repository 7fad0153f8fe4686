"""An initiative's events: its life from registration to closure or termination."""

from enum import StrEnum

from shared.contracts.event import Event
from shared.contracts.personal import Personal
from shared.contracts.terms import Tier
from shared.contracts.values import Count, Id, InitiativeId, Money, Name, OfficeId, PersonId, Text


class Origin(StrEnum):
    """Where an initiative came from: a selected proposal, or a feed that reported it as already under way."""

    SELECTION = "selection"
    FEED = "feed"


class ProjectRegistered(Event):
    """The initiative is on the books. A reported one has no tier: this organisation's gates do not govern it."""

    initiative: InitiativeId
    office: OfficeId
    name: Name
    origin: Origin
    tier: Tier | None = None
    estimate: Money | None = None
    proposer: PersonId | None = None
    sponsor: PersonId | None = None
    category: str | None = None


class StageStarted(Event):
    """A stage began, on the authority of a gate decision."""

    office: OfficeId
    stage: Count
    gate_review: Id
    decision: str
    """The id of the GateDecided event."""


class ProjectTerminated(Event):
    """It was stopped for good by a gate decision."""

    office: OfficeId
    gate_review: Id
    decision: str


class ProjectClosed(Event):
    """It came to its end: by its last gate, or by a person for a reported one."""

    office: OfficeId
    gate_review: Id | None = None
    decision: str | None = None
    explanation: Personal[Text] | None = None
