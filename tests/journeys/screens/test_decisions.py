"""A proposal walked through the screens, by several people: to a stage that is funded, and to the end at its first gate."""

import pytest

from tests.journeys.screens import proposals
from tests.journeys.screens.conftest import Visit

pytestmark = pytest.mark.browser


async def test_one_right_holder_funds_a_small_initiative_and_its_next_gate_is_scheduled(visit: Visit) -> None:
    identity = await proposals.to_the_first_gate(visit, "A new ferry ticket machine", "20000")
    office, review = await visit("p-okafor"), f"{identity}.G1.R1"
    await proposals.evidence(office, review, "charter-note", "risk-list", "benefit-line")
    await proposals.assessed(office, review)
    await office.follow("Decide gate")
    await office.choose("Go")
    await office.fill(Amount="12000", Rationale="Small, useful, and everybody wants it.")
    await office.sign()
    await office.press("Decide gate")
    await office.heading("Go")
    await office.sees("Small, useful", "GBP 12,000", "✓ met")
    await office.until(f"/reporting/initiatives/{identity}", "stage 1 · next: gate 2")
    await office.sees("Funding released", "Stage started", "GBP 12,000")
    await office.follow("gate 2, close")
    await office.heading("Waits for a decision")


async def test_a_board_stops_an_initiative_against_a_dissent_and_its_money_returns(visit: Visit) -> None:
    title = "A second bridge over the weir"
    identity = await proposals.to_the_first_gate(visit, title, "120000", selects="p-lindqvist")
    review, dossier = f"{identity}.G1.R1", f"/gates/dossiers/{identity}.G1.R1"
    office, chair = await visit("p-okafor"), await visit("p-lindqvist")
    await proposals.evidence(office, review, "business-case", "benefit-profile", "stakeholder-engagement")
    member = await visit("p-nowak")
    await proposals.assessed(member, review)
    for person, vote, opinion in (
        ("p-tanaka", "Kill", "The traffic count does not carry it."),
        ("p-nowak", "Go", "The town will regret this."),
        ("p-lindqvist", "Kill", ""),
    ):
        voter = await visit(person)
        await voter.go(dossier)
        await voter.follow("Cast vote")
        await voter.choose(vote)
        await voter.fill(Opinion=opinion)
        await voter.sign()
        await voter.press("Cast vote")
        await voter.sees(vote)
    await chair.go(dossier)
    await chair.follow("Decide gate")
    await chair.choose("Kill")
    await chair.fill(Rationale="The benefit does not carry the cost; the old bridge holds for ten years.")
    await chair.sign()
    await chair.press("Decide gate")
    await chair.heading("Kill")
    await chair.sees("dissent The town will regret this.", "1 dissenting", "The benefit does not carry the cost")
    await chair.until(f"/reporting/initiatives/{identity}", "Terminated")
    await chair.until(f"/reporting/initiatives/{identity}", "Project terminated")
    await chair.go("/reporting/gates")
    await chair.sees(title, "Kill")


async def test_nobody_selects_what_they_proposed_and_the_way_out_is_shown(visit: Visit) -> None:
    office, title = await visit("p-okafor"), "A boat for the portfolio office"
    await proposals.drafted(office, title, "120000")
    await proposals.submitted(office)
    await proposals.triaged(office, title, "Low")
    await office.follow("Select proposal")
    await office.fill(Sponsor="p-roy", Rationale="We would like one.")
    await office.sign()
    await office.press("Select proposal")
    await office.sees("Refused by a rule", "The way out:", "Nothing was recorded", "proposed it")
    assert await office.page.get_by_label("Rationale").input_value() == "We would like one."
    await office.follow("Back")
    await office.heading(title)
    await office.sees("Triaged")
