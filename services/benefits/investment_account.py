"""Investment account: an initiative's money, in one currency. Released is at most what was authorised, spent what was released."""

from datetime import UTC, date, datetime, time

from services.benefits.investment_account_state import ZERO, InvestmentAccount, Status, feed_row
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
from shared.contracts.personal import Personal
from shared.contracts.terms import Decision, ReportedMoney
from shared.contracts.values import Count, Currency, Id, Money, Name, OfficeId, Text
from shared.domain.authority import must_be_apart, must_hold, resolve
from shared.domain.decider import Events, decides
from shared.domain.given import Given
from shared.domain.refused import Refused, require
from shared.domain.state import Command
from shared.projection.authority import rights_in


class OpenAccount(Command, role="service", starts=True):
    """The initiative gets an account; it holds no money yet."""

    office: OfficeId
    title: Name
    currency: Currency
    estimate: Money | None = None


class BaselineBudget(Command, role=("portfolio-office", "chair", "finance"), signs="I approve this budget", decides=True):
    """Approve the first budget. Afterwards only an approved change moves it."""

    amount: Money
    rationale: Personal[Text]


class AuthoriseFunding(Command, role="service"):
    """A gate decision allows this much for a stage."""

    amount: Money
    stage: Count
    gate_review: Id
    decision: Id


class ReleaseFunding(Command, role="service"):
    """Authorised money may be spent from now on."""

    amount: Money
    decision: Id


class RecordActual(Command, role="finance"):
    """Money was spent, as a document of the ledger shows."""

    amount: Money
    day: date
    document: Id
    description: Name


class RestateBudget(Command, role="service"):
    """A source outside published figures; they are kept as reported and approve nothing."""

    as_at: date
    whole_life_cost: ReportedMoney
    year_baseline: ReportedMoney | None = None
    year_forecast: ReportedMoney | None = None
    feed: Id
    batch: Id
    row: Count


class ReturnFunding(Command, role="service"):
    """The initiative was terminated: what was released and not spent goes back."""

    decision: Id


def _on(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _must_fit(account: InvestmentAccount, amount: Money) -> None:
    require(
        amount.currency == account.currency,
        rule="currency",
        because=f"the account is in {account.currency}, the amount in {amount.currency}",
        field="amount",
        way_out=f"state it in {account.currency}",
    )
    require(amount.amount > 0, rule="amount", because=f"{amount} is not more than nothing", field="amount", way_out="state what moves")


@decides
def open_account(account: InvestmentAccount, command: OpenAccount, given: Given) -> Events:
    require(
        command.estimate is None or command.estimate.currency == command.currency,
        rule="currency",
        because=f"the account is in {command.currency}, its estimate in {command.estimate.currency if command.estimate else ''}",
        field="estimate",
        way_out="open it in the currency of the estimate",
    )
    yield InvestmentAccountOpened(
        initiative=given.subject,
        office=command.office,
        name=command.title,
        currency=command.currency,
        estimate=command.estimate,
    )


@decides
def baseline(account: InvestmentAccount, command: BaselineBudget, given: Given) -> Events:
    account.must_be(Status.OPEN)
    _must_fit(account, command.amount)
    require(
        account.baseline is None,
        rule="baseline-once",
        because=f"the budget was approved at {account.baseline}",
        field="amount",
        way_out="only an approved change moves a baseline",
    )
    known = given.fact(InitiativeRow, given.subject)
    if known is None or known.tier is None:
        raise Refused(
            "baseline",
            "a budget is approved for an initiative that was selected here" if known else f"{given.subject} was not heard of yet",
            way_out="a reported initiative's figures stay as reported" if known else "try again in a moment",
        )
    right = resolve(rights_in(account.office, given), Decision.BASELINE_BUDGET, known.tier, command.amount, given.now.date())
    barred = {person: part for person, part in ((known.sponsor, "sponsors it"), (known.proposer, "proposed it")) if person}
    must_be_apart(given.who, barred=barred, tier=known.tier, act="approve its budget")
    must_hold(right, given.who)
    yield BudgetBaselined(amount=command.amount, rationale=command.rationale).note(authority=right.id, reason=command.rationale)


@decides
def authorise(account: InvestmentAccount, command: AuthoriseFunding, given: Given) -> Events:
    account.must_be(Status.OPEN)
    _must_fit(account, command.amount)
    require(
        command.decision not in account.authorised,
        rule="decision-once",
        because=f"decision {command.decision} authorised its funding already",
        field="decision",
        way_out="more money needs another decision",
    )
    yield FundingAuthorised(amount=command.amount, stage=command.stage, gate_review=command.gate_review, decision=command.decision)


@decides
def release(account: InvestmentAccount, command: ReleaseFunding, given: Given) -> Events:
    account.must_be(Status.OPEN)
    _must_fit(account, command.amount)
    authorised = account.authorised.get(command.decision)
    if authorised is None:
        raise Refused(
            "authorised-first", f"decision {command.decision} authorised nothing here", field="decision", way_out="authorise it first"
        )
    left = authorised.amount.amount - account.released.get(command.decision, ZERO)
    require(
        command.amount.amount <= left,
        rule="released-within-authorised",
        because=f"{account.currency} {left:,f} of {authorised.amount} is not released yet, this is {command.amount}",
        field="amount",
        way_out="release less, or have a gate authorise more",
    )
    yield FundingReleased(
        initiative=account.initiative,
        office=account.office,
        amount=command.amount,
        stage=authorised.stage,
        gate_review=authorised.gate_review,
        decision=command.decision,
    )


@decides
def record_actual(account: InvestmentAccount, command: RecordActual, given: Given) -> Events:
    account.must_be(Status.OPEN)
    _must_fit(account, command.amount)
    require(
        command.document not in account.documents,
        rule="document-once",
        because=f"document {command.document} is counted already",
        field="document",
        way_out="every posting has its own document",
    )
    today = given.now.date()
    require(command.day <= today, rule="day", because=f"{command.day} is still to come", field="day", way_out=f"{today} at the latest")
    require(
        not command.amount.exceeds(account.to_spend),
        rule="spent-within-released",
        because=f"{account.to_spend} is released and not spent, this is {command.amount}",
        field="amount",
        way_out="have the next gate fund it before it is posted",
    )
    event = CostActualRecorded(amount=command.amount, day=command.day, document=command.document, description=command.description)
    yield event.note(occurred=_on(command.day))


@decides
def restate(account: InvestmentAccount, command: RestateBudget, given: Given) -> Events:
    row = feed_row(command.batch, command.row)
    require(row not in account.restated, rule="row-once", because=f"row {command.row} of batch {command.batch} is on record", field="row")
    event = BudgetRestated(
        as_at=command.as_at,
        whole_life_cost=command.whole_life_cost,
        year_baseline=command.year_baseline,
        year_forecast=command.year_forecast,
        feed=command.feed,
        batch=command.batch,
        row=command.row,
    )
    yield event.note(occurred=_on(command.as_at))


@decides
def return_funding(account: InvestmentAccount, command: ReturnFunding, given: Given) -> Events:
    account.must_be(Status.OPEN)
    yield FundingReturned(amount=account.to_spend, decision=command.decision)


__all__ = [
    "AuthoriseFunding",
    "BaselineBudget",
    "InvestmentAccount",
    "OpenAccount",
    "RecordActual",
    "ReleaseFunding",
    "RestateBudget",
    "ReturnFunding",
    "Status",
]
