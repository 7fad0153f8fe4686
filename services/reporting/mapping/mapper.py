"""The mapper: a file's bytes, a mapping and an effective date in, rows out. Pure: the same input gives the same rows, for ever."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.reporting.mapping.cells import RAW, read_date, read_money, read_rating
from services.reporting.mapping.columns import Columns, columns_of
from services.reporting.mapping.rows import MappedRow, UnmappedRow
from services.reporting.mapping.sheet import Row, Sheet, read_sheet
from services.reporting.mapping.table import REQUIRED, Mapping
from services.reporting.mapping.text import identifier, one_line, plain_key, shortened
from shared.contracts.reporting.feed import Finding
from shared.contracts.terms import ReportedRating, ReportedState

_READERS: dict[str, Callable[[Mapping, str], tuple[Any, str | None]]] = {
    "start": read_date,
    "end": read_date,
    "end_baseline": read_date,
    "whole_life_cost": read_money,
    "year_baseline": read_money,
    "year_forecast": read_money,
}
_NAME = 300
_QUARANTINED = 24_000
"""Bytes of cells that a quarantined row takes along at most; an event holds 65,535."""


@dataclass(frozen=True, slots=True)
class Mapped:
    """A file's rows as the mapping reads them, and the headers that it does not read."""

    rows: tuple[MappedRow | UnmappedRow, ...]
    unread: tuple[str, ...]
    encoding: str


def map_file(raw: bytes, mapping: Mapping, effective: date) -> Mapped:
    """Map a file. Raises Refused for a file that as a whole cannot be read; a row or a cell never stops it."""
    sheet = read_sheet(raw, mapping.encodings)
    columns = columns_of(mapping, sheet.headers)
    return Mapped(tuple(_rows(sheet, columns, mapping, effective)), columns.unread, sheet.encoding)


def _rows(sheet: Sheet, columns: Columns, mapping: Mapping, effective: date) -> Iterator[MappedRow | UnmappedRow]:
    seen: dict[str, int] = {}
    id_header = columns.headers[columns.places["id"]]
    for row in sheet.rows:
        mapped = _Reading(row, columns, mapping, effective).mapped()
        if isinstance(mapped, MappedRow) and (first := seen.setdefault(mapped.initiative, mapped.row)) != mapped.row:
            twice = _finding(id_header, mapped.initiative, f"row {first} has this id as well; the later row counts")
            mapped = mapped.replace(findings=(*mapped.findings, twice))
        yield mapped


class _Reading:
    """One row under the reader's eye."""

    def __init__(self, row: Row, columns: Columns, mapping: Mapping, effective: date) -> None:
        self.row, self.columns, self.mapping, self.effective = row, columns, mapping, effective
        self.findings: list[Finding] = []

    def mapped(self) -> MappedRow | UnmappedRow:
        initiative, name, office = self._id(), self._name("name"), self._office()
        wanting = [field for field, value in zip(REQUIRED, (initiative, name, office), strict=True) if not value]
        if wanting or not (initiative and name and office):
            return self._unmapped(wanting)
        values = {field: self._value(field, reader) for field, reader in _READERS.items() if field in self.columns.places}
        rating = self._rating()
        self._ragged()
        return MappedRow(
            row=self.row.number,
            row_sha256=self.row.sha256,
            initiative=initiative,
            name=name,
            office=office[0],
            office_name=office[1],
            category=self._name("category") if "category" in self.columns.places else None,
            rating=rating,
            findings=tuple(self.findings),
            **values,
        )

    def _cell(self, place: int) -> str:
        return self.row.cells[place] if place < len(self.row.cells) else ""

    def _field(self, field: str) -> str:
        return self._cell(self.columns.places[field])

    def _note(self, place: int, raw: str, reason: str) -> None:
        self.findings.append(_finding(self.columns.headers[place], raw, reason))

    def _id(self) -> str | None:
        raw = self._field("id")
        spelt = one_line(raw)
        identity = self.mapping.aliases.get(spelt) or identifier(spelt)
        if identity and identity != spelt:
            known = "is an earlier spelling of" if spelt in self.mapping.aliases else "is not an identifier; written as"
            self._note(self.columns.places["id"], raw, f"{known} {identity}")
        return identity or None

    def _name(self, field: str) -> str | None:
        spelt = one_line(self._field(field))
        if len(spelt) > _NAME:
            self._note(self.columns.places[field], spelt, f"has {len(spelt):,} characters; cut at {_NAME}")
        return spelt[:_NAME].rstrip() or None

    def _office(self) -> tuple[str, str] | None:
        raw = self._field("office")
        if known := self.mapping.by_code.get(plain_key(raw)):
            return known.id, known.name_on(self.effective)
        spelt = one_line(raw)[:_NAME].rstrip()
        if not (identity := identifier(spelt)):
            return None
        table = f"{self.mapping.id} v{self.mapping.version}"
        self._note(self.columns.places["office"], raw, f"is no office that mapping {table} names; taken as written")
        return identity, spelt

    def _value(self, field: str, reader: Callable[[Mapping, str], tuple[Any, str | None]]) -> Any:
        place = self.columns.places[field]
        raw = self._cell(place)
        if not one_line(raw):
            self._note(place, raw, "is blank: the source states nothing")
            return None
        value, wrong = reader(self.mapping, raw)
        if wrong:
            self._note(place, raw, wrong)
        return value

    def _rating(self) -> ReportedRating | None:
        stated = [(place, column) for place, column in self.columns.ratings if one_line(self._cell(place))]
        read = [(place, *read_rating(self.mapping, column, self._cell(place))) for place, column in stated]
        # A column without a rating is a finding only where no other column has one: the raters take turns.
        for _, rating, _ in read:
            if rating.state is ReportedState.GIVEN:
                return rating
        for raw, place, wrong in {self._cell(place): (self._cell(place), place, wrong) for place, _, wrong in reversed(read)}.values():
            self._note(place, raw, wrong or "")
        if self.columns.ratings and not read:
            self._note(self.columns.ratings[0][0], "", "is blank: the source states no rating")
        return read[0][1] if read else None

    def _ragged(self) -> None:
        beyond = [cell for cell in self.row.cells[len(self.columns.headers) :] if cell.strip()]
        if beyond:
            self.findings.append(_finding("(beyond the last header)", " | ".join(beyond), "has no header and was not read"))

    def _unmapped(self, wanting: list[str]) -> UnmappedRow:
        headers = [self.columns.headers[self.columns.places[field]] for field in wanting]
        share = _QUARANTINED // (4 * max(1, len(self.row.cells)))
        return UnmappedRow(
            row=self.row.number,
            row_sha256=self.row.sha256,
            reason=f"row {self.row.number} has no {' and no '.join(wanting)}"[:_NAME],
            way_out=f"fill in {' and '.join(repr(header) for header in headers)} in the source and send the release again"[:_NAME],
            cells={self._key(place): _bounded(cell, share) for place, cell in enumerate(self.row.cells)},
        )

    def _key(self, place: int) -> str:
        # Member names in the record are ASCII, and headers may repeat.
        header = self.columns.headers[place] if place < len(self.columns.headers) else ""
        ascii_only = header.encode("ascii", "ignore").decode()
        return f"{place + 1} {ascii_only}"[:60].rstrip()


def _bounded(cell: str, limit: int) -> str:
    clean = cell.encode("utf-8", "replace").decode()
    return clean if len(clean) <= limit else clean[:limit] + "…"


def _finding(header: str, raw: str, reason: str) -> Finding:
    return Finding(column=header, raw=shortened(raw, RAW), reason=reason)
