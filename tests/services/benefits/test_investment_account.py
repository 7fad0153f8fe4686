"""Money: nothing is released that was not authorised, nothing spent that was not released, everything counted once."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.benefits.investment_account import (
    AuthoriseFunding,
    BaselineBudget,
    InvestmentAccount,
    OpenAccount,
    RecordActual,
    ReleaseFunding,
    RestateBudget,
    ReturnFunding,
    Status,
)
from services.benefits.views.initiatives import InitiativeRow
from shared.contracts.benefits.investment_account import (
    BudgetBaselined,
    BudgetRestated,
    CostActualRecorded,
    FundingAuthorised,
    FundingReleased,
    FundingReturned,
    InvestmentAccountOpened,
)
from shared.contracts.event import Event
from shared.contracts.gates.authority_matrix import Right
from shared.contracts.personal import Personal
from shared.contracts.terms import Decision, ReportedMoney, ReportedState, Tier
from shared.contracts.values import Money
from shared.domain.scenario import Scenario, scenario
from shared.domain.state import Command
from shared.projection.authority import AuthorityRow

WHY = Personal[str].seal("as the business case says")
EUROS = Money(amount=Decimal(5), currency="EUR")


def pounds(amount: int | str | Decimal) -> Money:
    return Money(amount=Decimal(amount))


OPENED = InvestmentAccountOpened(initiative="I-1", office="hub", name="New till", currency="GBP", estimate=pounds(120_000))
AUTHORISED = FundingAuthorised(amount=pounds(100), stage=1, gate_review="I-1.G1.R1", decision="D-1")
RELEASED = FundingReleased(initiative="I-1", office="hub", amount=pounds(100), stage=1, gate_review="I-1.G1.R1", decision="D-1")
SPENT = CostActualRecorded(amount=pounds(30), day=date(2026, 2, 1), document="INV-1", description="Till")
RIGHT = Right(
    id="R-1",
    decision=Decision.BASELINE_BUDGET,
    tiers=(Tier.STANDARD,),
    holder="p-lindqvist",
    up_to=pounds(500),
    valid_from=date(2026, 1, 1),
)
HUB = AuthorityRow(office="hub", rights=(RIGHT,))
KNOWN = InitiativeRow(office="hub", tier=Tier.STANDARD, proposer="p-haddad", sponsor="p-roy")


def account(*events: Event) -> Scenario:
    begun = scenario(InvestmentAccount, "I-1").knowing(HUB, "hub").knowing(KNOWN, "I-1")
    return begun.given(*events).by("service:benefits", "service")


def authorising(amount: Money, decision: str = "D-1") -> AuthoriseFunding:
    return AuthoriseFunding(amount=amount, stage=1, gate_review="I-1.G1.R1", decision=decision)


def spending(amount: Money, document: str = "INV-1", day: date = date(2026, 2, 1)) -> RecordActual:
    return RecordActual(amount=amount, day=day, document=document, description="Till")


def approving(amount: Money) -> BaselineBudget:
    return BaselineBudget(amount=amount, rationale=WHY)


def test_an_account_is_opened_in_one_currency() -> None:
    opening = OpenAccount(office="hub", title="New till", currency="GBP", estimate=pounds(120_000))
    outcome = account().when(opening)
    outcome.then(OPENED)
    assert outcome.state.about() == "I-1" and outcome.state.office_in_charge() == "hub"
    account().when(opening.replace(currency="EUR")).refused("currency")
    account(OPENED).when(opening).refused("once")


def test_the_holder_of_the_right_approves_the_budget() -> None:
    outcome = account(OPENED).by("p-lindqvist", "chair").when(approving(pounds(400)))
    outcome.then(BudgetBaselined(amount=pounds(400), rationale=WHY))
    assert (outcome.noted[0].authority, outcome.noted[0].reason) == ("R-1", WHY)


def test_nobody_else_approves_it_and_nobody_beyond_the_right() -> None:
    account(OPENED).by("p-okafor").when(approving(pounds(400))).refused("authority", "p-lindqvist")
    account(OPENED).by("p-lindqvist", "chair").when(approving(pounds(501))).refused("authority", "beyond")


@pytest.mark.parametrize("part", ["proposer", "sponsor"])
def test_who_has_a_part_does_not_approve_the_budget(part: str) -> None:
    own = account(OPENED).knowing(KNOWN.replace(**{part: "p-lindqvist"}), "I-1").by("p-lindqvist", "chair")
    own.when(approving(pounds(400))).refused("separation-of-duties")


def test_the_budget_is_approved_once() -> None:
    approved = account(OPENED, BudgetBaselined(amount=pounds(400), rationale=WHY)).by("p-lindqvist", "chair")
    approved.when(approving(pounds(1))).refused("baseline-once", "approved change")


def test_reported_figures_are_never_approved() -> None:
    reported = account(OPENED).knowing(KNOWN.replace(tier=None), "I-1").by("p-lindqvist", "chair")
    reported.when(approving(pounds(400))).refused("baseline", "stay as reported")


def test_a_decision_authorises_once() -> None:
    account(OPENED).when(authorising(pounds(100))).then(AUTHORISED)
    account(OPENED, AUTHORISED).when(authorising(pounds(100))).refused("decision-once")


@pytest.mark.parametrize("command", [authorising(EUROS), ReleaseFunding(amount=EUROS, decision="D-1"), spending(EUROS), approving(EUROS)])
def test_an_account_holds_one_currency(command: Command) -> None:
    account(OPENED, AUTHORISED, RELEASED).when(command).refused("currency", "state it in GBP")


@pytest.mark.parametrize(
    "command", [authorising(pounds(0), "D-2"), ReleaseFunding(amount=pounds(-1), decision="D-1"), spending(pounds(-5))]
)
def test_what_moves_is_more_than_nothing(command: Command) -> None:
    account(OPENED, AUTHORISED).when(command).refused("amount")


def test_authorised_money_is_released() -> None:
    account(OPENED, AUTHORISED).when(ReleaseFunding(amount=pounds(100), decision="D-1")).then(RELEASED)


def test_what_was_not_authorised_is_not_released() -> None:
    account(OPENED).when(ReleaseFunding(amount=pounds(1), decision="D-1")).refused("authorised-first")
    account(OPENED, AUTHORISED).when(ReleaseFunding(amount=pounds(101), decision="D-1")).refused("released-within-authorised")
    account(OPENED, AUTHORISED, RELEASED).when(ReleaseFunding(amount=pounds(1), decision="D-1")).refused("released-within-authorised")


def test_released_money_is_spent_on_the_day_it_was_spent() -> None:
    outcome = account(OPENED, AUTHORISED, RELEASED).by("p-tanaka", "finance").when(spending(pounds(30)))
    outcome.then(SPENT)
    assert outcome.noted[0].occurred == datetime(2026, 2, 1, tzinfo=UTC)


def test_what_was_not_released_is_not_spent() -> None:
    account(OPENED, AUTHORISED, RELEASED, SPENT).when(spending(pounds(71), "INV-2")).refused("spent-within-released", "next gate")
    account(OPENED, AUTHORISED).when(spending(pounds(1))).refused("spent-within-released", "GBP 0")


def test_a_document_counts_once() -> None:
    account(OPENED, AUTHORISED, RELEASED, SPENT).when(spending(pounds(1))).refused("document-once")


def test_nothing_is_spent_tomorrow() -> None:
    account(OPENED, AUTHORISED, RELEASED).when(spending(pounds(1), day=date(2026, 3, 3))).refused("day", "2026-03-02")


def test_reported_figures_are_kept_as_reported_once_a_row() -> None:
    cost = ReportedMoney(state=ReportedState.GIVEN, amount=pounds(1_000_000), raw="1.0")
    command = RestateBudget(as_at=date(2021, 3, 31), whole_life_cost=cost, feed="gmpp", batch="gmpp.1", row=7)
    event = BudgetRestated(as_at=date(2021, 3, 31), whole_life_cost=cost, feed="gmpp", batch="gmpp.1", row=7)
    outcome = account(OPENED).when(command)
    outcome.then(event)
    assert isinstance(outcome.state, InvestmentAccount) and outcome.state.baseline is None
    account(OPENED, event).when(command).refused("row-once")
    account(OPENED, event).when(command.replace(row=8)).accepted()


def test_what_is_not_spent_goes_back_and_the_account_rests() -> None:
    returned = FundingReturned(amount=pounds(70), decision="D-9")
    account(OPENED, AUTHORISED, RELEASED, SPENT).when(ReturnFunding(decision="D-9")).then(returned)
    resting = account(OPENED, AUTHORISED, RELEASED, SPENT, returned)
    for command in (ReturnFunding(decision="D-9"), authorising(pounds(1), "D-2"), spending(pounds(1), "INV-2")):
        resting.when(command).refused("status", "open")


def test_where_nothing_was_released_nothing_goes_back() -> None:
    account(OPENED).when(ReturnFunding(decision="D-9")).then(FundingReturned(amount=pounds(0), decision="D-9"))


DECISIONS = st.sampled_from(["D-1", "D-2", "D-3"])
AMOUNTS = st.decimals(min_value=Decimal("-5"), max_value=Decimal(200), places=2).map(pounds)
COMMANDS: st.SearchStrategy[Command] = st.one_of(
    st.builds(authorising, AMOUNTS, DECISIONS),
    st.builds(ReleaseFunding, amount=AMOUNTS, decision=DECISIONS),
    st.builds(spending, AMOUNTS, st.sampled_from([f"INV-{number}" for number in range(6)])),
    st.builds(ReturnFunding, decision=DECISIONS),
)


@given(st.lists(COMMANDS, max_size=25))
def test_whatever_is_sent_spent_is_within_released_and_released_within_authorised(commands: list[Command]) -> None:
    begun, sums = account(OPENED), {"authorised": Decimal(0), "released": Decimal(0), "spent": Decimal(0), "returned": Decimal(0)}
    for command in commands:
        for noted in begun.when(command).noted:
            match noted.event:
                case FundingAuthorised(amount=amount):
                    sums["authorised"] += amount.amount
                case FundingReleased(amount=amount):
                    sums["released"] += amount.amount
                case CostActualRecorded(amount=amount):
                    sums["spent"] += amount.amount
                case FundingReturned(amount=amount):
                    sums["returned"] += amount.amount
            begun = begun.given(noted.event)
        assert Decimal(0) <= sums["spent"] + sums["returned"] <= sums["released"] <= sums["authorised"]
        state = begun.state
        assert isinstance(state, InvestmentAccount)
        assert (state.authorised_total, state.released_total, state.spent) == (sums["authorised"], sums["released"], sums["spent"])
        assert state.status is Status.OPEN or state.to_spend.amount == 0
