"""A board's events: who sits on it and what makes it quorate."""

from shared.contracts.event import Event
from shared.contracts.values import Count, Frozen, Id, Name, OfficeId, PersonId


class Seat(Frozen):
    """A member's seat."""

    person: PersonId
    capacity: Name
    """What the member brings: chair, finance, operations …"""
    chair: bool = False
    voting: bool = True


class BoardConstituted(Event):
    """The board sits as follows from now on; a later one replaces an earlier one."""

    board: Id
    office: OfficeId
    name: Name
    seats: tuple[Seat, ...]
    quorum: Count
