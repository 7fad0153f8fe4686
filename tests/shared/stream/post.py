"""A small service: parcels are posted and moved; a receipt is written for each; an overdue one is chased."""

from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum

from shared.contracts.envelope import Heard
from shared.contracts.event import Event
from shared.contracts.values import Count, Moment
from shared.domain.decider import Events, decides, evolves
from shared.domain.given import Given
from shared.domain.refused import require
from shared.domain.state import Command, Fact, State
from shared.projection.view import View
from shared.stream.react import Do
from shared.stream.timers import CancelTimer, Timer

NEVER = datetime(2100, 1, 1, tzinfo=UTC)


class ParcelPosted(Event, service="post"):
    due: Moment = NEVER


class ParcelMoved(Event, service="post"):
    leg: Count


class ParcelChased(Event, service="post"):
    pass


class ReceiptWritten(Event, service="post"):
    parcel: str


class WindowShut(Event, service="post"):
    pass


class Status(StrEnum):
    UNDER_WAY = "under-way"
    SHUT = "shut"


class Parcel(State):
    status: Status | None = None
    legs: int = 0
    chased: int = 0


class PostReceipt(State):
    status: Status | None = None


class Window(State):
    status: Status | None = None


class PostParcel(Command, role="clerk", starts=True):
    due: Moment = NEVER


class MoveParcel(Command, role="clerk"):
    pass


class ChaseParcel(Command, role="service"):
    pass


class WriteReceipt(Command, role="service", starts=True):
    parcel: str


class ShutWindow(Command, role="clerk", starts=True):
    pass


@decides
def post_parcel(parcel: Parcel, command: PostParcel, given: Given) -> Events:
    yield ParcelPosted(due=command.due)


@decides
def move_parcel(parcel: Parcel, command: MoveParcel, given: Given) -> Events:
    yield ParcelMoved(leg=parcel.legs + 1)


@decides
def chase_parcel(parcel: Parcel, command: ChaseParcel, given: Given) -> Events:
    yield ParcelChased()


@decides
def write_receipt(receipt: PostReceipt, command: WriteReceipt, given: Given) -> Events:
    shut = given.of(Window, command.parcel)
    require(not shut.exists, rule="window", because=f"the window of {command.parcel} is shut", way_out="open the window")
    yield ReceiptWritten(parcel=command.parcel)


@decides
def shut_window(window: Window, command: ShutWindow, given: Given) -> Events:
    yield WindowShut()


@evolves
def posted(parcel: Parcel, event: ParcelPosted) -> Parcel:
    return parcel.replace(status=Status.UNDER_WAY)


@evolves
def moved(parcel: Parcel, event: ParcelMoved) -> Parcel:
    return parcel.replace(legs=event.leg)


@evolves
def chased(parcel: Parcel, event: ParcelChased) -> Parcel:
    return parcel.replace(chased=parcel.chased + 1)


@evolves
def written(receipt: PostReceipt, event: ReceiptWritten) -> PostReceipt:
    return receipt.replace(status=Status.UNDER_WAY)


@evolves
def shut(window: Window, event: WindowShut) -> Window:
    return window.replace(status=Status.SHUT)


class ParcelRow(Fact):
    legs: int
    broken: bool = False


parcels = View("stream_parcels", ParcelRow, log="post")
BROKEN: set[str] = set()
"""Parcels whose fold fails, until it is mended."""


def _subject(event: Event, heard: Heard) -> str:
    return heard.envelope.subject


@parcels.on(key=_subject)
def parcel_posted(row: ParcelRow | None, event: ParcelPosted, heard: Heard) -> ParcelRow:
    return ParcelRow(legs=0)


@parcels.on(key=_subject)
def parcel_moved(row: ParcelRow | None, event: ParcelMoved, heard: Heard) -> ParcelRow:
    if heard.envelope.subject in BROKEN:
        raise ZeroDivisionError("this fold is broken")
    assert row is not None and event.leg == row.legs + 1, f"leg {event.leg} after {row}"
    return ParcelRow(legs=event.leg)


def identity_of(heard: Heard) -> str:
    return heard.envelope.subject.partition("/")[2]


def acknowledge(event: ParcelPosted, heard: Heard, given: Given) -> Iterator[Do]:
    identity = identity_of(heard)
    if not given.of(PostReceipt, identity).exists:
        yield Do(PostReceipt, identity, WriteReceipt(parcel=identity))


def chase(event: ParcelPosted, heard: Heard) -> Iterator[Timer | CancelTimer]:
    yield Timer(f"chase {heard.envelope.subject}", event.due, Do(Parcel, identity_of(heard), ChaseParcel()))


def no_chase(event: ParcelMoved, heard: Heard) -> Iterator[Timer | CancelTimer]:
    yield CancelTimer(f"chase {heard.envelope.subject}")
