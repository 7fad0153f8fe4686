"""Board: who sits, who votes, who takes the chair, and how many must be there."""

from collections import Counter
from enum import StrEnum

from shared.contracts.gates.board import BoardConstituted, Seat
from shared.contracts.values import Count, Name, OfficeId
from shared.domain.decider import Events, decides, evolves
from shared.domain.given import Given
from shared.domain.refused import require
from shared.domain.state import Command, State


class Status(StrEnum):
    CONSTITUTED = "constituted"


class Board(State):
    """A board as it sits now. Stream: board/<id>."""

    status: Status | None = None
    office: str = ""
    name: str = ""
    seats: tuple[Seat, ...] = ()
    quorum: int = 0

    def office_in_charge(self) -> str | None:
        return self.office or None

    def must_not_exist(self) -> None:
        """Constituting begins the board and renews it."""

    @property
    def voters(self) -> frozenset[str]:
        """The members who vote."""
        return frozenset(seat.person for seat in self.seats if seat.voting)

    @property
    def chair(self) -> str:
        """Who takes the chair."""
        return next((seat.person for seat in self.seats if seat.chair), "")


class ConstituteBoard(Command, role=("administrator", "portfolio-office", "service"), starts=True):
    """The board sits like this from now on."""

    office: OfficeId
    title: Name
    seats: tuple[Seat, ...]
    quorum: Count


@decides
def constitute(board: Board, command: ConstituteBoard, given: Given) -> Events:
    require(
        not board.exists or command.office == board.office,
        rule="office",
        because=f"this board belongs to office {board.office}",
        field="office",
        way_out="constitute a board of your own under another id",
    )
    twice = sorted(person for person, seats in Counter(seat.person for seat in command.seats).items() if seats > 1)
    require(not twice, rule="one-seat", because=f"{', '.join(twice)} has two seats", field="seats", way_out="one seat for each person")
    chairs = sum(seat.chair for seat in command.seats)
    require(chairs == 1, rule="one-chair", because=f"{chairs} seats are the chair's", field="seats", way_out="mark exactly one seat")
    voting = sum(seat.voting for seat in command.seats)
    require(
        1 <= command.quorum <= voting,
        rule="quorum",
        because=f"a quorum of {command.quorum} cannot be met by {voting} voting seats",
        field="quorum",
        way_out=f"choose 1 to {voting}" if voting else "give somebody a vote",
    )
    yield BoardConstituted(board=given.subject, office=command.office, name=command.title, seats=command.seats, quorum=command.quorum)


@evolves
def constituted(board: Board, event: BoardConstituted) -> Board:
    return board.replace(status=Status.CONSTITUTED, office=event.office, name=event.name, seats=event.seats, quorum=event.quorum)
