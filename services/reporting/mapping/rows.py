"""What the mapper makes of a row: a record to accept, or cells to quarantine."""

from shared.contracts.reporting.feed import Finding
from shared.contracts.terms import ReportedDate, ReportedMoney, ReportedRating
from shared.contracts.values import Count, Frozen, InitiativeId, Name, OfficeId, Sha256


class MappedRow(Frozen):
    """One row, mapped; `row` as a spreadsheet counts it."""

    row: Count
    row_sha256: Sha256
    initiative: InitiativeId
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


class UnmappedRow(Frozen):
    """One row that lacks an id, a name or an office; its cells by their headers."""

    row: Count
    row_sha256: Sha256
    reason: Name
    way_out: Name
    cells: dict[str, str]
