"""The state of an investment account, and how its events change it. The rules are in investment_account.py."""

from decimal import Decimal
from enum import StrEnum

from pydantic import Field

from shared.contracts.benefits.investment_account import (
    BudgetBaselined,
    BudgetRestated,
    CostActualRecorded,
    FundingAuthorised,
    FundingReleased,
    FundingReturned,
    InvestmentAccountOpened,
)
from shared.contracts.values import Amount, Money
from shared.domain.decider import evolves
from shared.domain.state import State

ZERO = Decimal(0)


class Status(StrEnum):
    OPEN = "open"
    RETURNED = "returned"


class InvestmentAccount(State):
    """Sums in the account's currency. Stream: investment-account/<initiative>."""

    status: Status | None = None
    initiative: str = ""
    office: str = ""
    currency: str = ""
    baseline: Money | None = None
    authorised: dict[str, FundingAuthorised] = Field(default_factory=dict)
    """Each authorisation by the decision that gave it."""
    released: dict[str, Amount] = Field(default_factory=dict)
    """How much of each authorisation was released."""
    spent: Amount = ZERO
    returned: Amount = ZERO
    documents: frozenset[str] = frozenset()
    restated: frozenset[str] = frozenset()
    """The rows of feeds that were taken over."""

    def about(self) -> str | None:
        return self.initiative or None

    def office_in_charge(self) -> str | None:
        return self.office or None

    @property
    def authorised_total(self) -> Decimal:
        return sum((given.amount.amount for given in self.authorised.values()), ZERO)

    @property
    def released_total(self) -> Decimal:
        return sum(self.released.values(), ZERO)

    @property
    def to_spend(self) -> Money:
        """What was released and neither spent nor returned."""
        return Money(amount=self.released_total - self.spent - self.returned, currency=self.currency)


@evolves
def opened(account: InvestmentAccount, event: InvestmentAccountOpened) -> InvestmentAccount:
    return account.replace(status=Status.OPEN, initiative=event.initiative, office=event.office, currency=event.currency)


@evolves
def baselined(account: InvestmentAccount, event: BudgetBaselined) -> InvestmentAccount:
    return account.replace(baseline=event.amount)


@evolves
def authorised(account: InvestmentAccount, event: FundingAuthorised) -> InvestmentAccount:
    return account.replace(authorised={**account.authorised, event.decision: event})


@evolves
def released(account: InvestmentAccount, event: FundingReleased) -> InvestmentAccount:
    before = account.released.get(event.decision, ZERO)
    return account.replace(released={**account.released, event.decision: before + event.amount.amount})


@evolves
def actual_recorded(account: InvestmentAccount, event: CostActualRecorded) -> InvestmentAccount:
    return account.replace(spent=account.spent + event.amount.amount, documents=account.documents | {event.document})


@evolves
def restated(account: InvestmentAccount, event: BudgetRestated) -> InvestmentAccount:
    """Reported figures are kept beside the account's own and move none of them."""
    return account.replace(restated=account.restated | {feed_row(event.batch, event.row)})


@evolves
def funding_returned(account: InvestmentAccount, event: FundingReturned) -> InvestmentAccount:
    return account.replace(status=Status.RETURNED, returned=account.returned + event.amount.amount)


def feed_row(batch: str, row: int) -> str:
    """A row of a feed by its batch and number."""
    return f"{batch}#{row}"
