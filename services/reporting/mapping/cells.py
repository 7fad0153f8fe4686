"""Readers of cells: what a source states of an amount, a date or a rating. They never raise; the cell stays beside its reading."""

import re
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from services.reporting.mapping.table import DateStyle, Mapping, MoneyStyle, RatingColumn
from services.reporting.mapping.text import MARKS, one_line, plain_key, shortened
from shared.contracts.terms import Confidence, RatingScale, ReportedDate, ReportedMoney, ReportedRating, ReportedState
from shared.contracts.values import Money

MAX_CELL = 8_000
RAW = 600
"""Characters of a cell that go into the record; longer ones are shortened there and whole in the kept file."""

_NUMBER = re.compile(r"(?:\d{1,3}(?:,\d{3})+|\d{1,14})(?:\.\d{1,6})?", re.ASCII)
_LARGEST = Decimal(10) ** 14
_THREE_POINTS = frozenset({Confidence.RED, Confidence.AMBER, Confidence.GREEN})


class Said(NamedTuple):
    """What a cell says in place of a value: the state, on which ground, and in words why there is no value."""

    state: ReportedState
    exemption: str | None
    reason: str


def statement(mapping: Mapping, cell: str) -> Said | None:
    """What a sentence in place of a value says; None if the mapping knows no such sentence."""
    plain = plain_key(cell[:MAX_CELL])
    for known in mapping.statements:
        if known.matcher.search(plain):
            found = re.findall(known.ground, plain) if known.ground else []
            ground = f"section {', '.join(dict.fromkeys(found))}" if found else None
            exemption = (ground or shortened(one_line(cell), 200)) if known.state is ReportedState.WITHHELD else None
            return Said(known.state, exemption, f"{known.reason}, {ground}" if ground else known.reason)
    return None


def _unread(mapping: Mapping, cell: str, unreadable: str) -> Said:
    if len(cell) > MAX_CELL:
        return Said(ReportedState.UNREADABLE, None, f"has {len(cell):,} characters, more than {MAX_CELL:,}")
    return statement(mapping, cell) or Said(ReportedState.UNREADABLE, None, unreadable)


def read_money(mapping: Mapping, cell: str) -> tuple[ReportedMoney, str | None]:
    """An amount in major units, and why there is none."""
    raw = shortened(cell, RAW)
    amount = _amount(mapping.money, cell) if len(cell) <= MAX_CELL else None
    if amount is not None:
        return ReportedMoney(state=ReportedState.GIVEN, amount=amount, raw=raw), None
    said = _unread(mapping, cell, f"is not an amount such as {next(iter(mapping.money.signs), '')}2,782.00")
    return ReportedMoney(state=said.state, raw=raw, exemption=said.exemption), said.reason


def _amount(style: MoneyStyle, cell: str) -> Money | None:
    text = one_line(cell).translate(MARKS)
    negative = text.startswith("(") and text.endswith(")")
    text = text[1:-1].strip() if negative else text
    currency, unit = style.currency, style.unit
    for _ in range(2):  # the minus may stand before the sign of the currency or after it
        if text.startswith("-") and not negative:
            negative, text = True, text[1:].lstrip()
        for sign, code in style.signs.items():
            if text.startswith(sign):
                currency, text = code, text[len(sign) :].lstrip()
                break
    for word, factor in style.units.items():
        if text.casefold().endswith(word) and _NUMBER.fullmatch(text[: -len(word)].rstrip()):
            unit, text = factor, text[: -len(word)].rstrip()
            break
    if not _NUMBER.fullmatch(text):
        return None
    try:
        amount = Decimal(text.replace(",", "")) * unit
    except InvalidOperation:
        return None
    if amount >= _LARGEST:
        return None
    # Exact: a whole number of pounds is written without the zeros of the file's unit.
    amount = amount.quantize(Decimal(1)) if amount == amount.to_integral_value() else amount.normalize()
    return Money(amount=-amount if negative else amount, currency=currency)


def read_date(mapping: Mapping, cell: str) -> tuple[ReportedDate, str | None]:
    """A day, and why there is none."""
    raw = shortened(cell, RAW)
    day = _day(mapping.dates, one_line(cell)) if len(cell) <= MAX_CELL else None
    if day is not None:
        return ReportedDate(state=ReportedState.GIVEN, day=day, raw=raw), None
    said = _unread(mapping, cell, f"is not a date in one of the styles {', '.join(mapping.dates.styles)}")
    return ReportedDate(state=said.state, raw=raw, exemption=said.exemption), said.reason


def _day(style: DateStyle, text: str) -> date | None:
    for pattern in style.styles:
        try:
            day = datetime.strptime(text, pattern).date()
            if "%y" in pattern:
                century = style.two_digits_from - style.two_digits_from % 100
                year = century + day.year % 100
                day = day.replace(year=year if year >= style.two_digits_from else year + 100)
        except ValueError:
            continue
        if style.earliest <= day <= style.latest:
            return day
    return None


def read_rating(mapping: Mapping, column: RatingColumn, cell: str) -> tuple[ReportedRating, str | None]:
    """A delivery confidence with its scale and rater, and why there is none."""
    raw = shortened(cell, RAW)
    rating = mapping.rating_values.get(plain_key(cell).replace(" / ", "/")) if len(cell) <= MAX_CELL else None
    if rating is not None and (column.scale is RatingScale.FIVE or rating in _THREE_POINTS):
        return ReportedRating(state=ReportedState.GIVEN, rating=rating, scale=column.scale, rater=column.rater, raw=raw), None
    said = _unread(mapping, cell, f"is not a rating on the {column.scale}-point scale")
    reported = ReportedRating(state=said.state, scale=column.scale, rater=column.rater, raw=raw, exemption=said.exemption)
    return reported, said.reason
