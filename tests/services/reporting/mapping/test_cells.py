"""Readers of cells never raise, and keep the cell beside what they read in it."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting.mapping.cells import MAX_CELL, RAW, read_date, read_money, read_rating
from services.reporting.mapping.library import mapping_for
from services.reporting.mapping.text import identifier, one_line, plain_key
from shared.contracts.terms import ReportedState

GMPP = mapping_for("gmpp", date(2021, 3, 31))
FIVE, THREE = GMPP.ratings[0], GMPP.ratings[1]
CELLS = (
    st.text(max_size=80)
    | st.from_regex(r"[£Ł(-]{0,3}[0-9,.]{0,20}(m|bn|%)?\)?")
    | st.from_regex(r"[0-9]{1,4}[-./][0-9]{1,2}[-./][0-9]{1,4}")
)


@pytest.mark.parametrize(
    ("cell", "amount"),
    [
        ("£2,782.00", "2782000000"),
        ("Ł375.90", "375900000"),
        ("Ł2,607", "2607000000"),
        ("£0.00", "0"),
        ("-£3.25", "-3250000"),
        ("£-3.25", "-3250000"),
        ("(£3.25)", "-3250000"),
        (" 12 ", "12000000"),
        ("£1.5bn", "1500000000"),
        ("£0.000001", "1"),
        ("\xa3\xa075.90", "75900000"),
    ],
)
def test_an_amount_is_read_in_pounds(cell: str, amount: str) -> None:
    money, wrong = read_money(GMPP, cell)
    assert wrong is None and money.amount is not None
    assert str(money.amount.amount) == amount and money.amount.currency == "GBP" and money.raw == cell


@pytest.mark.parametrize(
    "cell", ["tbc", "£1.2.3", "£1,2345", "12%", "€5", "1e9", "NaN", "Infinity", "£", "--5", "٣", "9" * 40, "x" * (MAX_CELL + 1)]
)
def test_what_is_no_amount_is_unreadable_and_kept(cell: str) -> None:
    money, wrong = read_money(GMPP, cell)
    assert money.state is ReportedState.UNREADABLE and money.amount is None and wrong
    assert money.raw == cell if len(cell) <= RAW else money.raw.startswith(cell[:100])


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("2015-11-25", date(2015, 11, 25)),
        ("03.04.12", date(2012, 4, 3)),
        ("31.03.98", date(1998, 3, 31)),
        ("31.12.70", date(2070, 12, 31)),
        ("29.02.00", date(2000, 2, 29)),
        ("25/11/2015", date(2015, 11, 25)),
    ],
)
def test_a_date_is_read_in_each_of_the_styles(cell: str, day: date) -> None:
    reported, wrong = read_date(GMPP, cell)
    assert (reported.day, reported.raw, wrong) == (day, cell, None)


@pytest.mark.parametrize("cell", ["30.02.21", "2021-13-01", "1021-01-01", "Q4 2021", "44286"])
def test_what_is_no_date_is_unreadable_and_kept(cell: str) -> None:
    reported, wrong = read_date(GMPP, cell)
    assert (reported.state, reported.day, reported.raw) == (ReportedState.UNREADABLE, None, cell) and wrong


@pytest.mark.parametrize(
    ("cell", "state", "exemption"),
    [
        ("Exempt under Section 43 of the Freedom of Information Act 2000 (Commercial Interests)", "withheld", "section 43"),
        ("Exempt under Section 24,26 and 27 of the Freedom of Information Act 2000", "withheld", "section 24, 26, 27"),
        ("Exempt", "withheld", "Exempt"),
        ("Early planning GMPP project \r\r\n\r\n(The project has not yet passed SOC)", "not_yet_known", None),
        ("The project is not in a position to provide this information.", "not_yet_known", None),
        ("Data Not Provided", "not_yet_known", None),
        ("see above", "unreadable", None),
    ],
)
def test_a_sentence_in_place_of_a_value_is_told_apart(cell: str, state: str, exemption: str | None) -> None:
    for reported, wrong in (read_money(GMPP, cell), read_date(GMPP, cell), read_rating(GMPP, FIVE, cell)):
        assert (reported.state, reported.exemption, reported.raw) == (state, exemption, cell) and wrong


def test_a_rating_is_read_on_the_scale_of_its_column() -> None:
    assert read_rating(GMPP, FIVE, "Amber/red")[0].rating == "Amber/Red"
    assert read_rating(GMPP, THREE, " amber ")[0].rating == "Amber"
    reported, wrong = read_rating(GMPP, THREE, "Amber/Red")
    assert reported.state is ReportedState.UNREADABLE and wrong == "is not a rating on the three-point scale"


@given(CELLS)
def test_no_cell_makes_a_reader_raise_and_each_is_kept(cell: str) -> None:
    for reported, wrong in (read_money(GMPP, cell), read_date(GMPP, cell), read_rating(GMPP, FIVE, cell)):
        assert reported.raw == cell
        assert (reported.state is ReportedState.GIVEN) == (wrong is None)


@given(st.decimals(min_value=-(10**7), max_value=10**7, places=2))
def test_every_amount_that_a_file_can_state_is_read_exactly(millions: Decimal) -> None:
    money, _ = read_money(GMPP, f"£{millions:,f}")
    assert money.amount is not None and money.amount.amount == millions * 1_000_000


@given(st.text(max_size=200))
def test_what_becomes_of_a_text_is_stable(text: str) -> None:
    assert one_line(one_line(text)) == one_line(text)
    assert plain_key(plain_key(text)) == plain_key(text)
    assert identifier(identifier(text)) == identifier(text)
