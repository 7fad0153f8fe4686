"""Counting a ballot: who may vote, who is there, what carries."""

from collections.abc import Mapping

from services.gates.board import Board
from shared.contracts.gates.gate_review import Ballot
from shared.contracts.gates.governance_framework import Lifecycle
from shared.contracts.terms import GateOutcome
from shared.domain.refused import require


def count(board: Board, lifecycle: Lifecycle, votes: Mapping[str, GateOutcome], barred: Mapping[str, str], outcome: GateOutcome) -> Ballot:
    """The ballot for `outcome`; votes count from members of the board as it sits who are free to vote.

    Raises Refused: `board-size` (the tier asks for more seats), `quorum`, `majority` (more than half of those who voted must want it).
    """
    counted = {member: vote for member, vote in sorted(votes.items()) if member in board.voters and member not in barred}
    required = max(board.quorum, lifecycle.quorum)
    require(
        len(board.voters) >= lifecycle.seats,
        rule="board-size",
        because=f"tier {lifecycle.tier} is decided by {lifecycle.seats}, {board.name} has {len(board.voters)} voting seats",
        way_out="constitute the board with more members, or grant the right to a larger board",
    )
    aside = sorted(set(barred) & board.voters)
    require(
        len(counted) >= required,
        rule="quorum",
        because=f"quorum is {required} of {len(board.voters)}, {len(counted)} voted"
        + (f"; {', '.join(aside)} may not vote here" if aside else ""),
        way_out="more members vote first",
    )
    wanting = sum(vote is outcome for vote in counted.values())
    require(
        2 * wanting > len(counted),
        rule="majority",
        because=f"{wanting} of {len(counted)} votes are for {outcome}",
        field="outcome",
        way_out="record the outcome that more than half voted for, or vote again",
    )
    dissenting = tuple(member for member, vote in counted.items() if vote is not outcome)
    return Ballot(required=required, present=len(counted), votes=counted, dissenting=dissenting)
