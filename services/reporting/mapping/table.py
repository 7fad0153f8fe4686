"""A mapping table: how the files of one source are to be read. Data, versioned; a published version never changes."""

import re
from datetime import date
from fnmatch import fnmatchcase
from functools import cached_property

from pydantic import Field, model_validator

from services.reporting.mapping.text import plain_key
from shared.contracts.terms import Confidence, RatingScale, ReportedState
from shared.contracts.values import Count, Currency, Frozen, Id, InitiativeId, Name, OfficeId

Headers = tuple[str, ...]
"""Header variants: patterns with * and ? over normalised headers (see `plain_key`)."""

REQUIRED = ("id", "name", "office")
"""The fields for want of which a row is quarantined, and a file without such a column refused."""


class Fields(Frozen):
    """Which headers hold which field. A field without variants is not read."""

    id: Headers
    name: Headers
    office: Headers
    category: Headers = ()
    start: Headers = ()
    end: Headers = ()
    end_baseline: Headers = ()
    whole_life_cost: Headers = ()
    year_baseline: Headers = ()
    year_forecast: Headers = ()


class RatingColumn(Frozen):
    """A column of delivery confidences: who rated, on which scale. Of several columns the first that holds a rating counts."""

    rater: str
    scale: RatingScale
    headers: Headers


class MoneyStyle(Frozen):
    """How amounts are written: the unit of a bare number, currency signs (mis-encoded ones too), and words that state another unit."""

    currency: Currency
    unit: int
    signs: dict[str, Currency]
    units: dict[str, int] = Field(default_factory=dict)


class DateStyle(Frozen):
    """How dates are written (strptime patterns, tried in order). A year of two digits lies in the 100 years from `two_digits_from`."""

    styles: tuple[str, ...]
    two_digits_from: int
    earliest: date
    latest: date


class Statement(Frozen):
    """A sentence in place of a value, by a pattern over the plain text of the cell. `ground` finds what it rests on, for an exemption."""

    state: ReportedState
    pattern: str
    reason: str
    ground: str | None = None

    @cached_property
    def matcher(self) -> re.Pattern[str]:
        return re.compile(self.pattern)


class OfficeName(Frozen):
    """What an office is called from a date on."""

    name: Name
    since: date = date.min


class MappedOffice(Frozen):
    """An office with the codes that files use for it and its names over time, oldest first. A renamed office stays one office."""

    id: OfficeId
    codes: tuple[str, ...]
    names: tuple[OfficeName, ...] = Field(min_length=1)

    def name_on(self, day: date) -> str:
        """Its name on a date; the first one before there was any."""
        return ([named.name for named in self.names if named.since <= day] or [self.names[0].name])[-1]


class Mapping(Frozen):
    """One version of a mapping table, for releases that are effective from `valid_from` on."""

    id: Id
    version: Count
    title: Name
    valid_from: date
    encodings: tuple[str, ...]
    fields: Fields
    ratings: tuple[RatingColumn, ...] = ()
    rating_values: dict[str, Confidence] = Field(default_factory=dict)
    money: MoneyStyle
    dates: DateStyle
    statements: tuple[Statement, ...] = ()
    offices: tuple[MappedOffice, ...] = ()
    aliases: dict[InitiativeId, InitiativeId] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _unambiguous(self) -> "Mapping":
        codes = [plain_key(code) for office in self.offices for code in office.codes]
        if doubled := {code for code in codes if codes.count(code) > 1}:
            raise ValueError(f"{self.id} v{self.version}: more than one office has the code {', '.join(sorted(doubled))}")
        return self

    @cached_property
    def by_code(self) -> dict[str, MappedOffice]:
        """Offices by their codes, as `plain_key` spells them."""
        return {plain_key(code): office for office in self.offices for code in office.codes}


def fits(header: str, variants: Headers) -> bool:
    """Whether a header is one of the variants."""
    plain = plain_key(header)
    return any(fnmatchcase(plain, variant) for variant in variants)
