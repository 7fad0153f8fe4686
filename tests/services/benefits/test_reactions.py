"""What benefits does when it hears of an initiative, a decision, an end or a feed."""

from datetime import date

import pytest

from services.benefits.investment_account import (
    AuthoriseFunding,
    InvestmentAccount,
    OpenAccount,
    ReleaseFunding,
    RestateBudget,
    ReturnFunding,
)
from services.benefits.reactions.funding import authorise, release
from services.benefits.reactions.opening import open_when_registered, open_when_scheduled
from services.benefits.reactions.reported import restate_reported
from services.benefits.reactions.termination import return_unspent
from shared.contracts.gates.gate_review import GateScheduled
from shared.contracts.intake.initiative import Origin, ProjectRegistered, ProjectTerminated
from shared.contracts.terms import GateOutcome, ReportedMoney, ReportedState, Tier
from shared.contracts.values import Money
from shared.stream.react import Do
from tests.services.benefits.test_investment_account import AUTHORISED, OPENED, pounds
from tests.services.hearing import DECISION, wants
from tests.services.intake.test_reactions import ROW, decided

REGISTERED = ProjectRegistered(
    initiative="I-1", office="hub", name="New till", origin=Origin.SELECTION, tier=Tier.STANDARD, estimate=pounds(120_000)
)
SCHEDULED = GateScheduled(
    initiative="I-1",
    office="hub",
    title="New till",
    tier=Tier.STANDARD,
    gate=1,
    gate_name="Justification",
    last=False,
    round=1,
    framework="default",
    framework_version=1,
    amount=pounds(120_000),
    proposer="p-haddad",
    sponsor="p-roy",
    due=date(2026, 3, 30),
)
OPEN = OpenAccount(office="hub", title="New till", currency="GBP", estimate=pounds(120_000))
COST = ReportedMoney(state=ReportedState.GIVEN, amount=Money(amount=pounds(5).amount, currency="EUR"), raw="5")


def test_an_account_opens_on_whichever_is_heard_first() -> None:
    assert wants(open_when_registered, REGISTERED, "initiative/I-1") == [Do(InvestmentAccount, "I-1", OPEN)]
    assert wants(open_when_scheduled, SCHEDULED, "gate-review/I-1.G1.R1") == [Do(InvestmentAccount, "I-1", OPEN)]


def test_an_open_account_is_left_as_it_is() -> None:
    known = {(InvestmentAccount, "I-1"): (OPENED,)}
    assert wants(open_when_registered, REGISTERED, "initiative/I-1", known=known) == []
    assert wants(open_when_scheduled, SCHEDULED, "gate-review/I-1.G1.R1", known=known) == []


def test_a_reported_initiative_waits_for_its_figures() -> None:
    assert wants(open_when_registered, REGISTERED.replace(tier=None), "initiative/I-1") == []


@pytest.mark.parametrize("outcome", [GateOutcome.GO, GateOutcome.CONDITIONAL_GO])
def test_a_go_with_money_authorises_it(outcome: GateOutcome) -> None:
    wanted = AuthoriseFunding(amount=pounds(100), stage=1, gate_review="I-1.G1.R1", decision=DECISION)
    assert wants(authorise, decided(outcome, funding=pounds(100)), "gate-review/I-1.G1.R1") == [Do(InvestmentAccount, "I-1", wanted)]


@pytest.mark.parametrize("outcome", GateOutcome)
def test_without_money_nothing_is_authorised(outcome: GateOutcome) -> None:
    assert wants(authorise, decided(outcome), "gate-review/I-1.G1.R1") == []


def test_what_is_authorised_is_released() -> None:
    wanted = ReleaseFunding(amount=pounds(100), decision="D-1")
    assert wants(release, AUTHORISED, "investment-account/I-1") == [Do(InvestmentAccount, "I-1", wanted)]


def test_a_termination_returns_what_is_left() -> None:
    terminated = ProjectTerminated(office="hub", gate_review="I-1.G1.R1", decision="D-9")
    assert wants(return_unspent, terminated, "initiative/I-1") == [Do(InvestmentAccount, "I-1", ReturnFunding(decision="D-9"))]


def test_a_reported_row_opens_the_account_once_and_restates_its_figures() -> None:
    restated = RestateBudget(as_at=ROW.effective, whole_life_cost=COST, feed="gmpp", batch="gmpp.1", row=1)
    opening = OpenAccount(office="transport", title="Rail", currency="EUR")
    row = ROW.replace(whole_life_cost=COST)
    assert wants(restate_reported, row, "feed-batch/gmpp.1") == [
        Do(InvestmentAccount, "I-1", opening),
        Do(InvestmentAccount, "I-1", restated),
    ]
    known = {(InvestmentAccount, "I-1"): (OPENED,)}
    assert wants(restate_reported, row, "feed-batch/gmpp.1", known=known) == [Do(InvestmentAccount, "I-1", restated)]


def test_a_row_without_figures_opens_the_account_and_restates_nothing() -> None:
    opening = OpenAccount(office="transport", title="Rail", currency="GBP")
    assert wants(restate_reported, ROW, "feed-batch/gmpp.1") == [Do(InvestmentAccount, "I-1", opening)]
