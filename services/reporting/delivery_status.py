"""Delivery status: what is declared of an initiative, by whom, as at which date. Declared, never computed, never approved."""

from datetime import UTC, date, datetime, time
from enum import StrEnum

from shared.contracts.reporting.delivery_status import StatusReported
from shared.contracts.terms import ReportedDate, ReportedRating
from shared.contracts.values import Count, Id, OfficeId
from shared.domain.decider import Events, decides, evolves
from shared.domain.given import Given
from shared.domain.refused import require
from shared.domain.state import Command, State


class Declared(StrEnum):
    """A status is open to reports for as long as it exists."""

    OPEN = "open"


class DeliveryStatus(State, plural="delivery-statuses"):
    """The status of one initiative as last declared. Stream: delivery-status/<initiative>; it begins with the first report."""

    status: Declared | None = Declared.OPEN
    initiative: Id | None = None
    office: OfficeId | None = None
    as_at: date | None = None
    rating: ReportedRating | None = None
    start: ReportedDate | None = None
    end: ReportedDate | None = None
    end_baseline: ReportedDate | None = None

    def about(self) -> str | None:
        return self.initiative

    def office_in_charge(self) -> str | None:
        return self.office


class ReportStatus(Command, role=("service", "sponsor", "portfolio-office")):
    """Declare the status as at a date. What came by a feed names its batch and row."""

    office: OfficeId
    as_at: date
    rating: ReportedRating | None = None
    start: ReportedDate | None = None
    end: ReportedDate | None = None
    end_baseline: ReportedDate | None = None
    feed: Id | None = None
    batch: Id | None = None
    row: Count | None = None


@decides
def report_status(status: DeliveryStatus, command: ReportStatus, given: Given) -> Events:
    require(
        command.as_at <= given.now.date(),
        rule="as-at",
        because=f"{command.as_at} lies in the future: a status says how things stood",
        field="as_at",
        way_out="give today's date or an earlier one",
    )
    # It happened when the source says it stood so; when we came to know is the recorded time.
    stood = datetime.combine(command.as_at, time(), UTC)
    yield StatusReported(initiative=given.subject, **dict(command)).note(occurred=stood)


@evolves
def status_reported(status: DeliveryStatus, event: StatusReported) -> DeliveryStatus:
    if status.as_at is not None and event.as_at < status.as_at:
        return status
    return status.replace(**{name: getattr(event, name) for name in _KEPT})


_KEPT = ("initiative", "office", "as_at", "rating", "start", "end", "end_baseline")
