"""The mapper on files that are not as they should be: what can be read is, what cannot is named."""

import random
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.reporting.mapping import sheet
from services.reporting.mapping.library import mapping_for, tables
from services.reporting.mapping.mapper import Mapped, map_file
from services.reporting.mapping.rows import MappedRow, UnmappedRow
from shared.contracts.reporting.feed import FeedRecordAccepted, FeedRecordQuarantined
from shared.domain.refused import Refused
from tests.services.reporting.releases import HEADERS, published, written

DAY = date(2021, 3, 31)
GMPP = mapping_for("gmpp", DAY)


def mapped(raw: bytes) -> Mapped:
    return map_file(raw, GMPP, DAY)


def one(raw: bytes) -> MappedRow:
    (row,) = mapped(raw).rows
    assert isinstance(row, MappedRow)
    return row


def refusal(raw: bytes) -> Refused:
    with pytest.raises(Refused) as caught:
        mapped(raw)
    assert caught.value.way_out
    return caught.value


def test_a_bad_cell_is_a_finding_and_never_costs_the_row() -> None:
    row = one(written("X_1,Name,MOD,Purple,someday,lots"))
    assert [(found.column, found.raw) for found in row.findings] == [
        ("Project - Start Date", "someday"),
        ("TOTAL Baseline Whole Life Costs (Łm)", "lots"),
        ("IPA Delivery Confidence Assessment", "Purple"),
    ]


@pytest.mark.parametrize(
    ("cells", "wanting", "header"),
    [(",Name,MOD", "no id", "GMPP ID Number"), ("X_1, ,MOD", "no name", "project_name"), ("X_1,Name,", "no office", "Department")],
)
def test_a_row_is_quarantined_for_want_of_an_id_a_name_or_an_office(cells: str, wanting: str, header: str) -> None:
    (row,) = mapped(written(f"{cells},Red,2021-01-01,£5")).rows
    assert isinstance(row, UnmappedRow)
    assert wanting in row.reason and header in row.way_out
    assert row.cells["4 IPA Delivery Confidence Assessment"] == "Red"


def test_an_office_that_the_mapping_does_not_name_is_taken_as_written() -> None:
    row = one(written("X_1,Name,Dept of Wonders,Red,2021-01-01,£5"))
    assert (row.office, row.office_name) == ("Dept-of-Wonders", "Dept of Wonders")
    assert "is no office that mapping gmpp v1 names" in row.findings[0].reason


def test_an_id_with_other_characters_is_made_an_identifier_and_noted() -> None:
    row = one(written("MOD 0106/17,Name,MOD,Red,2021-01-01,£5"))
    assert row.initiative == "MOD-0106-17" and row.findings[0].raw == "MOD 0106/17"


def test_an_id_that_stands_twice_is_noted_with_both_rows() -> None:
    first, second = mapped(written("X_1,Name,MOD,Red,2021-01-01,£5", "X_1,Name,MOD,Amber,2021-01-01,£6")).rows
    assert isinstance(first, MappedRow) and not first.findings
    assert isinstance(second, MappedRow) and second.findings[0].reason == "row 2 has this id as well; the later row counts"
    assert second.findings[0].column == "GMPP ID Number"


def test_blank_rows_are_no_rows_and_short_rows_have_blank_cells() -> None:
    rows = mapped(written("", ",,,,,", "X_1,Name,MOD", "", "X_2,Name,MOD,Red,2021-01-01,£5,beyond")).rows
    assert [row.row for row in rows] == [4, 6]
    assert isinstance(rows[0], MappedRow) and len(rows[0].findings) == 3
    assert isinstance(rows[1], MappedRow) and rows[1].findings[0].raw == "beyond"


def test_headers_are_found_in_any_order_case_and_line_break() -> None:
    shuffled = ("DEPARTMENT", '"Project\nName"', "start_date", '"gmpp  id\r\nnumber"')
    row = one(written("MoD,Name,03.04.12,X_1", headers=shuffled))
    assert (row.initiative, row.office, row.start and row.start.day) == ("X_1", "MOD", date(2012, 4, 3))


