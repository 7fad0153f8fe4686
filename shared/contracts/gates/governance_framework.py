"""A governance framework as versioned data: tiers, gates, criteria, quorum. A published version never changes."""

from shared.contracts.event import Event
from shared.contracts.terms import Tier
from shared.contracts.values import Count, Frozen, Id, Name, OfficeId


class Criterion(Frozen):
    """What a gate asks. `rule` is a CEL expression over the evidence; without one a person judges."""

    id: Id
    asks: Name
    must: bool = True
    rule: str | None = None


class Gate(Frozen):
    """One gate of a lifecycle; passing it lets stage `number` start, the last one closes the project."""

    number: Count
    name: Name
    criteria: tuple[Criterion, ...]


class Lifecycle(Frozen):
    """The gates of one tier, and how a board decides there. `seats` 1 means that one right holder decides."""

    tier: Tier
    seats: Count
    quorum: Count
    gates: tuple[Gate, ...]


class FrameworkPublished(Event):
    """A version is in force from now on; what runs stays on the version it started with."""

    framework: Id
    version: Count
    office: OfficeId
    name: Name
    lifecycles: tuple[Lifecycle, ...]
