"""Boards: one chair, one seat each, a quorum that can be met."""

from services.gates.board import Board, ConstituteBoard
from shared.contracts.gates.board import BoardConstituted, Seat
from shared.domain.scenario import Outcome, scenario

ANN = Seat(person="p-ann", capacity="Chair", chair=True)
BOB = Seat(person="p-bob", capacity="Finance")
EVE = Seat(person="p-eve", capacity="Client", voting=False)


def constitute(*seats: Seat, quorum: int = 2) -> Outcome:
    return scenario(Board, "B-1").when(ConstituteBoard(office="hub", title="Board", seats=seats, quorum=quorum))


def test_a_board_is_constituted() -> None:
    outcome = constitute(ANN, BOB, EVE)
    outcome.then(BoardConstituted(board="B-1", office="hub", name="Board", seats=(ANN, BOB, EVE), quorum=2))
    state = outcome.state
    assert isinstance(state, Board) and state.voters == {"p-ann", "p-bob"} and state.chair == "p-ann"


def test_a_later_constitution_replaces_the_earlier() -> None:
    first = constitute(ANN, BOB).noted[0].event
    outcome = scenario(Board, "B-1").given(first).when(ConstituteBoard(office="hub", title="Board", seats=(ANN,), quorum=1))
    assert isinstance(outcome.state, Board) and outcome.state.voters == {"p-ann"}


def test_another_office_does_not_renew_it() -> None:
    first = constitute(ANN, BOB).noted[0].event
    renewed = ConstituteBoard(office="north", title="Board", seats=(ANN,), quorum=1)
    scenario(Board, "B-1").given(first).when(renewed).refused("office")


def test_nobody_has_two_seats() -> None:
    constitute(ANN, BOB, BOB).refused("one-seat", "p-bob")


def test_there_is_exactly_one_chair() -> None:
    constitute(BOB).refused("one-chair", "0 seats")
    constitute(ANN, BOB.replace(chair=True)).refused("one-chair", "2 seats")


def test_a_quorum_can_be_met_by_those_who_vote() -> None:
    constitute(ANN, BOB, EVE, quorum=3).refused("quorum", "choose 1 to 2")
    constitute(ANN, quorum=0).refused("quorum")
