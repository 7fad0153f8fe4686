"""A selected initiative gets its account: on hearing that it is registered or that its gate is scheduled, whichever is heard first.

A decision of the gate can then never be heard before there is an account, however far one topic lags behind the other.
"""

from collections.abc import Iterator

from services.benefits.investment_account import OpenAccount
from services.benefits.investment_account_state import InvestmentAccount
from shared.contracts.envelope import Heard
from shared.contracts.gates.gate_review import GateScheduled
from shared.contracts.intake.initiative import ProjectRegistered
from shared.contracts.values import Money
from shared.domain.given import Given
from shared.stream.react import Do

CURRENCY = "GBP"
"""The currency of an account whose initiative has no estimate."""


def open_when_registered(event: ProjectRegistered, heard: Heard, given: Given) -> Iterator[Do]:
    """A reported initiative gets its account with the figures that are reported of it."""
    if event.tier is not None:
        yield from _open(event.initiative, event.office, event.name, event.estimate, given)


def open_when_scheduled(event: GateScheduled, heard: Heard, given: Given) -> Iterator[Do]:
    yield from _open(event.initiative, event.office, event.title, event.amount, given)


def _open(identity: str, office: str, title: str, estimate: Money | None, given: Given) -> Iterator[Do]:
    if not given.of(InvestmentAccount, identity).exists:
        currency = estimate.currency if estimate else CURRENCY
        yield Do(InvestmentAccount, identity, OpenAccount(office=office, title=title, currency=currency, estimate=estimate))
