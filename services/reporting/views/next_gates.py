"""The next gate of each initiative: the one that is scheduled and not yet decided."""

from datetime import date

from services.reporting.views.gate_reviews import review_id
from shared.contracts.envelope import Heard
from shared.contracts.gates.gate_review import GateDecided, GateScheduled
from shared.domain.state import Fact
from shared.projection.view import View


class NextGateRow(Fact):
    """One initiative's next gate."""

    initiative: str
    review: str
    gate: int
    gate_name: str
    round: int
    due: date


next_gates = View("next_gates", NextGateRow, log="gates", history=True)


@next_gates.on
def gate_scheduled(row: NextGateRow | None, event: GateScheduled, heard: Heard) -> NextGateRow:
    return NextGateRow(
        initiative=event.initiative, review=review_id(heard), gate=event.gate, gate_name=event.gate_name, round=event.round, due=event.due
    )


@next_gates.on
def gate_decided(row: NextGateRow | None, event: GateDecided, heard: Heard) -> NextGateRow | None:
    return None if row and row.review == review_id(heard) else row
