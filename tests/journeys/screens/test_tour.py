"""The tour of the README by screen: a release that was imported, on the portfolio, down to one initiative; what waits; who did what."""

import csv
from pathlib import Path

import pytest

from tests.journeys.instance import Instance
from tests.journeys.screens.conftest import Visit
from tests.journeys.screens.visitor import Visitor
from tests.services.reporting.releases import release

pytestmark = pytest.mark.browser
NAME = "Prisoner Escort and Custody Services (PECS) Generation 4 Programme"


@pytest.fixture(scope="module", autouse=True)
def published(instance: Instance, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The major-projects release of 2021, which is on record."""
    file = tmp_path_factory.mktemp("release") / "gmpp_2021.csv"
    file.write_bytes(release(2021))
    instance.cli("import", str(file), "--mapping", "gmpp", "--effective", "2021-03-31")
    return file


async def on_the_books(reader: Visitor) -> int:
    """The number of initiatives on the tile of the portfolio."""
    return int((await reader.page.locator(".mb-big").first.inner_text()).replace(",", ""))


def rows_of(file: Path) -> list[dict[str, str]]:
    """The rows of a CSV file by its headers."""
    return list(csv.DictReader(file.read_text().splitlines()))


async def test_the_portfolio_leads_from_its_totals_to_an_initiative_and_to_the_row_it_came_from(visit: Visit) -> None:
    reader = await visit("p-roy")
    await reader.go("/")
    await reader.heading("Portfolio")
    assert await on_the_books(reader) >= 184
    await reader.sees("£542 bn", "Delivery confidence by office")
    await reader.fill(Find="prisoner escort")
    await reader.press("Show")
    await reader.sees("1 of them chosen")
    await reader.follow(NAME)
    await reader.heading(NAME)
    await reader.sees("Ministry of Justice", "GBP 1,636,980,000", "gmpp_2021.csv, row 118", "Status reported", "Project registered")


async def test_a_figure_of_the_heat_map_leads_to_the_initiatives_that_it_counts(visit: Visit) -> None:
    reader = await visit("p-roy")
    await reader.go("/reporting/portfolio")
    row = reader.page.locator(".mb-heat tbody tr", has=reader.page.get_by_role("rowheader", name="MOD", exact=True))
    figure = row.get_by_role("link").nth(2)
    counted = await figure.inner_text()
    await figure.click()
    await reader.page.wait_for_url("**office=MOD**")
    await reader.sees(f"{counted} of them chosen: office MOD, rating Amber")


async def test_the_portfolio_leaves_as_a_file_with_every_row(visit: Visit) -> None:
    reader = await visit("p-roy")
    await reader.go("/reporting/portfolio")
    async with reader.page.expect_download() as started:
        await reader.follow("Export CSV")
    rows = rows_of(Path(await (await started.value).path()))
    assert len(rows) >= 184 and NAME in {row["name"] for row in rows}


async def test_a_row_without_a_name_waits_with_its_reason_and_the_way_out(visit: Visit, instance: Instance, published: Path) -> None:
    with published.open(encoding="utf-8-sig", newline="") as source:
        head, first, second = (next(reader) for reader in [csv.reader(source)] * 3)
    file = published.with_name("two_rows.csv")
    with file.open("w", encoding="utf-8", newline="") as target:
        csv.writer(target).writerows([head, first, [second[0], "", *second[2:]]])
    instance.cli("import", str(file), "--mapping", "gmpp", "--effective", "2021-06-30")
    owner = await visit("p-okafor")
    await owner.go("/reporting/quarantine")
    await owner.follow("two_rows.csv")
    await owner.sees("row 3 has no name", "fill in 'project_name'", "of this file")
    await owner.page.locator("summary").first.click()
    await owner.sees(second[head.index("Department")])


async def test_the_audit_list_is_narrowed_to_a_kind_of_event_and_leads_to_the_record(visit: Visit) -> None:
    auditor = await visit("p-ferreira")
    await auditor.go("/reporting/audit")
    await auditor.page.get_by_label("Event", exact=True).select_option(label="Project registered")
    await auditor.press("Show")
    await auditor.sees("Project registered", "Intake service")
    assert "Budget restated" not in await auditor.page.locator("tbody").inner_text()
    await auditor.follow("Next page")
    await auditor.follow("First page")
    await auditor.page.locator("tbody a").last.click()
    await auditor.heading("Events of Intake")
    await auditor.sees("Project registered", "Origin", "feed")


async def test_who_may_not_read_the_audit_list_is_told_whom_to_ask(visit: Visit) -> None:
    reader = await visit("p-haddad")
    await reader.go("/")
    assert await reader.page.get_by_role("navigation", name="Main").get_by_role("link", name="Audit").count() == 0
    assert await reader.go("/reporting/audit") == 403
    await reader.sees("Not permitted", "The way out:", "auditor")
    assert await reader.go("/people") == 403
    await reader.sees("Not permitted", "administrator")


async def test_an_administrator_makes_a_link_that_signs_somebody_in_once(visit: Visit) -> None:
    administrator = await visit("p-okafor")
    await administrator.go("/")
    await administrator.follow("People")
    await administrator.press("One-time sign-in link for S. Roy")
    await administrator.sees("signs S. Roy in once")
    link = await administrator.page.locator("a.mb-link").inner_text()
    await administrator.page.goto(link)
    await administrator.heading("Portfolio")
    assert "S. Roy" in await administrator.page.locator(".mb-who").inner_text()
    await administrator.page.goto(link)
    await administrator.sees("Not signed in")
