"""A gate that is not decided by the end of its due date is marked overdue."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta

from services.gates.gate_review import GateReview, MarkGateOverdue
from shared.contracts.envelope import Heard
from shared.contracts.gates.gate_review import GateDecided, GateScheduled
from shared.stream.react import Do
from shared.stream.timers import CancelTimer, Timer


def watch_due_date(event: GateScheduled | GateDecided, heard: Heard) -> Iterator[Timer | CancelTimer]:
    review = heard.envelope.subject.partition("/")[2]
    timer = f"gate-due/{review}"
    if isinstance(event, GateDecided):
        yield CancelTimer(timer)
    else:
        midnight = datetime.combine(event.due + timedelta(days=1), time(), UTC)
        yield Timer(timer, midnight, Do(GateReview, review, MarkGateOverdue()))
