"""Delivery status as last declared: the latest date counts, of one date the later report."""

from datetime import date, datetime

from shared.contracts.envelope import Heard
from shared.contracts.reporting.delivery_status import StatusReported
from shared.contracts.terms import ReportedDate, ReportedRating
from shared.domain.state import Fact
from shared.projection.view import View


class StatusRow(Fact):
    """One initiative's status, with where it came from."""

    initiative: str
    office: str
    as_at: date
    rating: ReportedRating | None = None
    start: ReportedDate | None = None
    end: ReportedDate | None = None
    end_baseline: ReportedDate | None = None
    feed: str | None = None
    batch: str | None = None
    row: int | None = None
    reported_by: str
    recorded: datetime


statuses = View("statuses", StatusRow, log="reporting", history=True)


@statuses.on
def status_reported(row: StatusRow | None, event: StatusReported, heard: Heard) -> StatusRow:
    if row is not None and event.as_at < row.as_at:
        return row
    return StatusRow(reported_by=heard.envelope.actor, recorded=heard.envelope.recorded, **dict(event))
