"""A feed's events: what a source sent, row by row, what was accepted and what could not be."""

from datetime import date

from shared.contracts.event import Event
from shared.contracts.terms import ReportedDate, ReportedMoney, ReportedRating
from shared.contracts.values import Count, Frozen, Id, InitiativeId, Name, OfficeId, PersonId, Sha256


class FeedRegistered(Event):
    """A source with an owner."""

    feed: Id
    office: OfficeId
    name: Name
    owner: PersonId
    mapping: Id


class BatchReceived(Event):
    """A file arrived; its bytes are kept by their hash."""

    feed: Id
    batch: Id
    sha256: Sha256
    size: Count
    file: Name
    rows: Count
    mapping: Id
    mapping_version: Count
    effective: date


class Finding(Frozen):
    """A cell that could not be read as it should: kept raw, with the reason."""

    column: str
    raw: str
    reason: str


class FeedRecordAccepted(Event):
    """One row, mapped. It leads back to feed, batch, row and mapping version."""

    initiative: InitiativeId
    feed: Id
    batch: Id
    row: Count
    row_sha256: Sha256
    mapping: Id
    mapping_version: Count
    effective: date
    name: Name
    office: OfficeId
    office_name: Name
    category: str | None = None
    rating: ReportedRating | None = None
    start: ReportedDate | None = None
    end: ReportedDate | None = None
    end_baseline: ReportedDate | None = None
    whole_life_cost: ReportedMoney | None = None
    year_baseline: ReportedMoney | None = None
    year_forecast: ReportedMoney | None = None
    findings: tuple[Finding, ...] = ()


class FeedRecordQuarantined(Event):
    """One row that lacks an id, a name or an office; its cells are kept as they were."""

    feed: Id
    batch: Id
    row: Count
    row_sha256: Sha256
    reason: str
    way_out: str
    cells: dict[str, str]


class BatchCompleted(Event):
    """Every row of the batch is on record."""

    feed: Id
    batch: Id
    accepted: Count
    quarantined: Count
    findings: Count
    offices: tuple[OfficeId, ...]
