"""Accepted records with their findings: each value of the portfolio leads back to file, row, column and mapping version."""

from datetime import date, datetime

from shared.contracts.envelope import Heard
from shared.contracts.reporting.feed import FeedRecordAccepted, Finding
from shared.domain.state import Fact
from shared.projection.view import View


class FeedRecordRow(Fact):
    """One accepted row of one file. `costed` says whether it states anything of the whole-life cost."""

    initiative: str
    feed: str
    batch: str
    row: int
    row_sha256: str
    mapping: str
    mapping_version: int
    effective: date
    name: str
    office: str
    costed: bool
    findings: tuple[Finding, ...]
    found: int
    accepted: datetime


feed_records = View("feed_records", FeedRecordRow, log="reporting")

_KEPT = "initiative feed batch row row_sha256 mapping mapping_version effective name office findings".split()


def record_key(batch: str, row: int) -> str:
    """The key of a record: batch and row, in the order of the file."""
    return f"{batch}/{row:06d}"


@feed_records.on(key=lambda event, heard: record_key(event.batch, event.row))
def record_accepted(row: FeedRecordRow | None, event: FeedRecordAccepted, heard: Heard) -> FeedRecordRow:
    return FeedRecordRow(
        costed=event.whole_life_cost is not None,
        found=len(event.findings),
        accepted=heard.envelope.recorded,
        **{name: getattr(event, name) for name in _KEPT},
    )
