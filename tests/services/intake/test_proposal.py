"""Proposals: drafted, submitted, triaged, and decided by who has the right to, never by who proposed."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.proposal import (
    DraftProposal,
    Proposal,
    RejectProposal,
    SelectProposal,
    Status,
    SubmitProposal,
    TriageProposal,
    WithdrawProposal,
    tier_of,
)
from shared.contracts.event import Event
from shared.contracts.gates.authority_matrix import Right
from shared.contracts.intake.proposal import (
    Driver,
    ProposalDrafted,
    ProposalRejected,
    ProposalSelected,
    ProposalSubmitted,
    ProposalTriaged,
    ProposalWithdrawn,
    RiskLevel,
)
from shared.contracts.personal import Personal
from shared.contracts.terms import Decision, Tier
from shared.contracts.values import Money
from shared.domain.scenario import Scenario, scenario
from shared.domain.state import Command
from shared.projection.authority import AuthorityRow

WHY = Personal[str].seal("the old one is worn out")
LOW, MEDIUM, HIGH = RiskLevel


def pounds(amount: int | str) -> Money:
    return Money(amount=Decimal(amount))


def right(tier: Tier, holder: str | None, **changes: object) -> Right:
    granted = Right(id=f"R-{tier}", decision=Decision.SELECT_PROPOSAL, tiers=(tier,), holder=holder, valid_from=date(2026, 1, 1))
    return granted.replace(**changes)


HUB = AuthorityRow(
    office="hub", rights=(right(Tier.LIGHT, "p-okafor"), right(Tier.STANDARD, "p-lindqvist"), right(Tier.ENHANCED, "p-lindqvist"))
)
DRAFTED = ProposalDrafted(
    initiative="I-1", office="hub", title="New till", need=WHY, estimate=pounds(120_000), driver=Driver.VALUE, proposer="p-haddad"
)
TRIAGED = ProposalTriaged(tier=Tier.STANDARD, risk=LOW, rule="standard")
SELECT = SelectProposal(sponsor="p-roy", rationale=WHY)


def proposal(*events: Event) -> Scenario:
    return scenario(Proposal, "I-1").knowing(HUB, "hub").given(*events)


def triaged(tier: Tier = Tier.STANDARD) -> Scenario:
    return proposal(DRAFTED, ProposalSubmitted(), TRIAGED.replace(tier=tier)).by("p-lindqvist", "chair")


def drafting(**changes: object) -> DraftProposal:
    return DraftProposal(office="hub", title="New till", need=WHY, estimate=pounds(120_000)).replace(**changes)


def test_a_draft_names_its_proposer_and_mints_the_initiative() -> None:
    outcome = proposal().by("p-haddad", "proposer").when(drafting())
    outcome.then(DRAFTED)
    assert outcome.state.about() == "I-1" and outcome.state.office_in_charge() == "hub"


def test_nobody_proposes_in_the_name_of_another() -> None:
    proposal().by("p-nowak", "proposer", on_behalf_of="p-haddad").when(drafting()).refused("in-person")


def test_an_estimate_is_more_than_nothing_and_in_the_currency_of_the_bands() -> None:
    proposal().when(drafting(estimate=pounds(0))).refused("estimate")
    proposal().when(drafting(estimate=Money(amount=Decimal(5), currency="EUR"))).refused("currency", "state it in GBP")


def test_the_proposer_submits_the_draft() -> None:
    proposal(DRAFTED).by("p-haddad", "proposer").when(SubmitProposal()).then(ProposalSubmitted())


def test_nobody_else_submits_it() -> None:
    proposal(DRAFTED).by("p-nowak", "proposer").when(SubmitProposal()).refused("own-proposal", "p-haddad")
    proposal(DRAFTED).by("p-nowak", "proposer", on_behalf_of="p-haddad").when(SubmitProposal()).refused("own-proposal")


@pytest.mark.parametrize(
    ("amount", "driver", "risk", "tier"),
    [
        ("49999.99", Driver.VALUE, LOW, Tier.LIGHT),
        ("50000", Driver.VALUE, LOW, Tier.STANDARD),
        ("250000", Driver.RISK, MEDIUM, Tier.STANDARD),
        ("250000.01", Driver.VALUE, LOW, Tier.ENHANCED),
        ("100", Driver.REGULATORY, LOW, Tier.ENHANCED),
        ("100", Driver.VALUE, HIGH, Tier.ENHANCED),
    ],
)
def test_cost_driver_and_risk_lead_to_the_tier(amount: str, driver: Driver, risk: RiskLevel, tier: Tier) -> None:
    begun = proposal(DRAFTED.replace(estimate=pounds(amount), driver=driver), ProposalSubmitted())
    begun.when(TriageProposal(risk=risk)).then(ProposalTriaged(tier=tier, risk=risk, rule=tier_of(pounds(amount), driver, risk)[1]))


def test_the_rule_of_triage_stands_in_words() -> None:
    assert tier_of(pounds(60_000), Driver.VALUE, LOW)[1] == "GBP 50,000 to 250,000 leads to the standard tier"


def test_a_draft_is_not_triaged() -> None:
    proposal(DRAFTED).when(TriageProposal(risk=LOW)).refused("status", "submitted")


def test_the_holder_of_the_right_selects() -> None:
    outcome = triaged().when(SELECT)
    outcome.then(
        ProposalSelected(
            office="hub",
            title="New till",
            tier=Tier.STANDARD,
            estimate=pounds(120_000),
            proposer="p-haddad",
            sponsor="p-roy",
            rationale=WHY,
        )
    )
    assert (outcome.noted[0].authority, outcome.noted[0].reason) == ("R-standard", WHY)


def test_the_holder_of_the_right_rejects() -> None:
    outcome = triaged().when(RejectProposal(rationale=WHY))
    outcome.then(ProposalRejected(rationale=WHY))
    assert outcome.noted[0].authority == "R-standard"


@pytest.mark.parametrize("command", [SELECT, RejectProposal(rationale=WHY)])
def test_nobody_but_the_holder_decides(command: Command) -> None:
    triaged().by("p-okafor").when(command).refused("authority", "ask p-lindqvist")


@pytest.mark.parametrize("command", [SELECT, RejectProposal(rationale=WHY)])
def test_only_what_is_triaged_is_decided(command: Command) -> None:
    proposal(DRAFTED, ProposalSubmitted()).by("p-lindqvist", "chair").when(command).refused("status", "triaged")


def test_without_a_right_nobody_decides() -> None:
    triaged().knowing(AuthorityRow(office="hub"), "hub").when(SELECT).refused("authority", "granted")


def test_two_rights_decide_nothing() -> None:
    twice = AuthorityRow(office="hub", rights=(*HUB.rights, right(Tier.STANDARD, "p-okafor", id="R-9")))
    triaged().knowing(twice, "hub").when(SELECT).refused("authority", "R-9, R-standard")


def test_an_estimate_beyond_the_right_is_not_selected() -> None:
    limited = AuthorityRow(office="hub", rights=(right(Tier.STANDARD, "p-lindqvist", up_to=pounds(100_000)),))
    triaged().knowing(limited, "hub").when(SELECT).refused("authority", "beyond")


def test_a_right_of_a_board_needs_a_person() -> None:
    boards = AuthorityRow(office="hub", rights=(right(Tier.STANDARD, None, board="B-1"),))
    triaged().knowing(boards, "hub").when(SELECT).refused("authority", "granted to a person")


def test_an_office_without_rights_of_its_own_is_decided_by_the_hub() -> None:
    north = proposal(DRAFTED.replace(office="north"), ProposalSubmitted(), TRIAGED).by("p-lindqvist", "chair")
    north.when(SELECT).accepted()
    own = AuthorityRow(office="north", rights=(right(Tier.STANDARD, "p-north"),))
    north.knowing(own, "north").when(SELECT).refused("authority", "p-north")


@pytest.mark.parametrize("tier", [Tier.STANDARD, Tier.ENHANCED])
def test_above_the_light_tier_the_proposer_decides_nothing(tier: Tier) -> None:
    own = proposal(DRAFTED.replace(proposer="p-lindqvist"), ProposalSubmitted(), TRIAGED.replace(tier=tier))
    for begun in (own.by("p-lindqvist", "chair"), own.by("p-lindqvist", "chair", on_behalf_of="p-osei")):
        begun.when(SELECT).refused("separation-of-duties", "proposed it")
        begun.when(RejectProposal(rationale=WHY)).refused("separation-of-duties")
    own.by("p-osei", "chair", on_behalf_of="p-lindqvist").when(SELECT).refused("separation-of-duties")


def test_above_the_light_tier_nobody_selects_what_they_would_sponsor() -> None:
    triaged().when(SELECT.replace(sponsor="p-lindqvist")).refused("separation-of-duties", "would sponsor it")


def test_at_the_light_tier_the_holder_may_have_proposed_it() -> None:
    own = proposal(DRAFTED.replace(proposer="p-okafor"), ProposalSubmitted(), TRIAGED.replace(tier=Tier.LIGHT))
    own.by("p-okafor").when(SELECT).accepted()


@pytest.mark.parametrize("steps", [(), (ProposalSubmitted(),), (ProposalSubmitted(), TRIAGED)])
def test_the_proposer_withdraws_what_is_not_decided(steps: tuple[Event, ...]) -> None:
    withdrawn = proposal(DRAFTED, *steps).by("p-haddad", "proposer").when(WithdrawProposal(explanation=WHY))
    withdrawn.then(ProposalWithdrawn(explanation=WHY))


def test_nobody_else_withdraws_it() -> None:
    proposal(DRAFTED).by("p-nowak", "proposer").when(WithdrawProposal(explanation=WHY)).refused("own-proposal")


COMMANDS: tuple[Command, ...] = (
    drafting(),
    SubmitProposal(),
    TriageProposal(risk=LOW),
    SELECT,
    RejectProposal(rationale=WHY),
    WithdrawProposal(explanation=WHY),
)
LEGAL = {
    (None, Status.DRAFT),
    (Status.DRAFT, Status.SUBMITTED),
    (Status.SUBMITTED, Status.TRIAGED),
    (Status.TRIAGED, Status.SELECTED),
    (Status.TRIAGED, Status.REJECTED),
    (Status.DRAFT, Status.WITHDRAWN),
    (Status.SUBMITTED, Status.WITHDRAWN),
    (Status.TRIAGED, Status.WITHDRAWN),
}


@given(st.lists(st.tuples(st.sampled_from(COMMANDS), st.sampled_from(["p-haddad", "p-lindqvist", "p-okafor"])), max_size=12))
def test_whatever_is_sent_only_legal_steps_are_taken_one_event_each(steps: list[tuple[Command, str]]) -> None:
    begun = proposal()
    for command, actor in steps:
        outcome = begun.by(actor, "chair").when(command)
        if outcome.refusal is None:
            assert len(outcome.noted) == 1
            assert (begun.state.status, outcome.state.status) in LEGAL
        begun = begun.given(*(noted.event for noted in outcome.noted))
