"""Money follows the decision of a gate: authorised as decided, then released."""

from collections.abc import Iterator

from services.benefits.investment_account import AuthoriseFunding, ReleaseFunding
from services.benefits.investment_account_state import InvestmentAccount
from shared.contracts.benefits.investment_account import FundingAuthorised
from shared.contracts.envelope import Heard
from shared.contracts.gates.gate_review import GateDecided
from shared.domain.given import Given
from shared.stream.react import Do


def authorise(event: GateDecided, heard: Heard, given: Given) -> Iterator[Do]:
    if event.outcome.lets_on and event.funding is not None:
        review = heard.envelope.subject.partition("/")[2]
        command = AuthoriseFunding(amount=event.funding, stage=event.gate, gate_review=review, decision=heard.envelope.id)
        yield Do(InvestmentAccount, event.initiative, command)


def release(event: FundingAuthorised, heard: Heard, given: Given) -> Iterator[Do]:
    yield Do(InvestmentAccount, heard.envelope.key, ReleaseFunding(amount=event.amount, decision=event.decision))
