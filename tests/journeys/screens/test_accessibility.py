"""Every screen for everybody: axe finds nothing serious, headings step down one by one, nothing is cut off, the keyboard is enough."""

from itertools import pairwise
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import expect

from tests.journeys.instance import Instance
from tests.journeys.screens import proposals
from tests.journeys.screens.conftest import Visit
from tests.journeys.screens.visitor import Theme, Visitor
from tests.services.reporting.releases import written

pytestmark = pytest.mark.browser
GRAVE = ("serious", "critical")
HEADINGS = "[...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map(h => +h.tagName[1])"
CUT_OFF = """[...document.querySelectorAll('.table-responsive')].filter(t => t.scrollWidth > t.clientWidth + 1)
    .map(t => `${t.getAttribute('aria-label')}: ${t.scrollWidth} > ${t.clientWidth}`)
    .concat(document.documentElement.scrollWidth > innerWidth ? [`page: ${document.documentElement.scrollWidth} > ${innerWidth}`] : [])"""


@pytest.fixture(scope="module")
async def screens(instance: Instance, tmp_path_factory: pytest.TempPathFactory, module_visit: Visit) -> list[str]:
    """Every screen of the product, with something on it."""
    file = tmp_path_factory.mktemp("feed") / "small.csv"
    long = "A programme whose name goes on and on because nobody at its beginning thought of the width of a table " * 2
    file.write_bytes(written(f"AX-1,{long},MOD,Red,2020-01-01,12.5", "AX-2,Short,MOD,Exempt under Section 26,not a date,", "AX-3,,MOD,,,"))
    instance.cli("import", str(file), "--mapping", "gmpp", "--effective", "2021-04-30")
    identity = await proposals.to_the_first_gate(module_visit, "A lift for the town hall", "20000")
    review = f"gates/gate-reviews/{identity}.G1.R1"
    office = await module_visit("p-okafor")
    await proposals.evidence(office, f"{identity}.G1.R1", "charter-note")
    return [
        "/reporting/portfolio",
        "/reporting/portfolio?q=nobody+has+this+name",
        "/reporting/proposals",
        "/reporting/proposals?state=withdrawn",
        "/reporting/gates",
        "/reporting/audit",
        "/reporting/quarantine",
        "/people",
        f"/reporting/initiatives/{identity}",
        "/reporting/initiatives/AX-1",
        "/reporting/initiatives/AX-2",
        f"/gates/dossiers/{identity}.G1.R1",
        f"/intake/proposals/{identity}",
        "/intake/proposals/new",
        "/intake/proposals/I-AXE/draft-proposal/form",
        *(f"/{review}/{command}/form" for command in ("submit-evidence", "assess-criterion", "decide-gate")),
        f"/{review}",
        "/gates/authority-matrices/hub",
        "/gates/governance-frameworks/default",
        "/gates/log?limit=20",
        "/intake/proposals/I-NOBODY",
    ]


async def grave(visitor: Visitor) -> list[dict[str, Any]]:
    """What axe finds serious or critical on the page."""
    found = (await Axe().run(visitor.page)).response["violations"]
    return [{"id": v["id"], "nodes": [node["html"][:160] for node in v["nodes"][:3]]} for v in found if v["impact"] in GRAVE]


@pytest.mark.parametrize(("theme", "width"), [("light", 1294), ("dark", 390)])
async def test_on_every_screen_nothing_is_in_the_way_and_nothing_is_cut_off(
    visit: Visit, screens: list[str], theme: Theme, width: int
) -> None:
    visitor, found = await visit("p-okafor", theme, width), {}
    for path in screens:
        await visitor.go(path)
        levels = await visitor.page.evaluate(HEADINGS)
        skipped = levels[:1] != [1] or levels.count(1) != 1 or any(after > before + 1 for before, after in pairwise(levels))
        faults = [*await grave(visitor), *await visitor.page.evaluate(CUT_OFF), *([f"headings {levels}"] if skipped else [])]
        if faults:
            found[path] = faults
    assert not found


