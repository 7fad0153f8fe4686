"""Batches: the files that came, and what became of their rows."""

from datetime import date, datetime

from shared.contracts.envelope import Heard
from shared.contracts.reporting.feed import BatchCompleted, BatchReceived
from shared.domain.state import Fact
from shared.projection.view import View


class BatchRow(Fact):
    """One file. The counts of accepted, quarantined and findings are None until every row is on record."""

    batch: str
    feed: str
    sha256: str
    size: int
    file: str
    rows: int
    mapping: str
    mapping_version: int
    effective: date
    received_by: str
    received: datetime
    accepted: int | None = None
    quarantined: int | None = None
    findings: int | None = None
    offices: tuple[str, ...] = ()
    completed: datetime | None = None


batches = View("batches", BatchRow, log="reporting")


@batches.on(key=lambda event, heard: event.batch)
def batch_received(row: BatchRow | None, event: BatchReceived, heard: Heard) -> BatchRow:
    return BatchRow(received_by=heard.envelope.actor, received=heard.envelope.recorded, **dict(event))


@batches.on(key=lambda event, heard: event.batch)
def batch_completed(row: BatchRow | None, event: BatchCompleted, heard: Heard) -> BatchRow | None:
    counts = {"accepted": event.accepted, "quarantined": event.quarantined, "findings": event.findings, "offices": event.offices}
    return row and row.replace(completed=heard.envelope.recorded, **counts)
