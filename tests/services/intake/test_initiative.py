"""Initiatives: registered once, stages in order, ended once."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.initiative import CloseProject, Initiative, RegisterProject, StartStage, Status, TerminateProject
from services.intake.proposal import Proposal
from shared.contracts.event import Event
from shared.contracts.intake.initiative import Origin, ProjectClosed, ProjectRegistered, ProjectTerminated, StageStarted
from shared.contracts.intake.proposal import ProposalSubmitted
from shared.contracts.terms import Tier
from shared.contracts.values import Money
from shared.domain.scenario import Scenario, scenario
from shared.domain.state import Command
from tests.services.intake.test_proposal import DRAFTED, SELECT, TRIAGED, WHY, triaged

SELECTED = triaged().when(SELECT).noted[0].event
REGISTERED = ProjectRegistered(
    initiative="I-1",
    office="hub",
    name="New till",
    origin=Origin.SELECTION,
    tier=Tier.STANDARD,
    estimate=Money(amount=Decimal(120_000)),
    proposer="p-haddad",
    sponsor="p-roy",
)
REPORTED = ProjectRegistered(initiative="I-1", office="transport", name="Rail", origin=Origin.FEED, category="Infrastructure")
REGISTER = RegisterProject(
    office="hub",
    title="New till",
    origin=Origin.SELECTION,
    tier=Tier.STANDARD,
    estimate=Money(amount=Decimal(120_000)),
    proposer="p-haddad",
    sponsor="p-roy",
)
TERMINATED = ProjectTerminated(office="hub", gate_review="I-1.G1.R1", decision="D-9")


def initiative(*events: Event) -> Scenario:
    return scenario(Initiative, "I-1").given(*events).by("service:intake", "service")


def start(stage: int, decision: str = "") -> StartStage:
    return StartStage(stage=stage, gate_review=f"I-1.G{stage}.R1", decision=decision or f"D-{stage}")


def started(stage: int) -> StageStarted:
    return StageStarted(office="hub", stage=stage, gate_review=f"I-1.G{stage}.R1", decision=f"D-{stage}")


def test_a_selected_proposal_is_registered() -> None:
    known = initiative().knowing(Proposal, "I-1", DRAFTED, ProposalSubmitted(), TRIAGED, SELECTED)
    outcome = known.when(REGISTER)
    outcome.then(REGISTERED)
    assert outcome.state.about() == "I-1" and outcome.state.office_in_charge() == "hub"


def test_a_proposal_that_is_not_selected_is_not_registered() -> None:
    initiative().knowing(Proposal, "I-1", DRAFTED, ProposalSubmitted(), TRIAGED).when(REGISTER).refused("selected", "triaged")
    initiative().when(REGISTER).refused("selected", "not on record")


def test_the_tier_is_that_of_the_selection() -> None:
    known = initiative().knowing(Proposal, "I-1", DRAFTED, ProposalSubmitted(), TRIAGED, SELECTED)
    known.when(REGISTER.replace(tier=Tier.LIGHT)).refused("tier")


def test_what_a_feed_reports_is_registered_without_a_tier() -> None:
    reported = RegisterProject(office="transport", title="Rail", origin=Origin.FEED, category="Infrastructure")
    initiative().when(reported).then(REPORTED)
    initiative().when(reported.replace(tier=Tier.LIGHT)).refused("tier", "leave it out")


def test_an_initiative_is_registered_once() -> None:
    initiative(REPORTED).when(RegisterProject(office="transport", title="Rail", origin=Origin.FEED)).refused("once")


def test_a_stage_starts_on_a_decision() -> None:
    initiative(REGISTERED).when(start(1)).then(started(1))


def test_stages_start_in_order() -> None:
    initiative(REGISTERED).when(start(2)).refused("stages-in-order", "pass gate 1 first")
    initiative(REGISTERED, started(1)).when(start(1, "D-5")).refused("stages-in-order")


def test_a_decision_starts_one_stage() -> None:
    initiative(REGISTERED, started(1)).when(start(2, "D-1")).refused("decision-once")


def test_no_stage_starts_before_registration() -> None:
    initiative().when(start(1)).refused("exists")


def test_a_gate_terminates_it() -> None:
    initiative(REGISTERED).when(TerminateProject(gate_review="I-1.G1.R1", decision="D-9")).then(TERMINATED)


def test_a_decision_that_started_a_stage_does_not_terminate() -> None:
    initiative(REGISTERED, started(1)).when(TerminateProject(gate_review="I-1.G1.R1", decision="D-1")).refused("decision-once")


def test_its_last_gate_closes_it() -> None:
    closing = CloseProject(gate_review="I-1.G4.R1", decision="D-4")
    initiative(REGISTERED, started(1)).when(closing).then(ProjectClosed(office="hub", gate_review="I-1.G4.R1", decision="D-4"))
    initiative(REGISTERED).when(CloseProject()).refused("last-gate", "name the review")


def test_a_person_closes_a_reported_one_with_an_explanation() -> None:
    outcome = initiative(REPORTED).by("p-okafor").when(CloseProject(explanation=WHY))
    outcome.then(ProjectClosed(office="transport", explanation=WHY))
    assert outcome.noted[0].reason == WHY
    initiative(REPORTED).by("p-okafor").when(CloseProject()).refused("explanation")


def test_a_person_does_not_close_what_gates_govern_nor_claims_a_gate() -> None:
    initiative(REGISTERED).by("p-okafor").when(CloseProject(explanation=WHY)).refused("last-gate", "hold the last gate")
    claimed = CloseProject(gate_review="G", decision="D-4", explanation=WHY)
    initiative(REPORTED).by("p-okafor").when(claimed).refused("last-gate", "leave it out")


COMMANDS: tuple[Command, ...] = (
    *(start(stage, f"D-{stage}{turn}") for stage in (1, 2, 3) for turn in "ab"),
    TerminateProject(gate_review="I-1.G1.R1", decision="D-9"),
    CloseProject(gate_review="I-1.G4.R1", decision="D-4"),
)


@pytest.mark.parametrize("end", [TERMINATED, ProjectClosed(office="hub", gate_review="I-1.G4.R1", decision="D-4")])
@pytest.mark.parametrize("command", COMMANDS)
def test_what_has_ended_accepts_nothing(end: Event, command: Command) -> None:
    initiative(REGISTERED, end).when(command).refused("status")


@given(st.lists(st.sampled_from(COMMANDS), max_size=12))
def test_whatever_is_sent_stages_count_up_by_one_and_an_end_is_the_end(commands: list[Command]) -> None:
    begun, ended = initiative(REGISTERED), False
    for command in commands:
        outcome = begun.when(command)
        before, after = begun.state, outcome.state
        assert isinstance(before, Initiative) and isinstance(after, Initiative)
        if outcome.refusal is None:
            assert not ended
            assert after.stage == before.stage + isinstance(command, StartStage)
        ended = after.status in (Status.CLOSED, Status.TERMINATED)
        begun = begun.given(*(noted.event for noted in outcome.noted))