async def test_a_proposal_is_drafted_and_submitted_by_keyboard_alone(visit: Visit) -> None:
    proposer = await visit("p-haddad")
    page, key = proposer.page, proposer.page.keyboard
    await proposer.go("/intake/proposals/I-KEYBOARD/draft-proposal/form")
    await key.press("Tab")
    assert await page.evaluate("document.activeElement.textContent") == "Skip to the content"
    await key.press("Enter")
    for text in ("Tab", "Tab", "A path for cyclists", "Tab", "The road is narrow.", "Tab", "30000", "Tab"):
        await (key.press("Tab") if text == "Tab" else key.type(text))
        if text == "Tab":
            outline = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline == "solid", await page.evaluate("document.activeElement.outerHTML")
    assert await page.get_by_label("Title").input_value() == "A path for cyclists"
    async with page.expect_navigation():
        await key.press("Enter")
    await proposer.heading("A path for cyclists")
    while await page.evaluate("document.activeElement.textContent") != "Submit proposal":
        await key.press("Tab")
    async with page.expect_navigation():
        await key.press("Enter")
    while await page.evaluate("document.activeElement.textContent") != "Submit proposal":
        await key.press("Tab")
    async with page.expect_navigation():
        await key.press("Enter")
    await proposer.sees("Submitted")


async def test_what_is_wrong_is_told_first_and_leads_to_its_field(visit: Visit) -> None:
    proposer = await visit("p-haddad")
    await proposer.go("/intake/proposals/I-WRONG/draft-proposal/form")
    await proposer.fill(Amount="lots")
    await proposer.press("Draft proposal")
    assert await proposer.page.evaluate("document.activeElement.id") == "problem"
    await proposer.page.get_by_role("alert").get_by_role("link", name="Title").click()
    assert await proposer.page.evaluate("document.activeElement.id") == "f-title"
    assert not await grave(proposer)


async def test_a_condition_is_added_to_a_decision_and_gets_the_cursor(visit: Visit, screens: list[str]) -> None:
    office = await visit("p-okafor")
    await office.go(next(path for path in screens if path.endswith("decide-gate/form")))
    await office.fill(Rationale="On one condition.")
    await office.button("Add to conditions").click()
    await expect(office.page.get_by_label("Id", exact=True)).to_be_focused()
    assert await office.page.get_by_label("Rationale").input_value() == "On one condition."
    assert await office.page.get_by_label("Owner").get_by_role("option", name="L. Haddad").count() == 1
    assert not await grave(office)
    await office.button("Remove conditions 1").click()
    await expect(office.page.locator(".mb-row")).to_have_count(0)


async def test_the_hash_of_a_document_is_taken_in_the_browser(visit: Visit, screens: list[str]) -> None:
    office = await visit("p-okafor")
    await office.go(next(path for path in screens if path.endswith("submit-evidence/form")))
    document = {"name": "case.txt", "mimeType": "text/plain", "buffer": b"abc"}
    await office.page.locator("input[type=file]").set_input_files(document)  # type: ignore[arg-type]
    await office.page.get_by_text("hash of case.txt taken").wait_for()
    taken = await office.page.get_by_label("SHA-256", exact=True).input_value()
    assert taken == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


async def test_the_theme_that_was_chosen_stays(visit: Visit) -> None:
    reader = await visit("p-roy")
    await reader.go("/reporting/gates")
    await reader.button("Switch between light and dark").click()
    await reader.go("/reporting/proposals")
    assert await reader.page.locator("html").get_attribute("data-bs-theme") == "dark"


async def test_on_paper_there_is_black_on_white_and_nothing_to_press(visit: Visit, screens: list[str]) -> None:
    reader = await visit("p-roy", "dark")
    await reader.go(next(path for path in screens if "/dossiers/" in path))
    await reader.page.emulate_media(media="print")
    assert await reader.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert await reader.page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    for selector in ("nav", "button", "form", "a.btn"):
        assert not [one for one in await reader.page.locator(selector).all() if await one.is_visible()]
