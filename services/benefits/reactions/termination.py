"""A terminated initiative gives back what was released to it and not spent."""

from collections.abc import Iterator

from services.benefits.investment_account import ReturnFunding
from services.benefits.investment_account_state import InvestmentAccount
from shared.contracts.envelope import Heard
from shared.contracts.intake.initiative import ProjectTerminated
from shared.domain.given import Given
from shared.stream.react import Do


def return_unspent(event: ProjectTerminated, heard: Heard, given: Given) -> Iterator[Do]:
    yield Do(InvestmentAccount, heard.envelope.key, ReturnFunding(decision=event.decision))
