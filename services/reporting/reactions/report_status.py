"""A record of a feed was accepted: what it says of rating and dates is reported as the initiative's delivery status."""

from collections.abc import Iterator

from services.reporting.delivery_status import DeliveryStatus, ReportStatus
from shared.contracts.envelope import Heard
from shared.contracts.reporting.feed import FeedRecordAccepted
from shared.domain.given import Given
from shared.stream.react import Do


def report_status(event: FeedRecordAccepted, heard: Heard, given: Given) -> Iterator[Do]:
    """Every accepted record is a report, also one that states neither rating nor dates: it says that it was reported."""
    yield Do(
        DeliveryStatus,
        event.initiative,
        ReportStatus(
            office=event.office,
            as_at=event.effective,
            rating=event.rating,
            start=event.start,
            end=event.end,
            end_baseline=event.end_baseline,
            feed=event.feed,
            batch=event.batch,
            row=event.row,
        ),
    )