def test_a_file_without_a_needed_column_is_refused_naming_it() -> None:
    said = refusal(written("Name,MOD", headers=("project_name", "Department")))
    assert said.rule == "headers" and said.field == "id"
    assert "no column for id" in said.because and "'gmpp id number'" in said.because


def test_a_file_with_two_columns_for_one_field_is_refused_naming_both() -> None:
    said = refusal(written("X_1,Name,Other,MOD", headers=("GMPP ID Number", "project_name", "Project Name", "Department")))
    assert "columns 2 ('project_name') and 3 ('Project Name') both hold the field name" in said.because


def test_the_new_york_file_is_refused_because_its_headers_match_no_mapping() -> None:
    said = refusal(published("nyc_capital/capital_projects_2013_2019.csv"))
    assert said.rule == "headers" and "the headers match no mapping" in said.because
    assert "id, office" in said.because and "'Managing Agency'" in said.because
    assert "add a version with its headers" in (said.way_out or "")


@pytest.mark.parametrize(
    ("raw", "saying"),
    [
        (written('X_1,"Name "quoted" here",MOD'), "row 2"),
        (written('X_1,"Name,MOD,Red', "X_2,Name,MOD"), "is not CSV"),
        (b"", "no row with headers"),
        (written(), "no rows"),
        (b"a,b\0c\n", "NUL"),
        ("a,b\n".encode("utf-16"), "UTF-16"),
        (b"PK\x03\x04....", "ZIP archive"),
        (written("X_1," + "x" * 140_000 + ",MOD"), "field larger than field limit"),
        (written(",".join(["x"] * 600)), "600 columns"),
    ],
)
def test_a_file_that_cannot_be_read_for_certain_is_refused_naming_the_place(raw: bytes, saying: str) -> None:
    said = refusal(raw)
    assert said.rule == "file" and saying in said.because


def test_a_file_beyond_the_bounds_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheet, "MAX_ROWS", 1)
    assert "more than 1 rows" in refusal(written("X_1,Name,MOD", "X_2,Name,MOD")).because
    monkeypatch.setattr(sheet, "MAX_BYTES", 10)
    assert "more than 10" in refusal(written("X_1,Name,MOD")).because


def test_the_longest_cells_fit_into_the_record() -> None:
    long = "ü" * 8_000
    accepted = one(written(",".join(["X_1", "Name", "MOD", long, long, long])))
    FeedRecordAccepted(feed="f", batch="b", mapping="gmpp", mapping_version=1, effective=DAY, **dict(accepted)).written()
    (row,) = mapped(written(",".join(["", *[long] * 5, *[""] * 490, long]))).rows
    data, _ = FeedRecordQuarantined(feed="f", batch="b", **dict(row)).written()
    assert len(str(data).encode()) < 60_000


def test_the_same_file_is_read_the_same_way_each_time() -> None:
    raw = written("X_1,Name,MOD,Red,2021-01-01,£5", ",,MOD")
    assert mapped(raw) == mapped(raw)


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=60)
@given(st.randoms(use_true_random=False), st.lists(st.text(max_size=12), min_size=6, max_size=6))
def test_whatever_the_cells_hold_no_row_is_lost(chance: random.Random, cells: list[str]) -> None:
    quoted = ['"' + cell.replace('"', '""').replace("\0", "") + '"' for cell in cells]
    chance.shuffle(quoted)
    rows = mapped(",".join(HEADERS).encode() + b"\n" + ",".join([*quoted, "x"]).encode("utf-8", "replace") + b"\n").rows
    assert len(rows) == 1


def test_every_mapping_table_of_this_release_can_be_read() -> None:
    assert ("gmpp", 1) in {(table.id, table.version) for table in tables()}
    with pytest.raises(Refused, match="there is no mapping table nyc"):
        mapping_for("nyc", DAY)
    with pytest.raises(Refused, match="holds for releases from 2013-01-01 on"):
        mapping_for("gmpp", date(2001, 1, 1))
