"""The state of a gate review, and how its events change it. The rules are in gate_review.py."""

from decimal import ROUND_CEILING
from enum import StrEnum

from pydantic import Field

from shared.contracts.gates.gate_review import (
    CriterionAssessed,
    DecisionCorrected,
    EvidenceSubmitted,
    GateDecided,
    GateOverdue,
    GateScheduled,
    VoteCast,
)
from shared.contracts.terms import GateOutcome, Tier
from shared.contracts.values import Frozen, Id, InitiativeId, Money, Name, PersonId
from shared.domain.decider import evolves
from shared.domain.refused import Refused
from shared.domain.state import Command, State


class Status(StrEnum):
    SCHEDULED = "scheduled"
    DECIDED = "decided"


class Project(Frozen):
    """What the first gate has to know of the initiative; later gates take it over from the one before."""

    initiative: InitiativeId
    title: Name
    tier: Tier
    amount: Money | None = None
    proposer: PersonId | None = None
    sponsor: PersonId | None = None
    framework: Id

    @classmethod
    def of(cls, schedule: GateScheduled) -> "Project":
        """The project as an earlier gate knew it."""
        return cls(**{name: getattr(schedule, name) for name in cls.model_fields})


class GateReview(State):
    """One round of one gate. Stream: gate-review/<initiative>.G<gate>.R<round>."""

    status: Status | None = None
    scheduled: GateScheduled | None = None
    evidence: tuple[EvidenceSubmitted, ...] = ()
    assessed: dict[str, CriterionAssessed] = Field(default_factory=dict)
    votes: dict[str, GateOutcome] = Field(default_factory=dict)
    decision: GateDecided | None = None
    corrections: tuple[str, ...] = ()
    overdue: bool = False

    def about(self) -> str | None:
        return self.scheduled.initiative if self.scheduled else None

    def office_in_charge(self) -> str | None:
        return self.scheduled.office if self.scheduled else None

    def called(self) -> str | None:
        return f"{self.scheduled.title}, gate {self.scheduled.gate} {self.scheduled.gate_name.lower()}" if self.scheduled else None

    def takes(self, command: type[Command]) -> bool:
        decided = self.status is Status.DECIDED
        return command.starts != self.exists and (command.name == "correct-decision") == decided

    @property
    def schedule(self) -> GateScheduled:
        """What was fixed when the gate was scheduled."""
        if self.scheduled is None:
            raise Refused("exists", "this gate is not scheduled", way_out="schedule it first")
        return self.scheduled

    @property
    def kinds(self) -> list[str]:
        """The kinds of evidence before the gate."""
        return sorted({evidence.kind for evidence in self.evidence})

    @property
    def barred(self) -> dict[str, str]:
        """Who has a part in the initiative, and which: above the light tier they neither vote nor decide."""
        if self.schedule.tier is Tier.LIGHT:
            return {}
        part = {evidence.submitted_by: "submitted evidence" for evidence in self.evidence}
        if self.schedule.sponsor:
            part[self.schedule.sponsor] = "sponsors the initiative"
        if self.schedule.proposer:
            part[self.schedule.proposer] = "proposed the initiative"
        return part

    def next(self) -> tuple[int, int]:
        """The gate and round that follow this review; raises Refused (rule `after`) when none does, or none yet."""
        if self.decision is None:
            raise Refused("after", f"gate {self.schedule.gate} is not decided", field="after", way_out="decide it first")
        outcome = self.decision.outcome
        if outcome is GateOutcome.KILL or (outcome.lets_on and self.schedule.last):
            raise Refused("after", f"after {outcome} at gate {self.schedule.gate} no gate follows", field="after")
        return (self.schedule.gate + 1, 1) if outcome.lets_on else (self.schedule.gate, self.schedule.round + 1)

    def inputs(self) -> dict[str, list[str] | str | int]:
        """What a rule sees. An amount that nobody stated is left out, so that no rule about it holds."""
        schedule = self.schedule
        seen: dict[str, list[str] | str | int] = {
            "evidence": self.kinds,
            "tier": schedule.tier.value,
            "gate": schedule.gate,
            "round": schedule.round,
        }
        if schedule.amount is not None:
            seen["amount"] = int((schedule.amount.amount * 100).to_integral_value(ROUND_CEILING))
        return seen


def review_id(initiative: str, gate: int, round_: int) -> str:
    """The id of a review: one for each round of each gate."""
    return f"{initiative}.G{gate}.R{round_}"


@evolves
def scheduled(review: GateReview, event: GateScheduled) -> GateReview:
    return review.replace(status=Status.SCHEDULED, scheduled=event)


@evolves
def evidence_submitted(review: GateReview, event: EvidenceSubmitted) -> GateReview:
    """Votes and assessments that were given on the evidence before it are void; they stay on record."""
    return review.replace(evidence=(*review.evidence, event), votes={}, assessed={})


@evolves
def assessed(review: GateReview, event: CriterionAssessed) -> GateReview:
    return review.replace(assessed={**review.assessed, event.criterion: event})


@evolves
def voted(review: GateReview, event: VoteCast) -> GateReview:
    return review.replace(votes={**review.votes, event.member: event.vote})


@evolves
def decided(review: GateReview, event: GateDecided) -> GateReview:
    return review.replace(status=Status.DECIDED, decision=event)


@evolves
def corrected(review: GateReview, event: DecisionCorrected) -> GateReview:
    return review.replace(corrections=(*review.corrections, event.corrects))


@evolves
def overdue(review: GateReview, event: GateOverdue) -> GateReview:
    return review.replace(overdue=True)
