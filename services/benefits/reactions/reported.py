"""Figures that a feed reports are kept in the initiative's account, as reported."""

from collections.abc import Iterator

from services.benefits.investment_account import OpenAccount, RestateBudget
from services.benefits.investment_account_state import InvestmentAccount
from services.benefits.reactions.opening import CURRENCY
from shared.contracts.envelope import Heard
from shared.contracts.reporting.feed import FeedRecordAccepted
from shared.contracts.terms import ReportedMoney, ReportedState
from shared.domain.given import Given
from shared.stream.react import Do


def restate_reported(event: FeedRecordAccepted, heard: Heard, given: Given) -> Iterator[Do]:
    """A row without any figure restates nothing; a whole-life cost that has no column is not yet known."""
    figures = [figure for figure in (event.whole_life_cost, event.year_baseline, event.year_forecast) if figure]
    if not given.of(InvestmentAccount, event.initiative).exists:
        currency = next((figure.amount.currency for figure in figures if figure.amount), CURRENCY)
        yield Do(InvestmentAccount, event.initiative, OpenAccount(office=event.office, title=event.name, currency=currency))
    if figures:
        command = RestateBudget(
            as_at=event.effective,
            whole_life_cost=event.whole_life_cost or ReportedMoney(state=ReportedState.NOT_YET_KNOWN),
            year_baseline=event.year_baseline,
            year_forecast=event.year_forecast,
            feed=event.feed,
            batch=event.batch,
            row=event.row,
        )
        yield Do(InvestmentAccount, event.initiative, command)
