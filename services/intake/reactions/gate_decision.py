"""What a gate decided, done to the initiative. A funded stage starts when its money is released, an unfunded one at once."""

from collections.abc import Iterator

from services.intake.initiative import CloseProject, Initiative, StartStage, TerminateProject
from shared.contracts.benefits.investment_account import FundingReleased
from shared.contracts.envelope import Heard
from shared.contracts.gates.gate_review import GateDecided
from shared.contracts.terms import GateOutcome
from shared.domain.given import Given
from shared.stream.react import Do


def follow_decision(event: GateDecided, heard: Heard, given: Given) -> Iterator[Do]:
    review, decision = heard.envelope.subject.partition("/")[2], heard.envelope.id
    if event.outcome is GateOutcome.KILL:
        yield Do(Initiative, event.initiative, TerminateProject(gate_review=review, decision=decision))
    elif event.outcome.lets_on and event.last:
        yield Do(Initiative, event.initiative, CloseProject(gate_review=review, decision=decision))
    elif event.outcome.lets_on and event.funding is None:
        yield Do(Initiative, event.initiative, StartStage(stage=event.gate, gate_review=review, decision=decision))


def start_funded_stage(event: FundingReleased, heard: Heard, given: Given) -> Iterator[Do]:
    """The first release for a stage starts it; what is released later finds it under way."""
    if given.of(Initiative, event.initiative).stage < event.stage:
        command = StartStage(stage=event.stage, gate_review=event.gate_review, decision=event.decision)
        yield Do(Initiative, event.initiative, command)
