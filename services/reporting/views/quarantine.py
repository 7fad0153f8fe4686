"""Quarantined rows: what could not be accepted, why, and the way out."""

from datetime import datetime

from services.reporting.views.feed_records import record_key
from shared.contracts.envelope import Heard
from shared.contracts.reporting.feed import FeedRecordQuarantined
from shared.domain.state import Fact
from shared.projection.view import View


class QuarantineRow(Fact):
    """One row of a file that waits to be mended in its source."""

    feed: str
    batch: str
    row: int
    row_sha256: str
    reason: str
    way_out: str
    cells: dict[str, str]
    recorded: datetime


quarantine = View("quarantine", QuarantineRow, log="reporting")


@quarantine.on(key=lambda event, heard: record_key(event.batch, event.row))
def record_quarantined(row: QuarantineRow | None, event: FeedRecordQuarantined, heard: Heard) -> QuarantineRow:
    return QuarantineRow(recorded=heard.envelope.recorded, **dict(event))
