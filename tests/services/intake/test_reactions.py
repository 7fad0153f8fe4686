"""What intake does when it hears of a selection, a decision, money or a feed."""

from datetime import date
from decimal import Decimal

from services.intake.initiative import CloseProject, Initiative, RegisterProject, StartStage, TerminateProject
from services.intake.reactions.gate_decision import follow_decision, start_funded_stage
from services.intake.reactions.reported import register_reported
from services.intake.reactions.selection import register_selected
from shared.contracts.benefits.investment_account import FundingReleased
from shared.contracts.gates.gate_review import GateDecided
from shared.contracts.intake.initiative import Origin
from shared.contracts.reporting.feed import FeedRecordAccepted
from shared.contracts.terms import GateOutcome
from shared.contracts.values import Money
from shared.stream.react import Do
from tests.services.hearing import DECISION, wants
from tests.services.intake.test_initiative import REGISTER, REGISTERED, REPORTED, SELECTED, started
from tests.services.intake.test_proposal import WHY

REVIEW = "gate-review/I-1.G1.R1"
POUND = Money(amount=Decimal(1))
RELEASED = FundingReleased(initiative="I-1", office="hub", amount=POUND, stage=1, gate_review="I-1.G1.R1", decision="D-1")
ROW = FeedRecordAccepted(
    initiative="I-1",
    feed="gmpp",
    batch="gmpp.1",
    row=1,
    row_sha256="0" * 64,
    mapping="gmpp",
    mapping_version=1,
    effective=date(2021, 3, 31),
    name="Rail",
    office="transport",
    office_name="Department for Transport",
    category="Infrastructure",
)


def decided(outcome: GateOutcome, *, funding: Money | None = None, last: bool = False) -> GateDecided:
    return GateDecided(
        initiative="I-1",
        office="hub",
        gate=1,
        last=last,
        outcome=outcome,
        funding=funding,
        body="hub-standard",
        verdicts=(),
        ballot=None,
        conditions=(),
        rationale=WHY,
    )


def test_a_selected_proposal_becomes_an_initiative_once() -> None:
    assert wants(register_selected, SELECTED, "proposal/I-1") == [Do(Initiative, "I-1", REGISTER)]
    assert wants(register_selected, SELECTED, "proposal/I-1", known={(Initiative, "I-1"): (REGISTERED,)}) == []


def test_a_go_without_money_starts_the_stage_at_once() -> None:
    wanted = StartStage(stage=1, gate_review="I-1.G1.R1", decision=DECISION)
    assert wants(follow_decision, decided(GateOutcome.GO), REVIEW) == [Do(Initiative, "I-1", wanted)]


def test_a_go_with_money_waits_for_its_release() -> None:
    assert wants(follow_decision, decided(GateOutcome.GO, funding=POUND), REVIEW) == []
    wanted = StartStage(stage=1, gate_review="I-1.G1.R1", decision="D-1")
    registered = {(Initiative, "I-1"): (REGISTERED,)}
    assert wants(start_funded_stage, RELEASED, "investment-account/I-1", known=registered) == [Do(Initiative, "I-1", wanted)]


def test_a_later_release_for_the_same_stage_starts_nothing() -> None:
    under_way = {(Initiative, "I-1"): (REGISTERED, started(1))}
    assert wants(start_funded_stage, RELEASED, "investment-account/I-1", known=under_way) == []


def test_the_last_go_closes_and_a_kill_terminates() -> None:
    closing = CloseProject(gate_review="I-1.G1.R1", decision=DECISION)
    assert wants(follow_decision, decided(GateOutcome.GO, last=True), REVIEW) == [Do(Initiative, "I-1", closing)]
    ending = TerminateProject(gate_review="I-1.G1.R1", decision=DECISION)
    assert wants(follow_decision, decided(GateOutcome.KILL), REVIEW) == [Do(Initiative, "I-1", ending)]


def test_hold_and_recycle_leave_the_initiative_as_it_is() -> None:
    for outcome in (GateOutcome.HOLD, GateOutcome.RECYCLE):
        assert wants(follow_decision, decided(outcome), REVIEW) == []


def test_a_reported_initiative_is_registered_once() -> None:
    wanted = RegisterProject(office="transport", title="Rail", origin=Origin.FEED, category="Infrastructure")
    assert wants(register_reported, ROW, "feed-batch/gmpp.1") == [Do(Initiative, "I-1", wanted)]
    assert wants(register_reported, ROW, "feed-batch/gmpp.1", known={(Initiative, "I-1"): (REPORTED,)}) == []
