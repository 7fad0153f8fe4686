"""An investment account's events: one initiative's money, in one currency."""

from datetime import date

from shared.contracts.event import Event
from shared.contracts.personal import Personal
from shared.contracts.terms import ReportedMoney
from shared.contracts.values import Count, Currency, Id, InitiativeId, Money, Name, OfficeId, Text


class InvestmentAccountOpened(Event):
    """The account is open; it holds no money yet."""

    initiative: InitiativeId
    office: OfficeId
    name: Name
    currency: Currency
    estimate: Money | None = None


class BudgetBaselined(Event):
    """The first approved budget; only an approved change moves it afterwards."""

    amount: Money
    rationale: Personal[Text]


class FundingAuthorised(Event):
    """A decision allows this much for a stage. `decision` is the id of the GateDecided event."""

    amount: Money
    stage: Count
    gate_review: Id
    decision: str


class FundingReleased(Event):
    """Authorised money may now be spent."""

    initiative: InitiativeId
    office: OfficeId
    amount: Money
    stage: Count
    gate_review: Id
    decision: str


class FundingReturned(Event):
    """What was released and not spent went back after a termination."""

    amount: Money
    decision: str


class CostActualRecorded(Event):
    """Money was spent. `document` identifies the posting, so that it counts once."""

    amount: Money
    day: date
    document: Id
    description: Name


class BudgetRestated(Event):
    """A source outside published figures: recorded as reported, never as approved."""

    as_at: date
    whole_life_cost: ReportedMoney
    year_baseline: ReportedMoney | None = None
    year_forecast: ReportedMoney | None = None
    feed: Id
    batch: Id
    row: Count
