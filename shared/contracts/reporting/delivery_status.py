"""Delivery status: what was declared of an initiative, by whom, as at which date."""

from datetime import date

from shared.contracts.event import Event
from shared.contracts.terms import ReportedDate, ReportedRating
from shared.contracts.values import Count, Id, InitiativeId, OfficeId


class StatusReported(Event):
    """A status as declared: the rating with its scale and rater, and the dates as they stood."""

    initiative: InitiativeId
    office: OfficeId
    as_at: date
    rating: ReportedRating | None = None
    start: ReportedDate | None = None
    end: ReportedDate | None = None
    end_baseline: ReportedDate | None = None
    feed: Id | None = None
    batch: Id | None = None
    row: Count | None = None
