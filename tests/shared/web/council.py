"""A toy council: motions with every kind of value that a command may hold."""

from datetime import date
from decimal import Decimal
from enum import StrEnum

from shared.contracts.envelope import Heard
from shared.contracts.event import Event
from shared.contracts.personal import Personal
from shared.contracts.values import Amount, Count, Frozen, Id, Moment, Money, Name, OfficeId, PersonId, Text
from shared.domain.decider import Events, decides, evolves
from shared.domain.given import Given
from shared.domain.refused import require
from shared.domain.state import Command, Fact, State
from shared.projection.view import View
from shared.web.service import Service


class Ground(StrEnum):
    """Why a motion is moved."""

    LAW = "law"
    VALUE = "value"
    RISK = "risk"


class Ward(StrEnum):
    """Where it applies."""

    NORTH = "north"
    SOUTH = "south"
    EAST = "east"
    WEST = "west"
    MARKET = "market"
    HARBOUR = "harbour"


class Clause(Frozen):
    """One clause of a motion."""

    id: Id
    text: Name
    owner: PersonId | None = None
    due: date
    cost: Money | None = None
    wards: tuple[Ward, ...] = ()


class Window(Frozen):
    """When it is heard; all of it may be left open."""

    opens: Moment | None = None
    urgent: bool = False


class MotionMoved(Event, service="council"):
    initiative: Id
    office: OfficeId
    title: Name
    need: Personal[Text]
    budget: Money


class MotionAmended(Event, service="council"):
    office: OfficeId
    clauses: tuple[Clause, ...]
    share: Amount | None = None


class MotionCarried(Event, service="council"):
    office: OfficeId
    rationale: Personal[Text]


class Stage(StrEnum):
    MOVED = "moved"
    CARRIED = "carried"


class Motion(State):
    """Something that the council is asked to decide."""

    status: Stage | None = None
    office: OfficeId | None = None
    initiative: Id | None = None
    title: str = ""
    need: Personal[Text] | None = None
    budget: Money | None = None
    clauses: tuple[Clause, ...] = ()

    def about(self) -> str | None:
        return self.initiative

    def office_in_charge(self) -> str | None:
        return self.office


class MoveMotion(Command, role="proposer", starts=True):
    """Put a motion before the council."""

    office: OfficeId
    """The office that it belongs to."""
    title: Name
    need: Personal[Text]
    """What for, in a few sentences."""
    budget: Money


class AmendMotion(Command, role="proposer"):
    """Change what the motion says."""

    clauses: tuple[Clause, ...]
    grounds: tuple[Ground, ...] = ()
    ground: Ground
    ward: Ward | None = None
    copies: Count = 1
    share: Amount | None = None
    cap: Money | None = None
    on: date | None = None
    window: Window | None = None
    open: bool = True
    agreed: bool | None = None
    seconders: tuple[PersonId, ...] = ()
    remark: Personal[Text] | None = None
    note: str = "none"
    inputs: dict[str, list[str] | str] | None = None


class CarryMotion(Command, role="chair", signs="I carry this motion", decides=True):
    """Decide in its favour."""

    rationale: Personal[Text]


class LapseMotion(Command, role="service"):
    """Let it lapse: only the service itself does so."""


class BreakMotion(Command, role="administrator"):
    """Show what happens when a rule book has a fault."""


@decides
def move(motion: Motion, command: MoveMotion, given: Given) -> Events:
    affordable = not command.budget.exceeds(Money(amount=Decimal(1_000_000)))
    require(affordable, rule="affordable", because="the council has no more than a million", field="budget.amount", way_out="ask for less")
    yield MotionMoved(initiative=given.subject, office=command.office, title=command.title, need=command.need, budget=command.budget)


@decides
def amend(motion: Motion, command: AmendMotion, given: Given) -> Events:
    motion.must_be(Stage.MOVED)
    assert motion.office
    yield MotionAmended(office=motion.office, clauses=command.clauses, share=command.share)


@decides
def carry(motion: Motion, command: CarryMotion, given: Given) -> Events:
    motion.must_be(Stage.MOVED)
    assert motion.office
    yield MotionCarried(office=motion.office, rationale=command.rationale).note(authority="AR-1", reason=command.rationale)


@decides
def lapse(motion: Motion, command: LapseMotion, given: Given) -> Events:
    yield from ()


@decides
def fail(motion: Motion, command: BreakMotion, given: Given) -> Events:
    raise RuntimeError("the secret name is Rumpelstiltskin")


@evolves
def moved(motion: Motion, event: MotionMoved) -> Motion:
    changes = {name: getattr(event, name) for name in ("office", "initiative", "title", "need", "budget")}
    return motion.replace(status=Stage.MOVED, **changes)


@evolves
def amended(motion: Motion, event: MotionAmended) -> Motion:
    return motion.replace(clauses=event.clauses)


@evolves
def carried(motion: Motion, event: MotionCarried) -> Motion:
    return motion.replace(status=Stage.CARRIED)


class MotionRow(Fact):
    title: str
    office: str
    budget: Decimal
    carried: bool = False


motions = View("motions", MotionRow, log="council", history=True)


@motions.on
def row_moved(row: MotionRow | None, event: MotionMoved, heard: Heard) -> MotionRow | None:
    return MotionRow(title=event.title, office=event.office, budget=event.budget.amount)


@motions.on
def row_carried(row: MotionRow | None, event: MotionCarried, heard: Heard) -> MotionRow | None:
    return row.replace(carried=True) if row else None


SERVICE = Service("council", "The council", aggregates=(Motion,), views=(motions,))
