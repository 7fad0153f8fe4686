"""Investment accounts: estimate, baseline, authorised, released, spent, returned; and what a source outside reports of the cost."""

from datetime import date

from shared.contracts.benefits.investment_account import (
    BudgetBaselined,
    BudgetRestated,
    CostActualRecorded,
    FundingAuthorised,
    FundingReleased,
    FundingReturned,
    InvestmentAccountOpened,
)
from shared.contracts.envelope import Heard
from shared.contracts.terms import ReportedMoney
from shared.contracts.values import Money
from shared.domain.state import Fact
from shared.projection.view import View


class AccountRow(Fact):
    """One initiative's money. What is reported was never approved here: it stands beside the baseline, not in its place."""

    initiative: str
    office: str
    name: str
    currency: str
    estimate: Money | None = None
    baseline: Money | None = None
    authorised: Money
    released: Money
    actual: Money
    returned: Money
    whole_life_cost: ReportedMoney | None = None
    first_reported: ReportedMoney | None = None
    year_baseline: ReportedMoney | None = None
    year_forecast: ReportedMoney | None = None
    reported_as_at: date | None = None
    feed: str | None = None
    batch: str | None = None
    row: int | None = None


accounts = View("accounts", AccountRow, log="benefits", history=True)


@accounts.on
def account_opened(row: AccountRow | None, event: InvestmentAccountOpened, heard: Heard) -> AccountRow:
    none = Money.model_validate({"amount": "0", "currency": event.currency})
    return AccountRow(authorised=none, released=none, actual=none, returned=none, **dict(event))


@accounts.on
def budget_baselined(row: AccountRow | None, event: BudgetBaselined, heard: Heard) -> AccountRow | None:
    return row and row.replace(baseline=event.amount)


@accounts.on
def funding_authorised(row: AccountRow | None, event: FundingAuthorised, heard: Heard) -> AccountRow | None:
    return row and row.replace(authorised=row.authorised + event.amount)


@accounts.on
def funding_released(row: AccountRow | None, event: FundingReleased, heard: Heard) -> AccountRow | None:
    return row and row.replace(released=row.released + event.amount)


@accounts.on
def funding_returned(row: AccountRow | None, event: FundingReturned, heard: Heard) -> AccountRow | None:
    return row and row.replace(returned=row.returned + event.amount)


@accounts.on
def cost_recorded(row: AccountRow | None, event: CostActualRecorded, heard: Heard) -> AccountRow | None:
    return row and row.replace(actual=row.actual + event.amount)


@accounts.on
def budget_restated(row: AccountRow | None, event: BudgetRestated, heard: Heard) -> AccountRow | None:
    if row is None or (row.reported_as_at is not None and event.as_at < row.reported_as_at):
        return row
    return row.replace(
        whole_life_cost=event.whole_life_cost,
        first_reported=row.first_reported or event.whole_life_cost,
        year_baseline=event.year_baseline,
        year_forecast=event.year_forecast,
        reported_as_at=event.as_at,
        feed=event.feed,
        batch=event.batch,
        row=event.row,
    )
