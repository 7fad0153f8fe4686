"""The UK releases are read as they were published."""

from collections import Counter
from decimal import Decimal

import pytest

from services.reporting.mapping.library import mapping_for
from services.reporting.mapping.mapper import map_file
from services.reporting.mapping.rows import MappedRow
from shared.contracts.terms import Confidence, RatingScale, ReportedState
from tests.services.reporting.releases import EFFECTIVE, release


def read(year: int) -> list[MappedRow]:
    mapped = map_file(release(year), mapping_for("gmpp", EFFECTIVE[year]), EFFECTIVE[year])
    accepted = [row for row in mapped.rows if isinstance(row, MappedRow)]
    assert len(accepted) == len(mapped.rows), "a row was quarantined"
    return accepted


def ratings(rows: list[MappedRow]) -> Counter[str]:
    return Counter(str(row.rating.rating or row.rating.state) if row.rating else "none" for row in rows)


@pytest.mark.parametrize(
    ("year", "count", "offices", "figures", "millions"),
    [(2020, 125, 16, 113, 447_920), (2021, 184, 19, 164, 541_951), (2022, 235, 18, 191, 494_181)],
)
def test_every_row_of_a_release_is_accepted_with_its_cost(year: int, count: int, offices: int, figures: int, millions: int) -> None:
    rows = read(year)
    assert len(rows) == len({row.initiative for row in rows}) == count
    assert len({row.office for row in rows}) == offices
    costs = [row.whole_life_cost.amount for row in rows if row.whole_life_cost and row.whole_life_cost.amount]
    assert {cost.currency for cost in costs} == {"GBP"}
    total = sum((cost.amount for cost in costs), Decimal())
    assert (len(costs), round(total / 1_000_000)) == (figures, millions)


def test_the_ratings_of_2020_are_on_five_points() -> None:
    assert ratings(read(2020)) == {"Red": 11, "Amber/Red": 32, "Amber": 59, "Amber/Green": 18, "Green": 3, "withheld": 2}


def test_the_ratings_of_2021_tell_withheld_from_not_rated() -> None:
    counted = ratings(read(2021))
    assert counted == {"Red": 7, "Amber/Red": 44, "Amber": 84, "Amber/Green": 29, "Green": 12, "withheld": 5, "not_yet_known": 3}


def test_the_ratings_of_2022_keep_their_rater() -> None:
    rows = read(2022)
    assert ratings(rows) == {"Red": 27, "Amber": 170, "Green": 24, "withheld": 11, "not_yet_known": 3}
    given = [row.rating for row in rows if row.rating and row.rating.rating]
    assert Counter(rating.rater for rating in given) == {"IPA": 153, "SRO": 68}
    assert {rating.scale for rating in given} == {RatingScale.THREE}


def test_a_withheld_cost_names_the_section_and_keeps_the_sentence() -> None:
    withheld = [row.whole_life_cost for row in read(2021) if row.whole_life_cost and row.whole_life_cost.state is ReportedState.WITHHELD]
    assert Counter(cost.exemption for cost in withheld) == {"section 43": 14, "section 24": 2, "section 26": 1}
    assert all(cost.raw.startswith("Exempt under") for cost in withheld)


def test_every_cell_without_a_value_is_a_finding_with_its_reason() -> None:
    for row in read(2021):
        cells = (row.rating, row.start, row.end, row.whole_life_cost, row.year_baseline, row.year_forecast)
        without = [cell for cell in cells if cell is None or cell.state is not ReportedState.GIVEN]
        assert len(without) == len(row.findings)
        assert all(finding.column and finding.reason for finding in row.findings)


def test_ids_that_were_respelt_are_those_of_the_later_releases() -> None:
    of_2020, of_2021, of_2022 = ({row.initiative for row in read(year)} for year in (2020, 2021, 2022))
    assert (len(of_2020 & of_2021), len(of_2020 - of_2021), len(of_2021 - of_2020)) == (89, 36, 95)
    assert (len(of_2021 & of_2022), len(of_2021 - of_2022), len(of_2022 - of_2021)) == (159, 25, 76)


def test_a_renamed_department_is_one_office_under_the_name_of_its_time() -> None:
    names = {year: {row.office: row.office_name for row in read(year)} for year in (2020, 2021, 2022)}
    assert names[2020]["FCDO"] == "Foreign and Commonwealth Office"
    assert names[2021]["FCDO"] == "Foreign, Commonwealth and Development Office"
    assert names[2021]["MHCLG"] == "Ministry of Housing, Communities and Local Government"
    assert names[2022]["MHCLG"] == "Department for Levelling Up, Housing and Communities"


def test_one_project_is_read_cell_by_cell() -> None:
    aircraft = next(row for row in read(2021) if row.name == "Maritime Patrol Aircraft")
    assert (aircraft.initiative, aircraft.office, aircraft.office_name) == ("MOD_0106_1617-Q1", "MOD", "Ministry of Defence")
    assert aircraft.category == "Military Capability"
    assert aircraft.row == 2
    assert aircraft.rating and isinstance(aircraft.rating.rating, Confidence) and aircraft.rating.rater == "IPA"
    assert aircraft.start and aircraft.start.day and aircraft.start.raw == aircraft.start.day.isoformat()
