"""Gate reviews: what is held when, by which framework, and how far it has come."""

from datetime import date, datetime
from enum import StrEnum

from shared.contracts.envelope import Heard
from shared.contracts.gates.gate_review import CriterionAssessed, EvidenceSubmitted, GateDecided, GateOverdue, GateScheduled, VoteCast
from shared.contracts.terms import GateOutcome, Tier
from shared.contracts.values import Money
from shared.domain.state import Fact
from shared.projection.view import View


class ReviewState(StrEnum):
    """How far a review has come."""

    SCHEDULED = "scheduled"
    DECIDED = "decided"


class GateReviewRow(Fact):
    """One meeting of one gate. Votes and criteria by who or what they are of; the last one counts."""

    review: str
    initiative: str
    office: str
    title: str
    tier: Tier
    gate: int
    gate_name: str
    last: bool
    round: int
    framework: str
    framework_version: int
    amount: Money | None = None
    proposer: str | None = None
    sponsor: str | None = None
    due: date
    overdue: bool = False
    state: ReviewState = ReviewState.SCHEDULED
    outcome: GateOutcome | None = None
    evidence: int = 0
    criteria: dict[str, bool]
    votes: dict[str, GateOutcome]
    scheduled: datetime
    changed: datetime


gate_reviews = View("gate_reviews", GateReviewRow, log="gates", history=True)


def review_id(heard: Heard) -> str:
    """The review that a record of the gates log is about."""
    return heard.envelope.subject.removeprefix("gate-review/")


def _of_review(event: object, heard: Heard) -> str:
    return review_id(heard)


@gate_reviews.on(key=_of_review)
def gate_scheduled(row: GateReviewRow | None, event: GateScheduled, heard: Heard) -> GateReviewRow:
    recorded = heard.envelope.recorded
    return GateReviewRow(review=review_id(heard), criteria={}, votes={}, scheduled=recorded, changed=recorded, **dict(event))


@gate_reviews.on(key=_of_review)
def evidence_submitted(row: GateReviewRow | None, event: EvidenceSubmitted, heard: Heard) -> GateReviewRow | None:
    return row and row.replace(evidence=row.evidence + 1, changed=heard.envelope.recorded)


@gate_reviews.on(key=_of_review)
def criterion_assessed(row: GateReviewRow | None, event: CriterionAssessed, heard: Heard) -> GateReviewRow | None:
    return row and row.replace(criteria={**row.criteria, event.criterion: event.met}, changed=heard.envelope.recorded)


@gate_reviews.on(key=_of_review)
def vote_cast(row: GateReviewRow | None, event: VoteCast, heard: Heard) -> GateReviewRow | None:
    return row and row.replace(votes={**row.votes, event.member: event.vote}, changed=heard.envelope.recorded)


@gate_reviews.on(key=_of_review)
def gate_decided(row: GateReviewRow | None, event: GateDecided, heard: Heard) -> GateReviewRow | None:
    return row and row.replace(state=ReviewState.DECIDED, outcome=event.outcome, changed=heard.envelope.recorded)


@gate_reviews.on(key=_of_review)
def gate_overdue(row: GateReviewRow | None, event: GateOverdue, heard: Heard) -> GateReviewRow | None:
    return row and row.replace(overdue=True, changed=heard.envelope.recorded)
