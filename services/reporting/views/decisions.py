"""Decisions of gates, with the authority that they rest on and what was corrected since. Texts are digests, disclosed by gates."""

from datetime import datetime

from services.reporting.views.gate_reviews import review_id
from shared.contracts.envelope import Heard
from shared.contracts.gates.gate_review import Ballot, Condition, DecisionCorrected, GateDecided, Verdict
from shared.contracts.personal import Personal
from shared.contracts.terms import GateOutcome
from shared.contracts.values import Frozen, Money, Text
from shared.domain.state import Fact
from shared.projection.view import View


class Correction(Frozen):
    """A mistake put right beside the decision."""

    event: str
    correction: Personal[Text]
    actor: str
    recorded: datetime


class DecisionRow(Fact):
    """One decision; `event` is the id of the GateDecided event, by which later events know it."""

    review: str
    event: str
    initiative: str
    office: str
    gate: int
    last: bool
    outcome: GateOutcome
    funding: Money | None = None
    body: str
    verdicts: tuple[Verdict, ...]
    ballot: Ballot | None = None
    conditions: tuple[Condition, ...]
    rationale: Personal[Text]
    corrections: tuple[Correction, ...] = ()
    decided_by: str
    on_behalf_of: str | None = None
    authority: str | None = None
    framework: str | None = None
    decided: datetime


decisions = View("decisions", DecisionRow, log="gates", history=True)


def _of_review(event: object, heard: Heard) -> str:
    return review_id(heard)


@decisions.on(key=_of_review)
def gate_decided(row: DecisionRow | None, event: GateDecided, heard: Heard) -> DecisionRow:
    envelope = heard.envelope
    return DecisionRow(
        review=review_id(heard),
        event=envelope.id,
        decided_by=envelope.actor,
        on_behalf_of=envelope.onbehalfof,
        authority=envelope.authority,
        framework=envelope.frameworkversion,
        decided=envelope.recorded,
        **dict(event),
    )


@decisions.on(key=_of_review)
def decision_corrected(row: DecisionRow | None, event: DecisionCorrected, heard: Heard) -> DecisionRow | None:
    envelope = heard.envelope
    correction = Correction(event=envelope.id, correction=event.correction, actor=envelope.actor, recorded=envelope.recorded)
    return row and row.replace(corrections=(*row.corrections, correction))
