"""Gate review: may this initiative go on? One round of one gate, from its scheduling to its decision (Cooper's Stage-Gate)."""

from datetime import date
from typing import Annotated

from pydantic import StringConstraints

from services.gates.authority_matrix import matrices_of
from services.gates.ballot import count
from services.gates.board import Board
from services.gates.gate_outcome import must_be_allowed, must_be_fundable, must_be_tracked, verdicts_of
from services.gates.gate_review_state import GateReview as GateReview
from services.gates.gate_review_state import Project, Status, review_id
from services.gates.governance_framework import GovernanceFramework
from services.gates.rules import ENGINE, holds
from shared.contracts.gates.authority_matrix import Right
from shared.contracts.gates.gate_review import (
    Condition,
    CriterionAssessed,
    DecisionCorrected,
    EvidenceSubmitted,
    GateDecided,
    GateOverdue,
    GateScheduled,
    VoteCast,
)
from shared.contracts.gates.governance_framework import Gate, Lifecycle
from shared.contracts.personal import Personal
from shared.contracts.terms import Decision, GateOutcome
from shared.contracts.values import Id, Money, Name, OfficeId, Sha256, Text
from shared.domain.authority import must_be_apart, must_hold, resolve
from shared.domain.decider import Events, decides
from shared.domain.given import Given
from shared.domain.refused import Refused, require
from shared.domain.state import Command

EventId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]


class ScheduleGate(Command, role=("service", "portfolio-office"), starts=True):
    """The gate will be held. The first is scheduled for a `project`; every later one `after` a review that was decided."""

    office: OfficeId
    due: date
    after: Id | None = None
    """The review that led here: GO leads to the next gate, RECYCLE and HOLD to the same gate once more."""
    project: Project | None = None


class SubmitEvidence(Command, role=("proposer", "sponsor", "portfolio-office")):
    """Put a document before the gate. Votes and assessments given before it are void."""

    kind: Id
    """What it is, in the words of the criteria: business-case, risk-register, plan."""
    title: Name
    sha256: Sha256
    """The hash of the document's bytes: the document stays where it is, the record knows it by this."""


class AssessCriterion(Command, role=("portfolio-office", "board-member", "chair")):
    """Judge a criterion: its rule does, where it has one; else the person says whether it is met."""

    criterion: Id
    """Its short name in the table of criteria."""
    met: bool | None = None
    """Only where it has no rule: its rule looks at the evidence by itself."""
    remark: Personal[Text] | None = None


class CastVote(Command, role=("board-member", "chair"), signs="This is my vote on this gate"):
    """Vote as a member of the board; a later vote replaces an earlier one until the decision."""

    vote: GateOutcome
    opinion: Personal[Text] | None = None
    """What should stand beside your vote; of a vote against the decision, the dissent."""


class DecideGate(Command, role=("chair", "portfolio-office"), signs="I decide this gate", decides=True):
    """Decide: the chair records what the board carried; at the light tier the holder of the right decides alone."""

    outcome: GateOutcome
    """Go on; go on under conditions; wait; come again with more; stop for good. What the board carried, where a board decides."""
    funding: Money | None = None
    """What the stage that follows may cost; only with go and conditional go."""
    conditions: tuple[Condition, ...] = ()
    """Only of a conditional go; each is tracked on its own: a short id such as C1, what is to be done, by whom, until when."""
    rationale: Personal[Text]
    """Why; it goes into the record."""


class CorrectDecision(Command, role=("chair", "portfolio-office"), signs="I correct the record of this decision"):
    """Put a mistake in the record right, beside it. The outcome stays."""

    corrects: EventId
    """The id of the event that is corrected."""
    correction: Personal[Text]


class MarkGateOverdue(Command, role="service"):
    """The due date has passed; nothing happens if the gate is decided."""


def gate_of(review: GateReview, given: Given) -> tuple[Lifecycle, Gate]:
    """The lifecycle and the gate under the framework version that was fixed at scheduling."""
    schedule = review.schedule
    lifecycle = given.of(GovernanceFramework, schedule.framework).lifecycle(schedule.framework_version, schedule.tier)
    return lifecycle, lifecycle.gates[schedule.gate - 1]


def right_to_decide(review: GateReview, funding: Money | None, given: Given) -> Right:
    """Whose decision it is now; raises Refused (rule `authority`)."""
    matrices = matrices_of(review.schedule.office, given)
    return resolve(matrices, Decision.DECIDE_GATE, review.schedule.tier, funding, given.now.date())


def _in_person(given: Given, act: str) -> None:
    require(
        given.who.person == given.who.actor,
        rule="in-person",
        because=f"{given.who.actor} cannot {act} for {given.who.on_behalf_of}",
        way_out=f"{given.who.on_behalf_of} does it in person",
    )


@decides
def schedule(review: GateReview, command: ScheduleGate, given: Given) -> Events:
    require(
        (command.after is None) != (command.project is None),
        rule="after",
        because="a gate is scheduled for a project that begins, or after a review, by exactly one of both",
        field="after",
        way_out="name the review that led here",
    )
    today, by_service = given.now.date(), given.who.role == "service"
    require(  # a service may hear late what led to the gate
        command.due >= today or by_service,
        rule="due",
        because=f"{command.due} has passed",
        field="due",
        way_out=f"choose {today} or later",
    )
    if command.project is not None:
        require(
            by_service,
            rule="first-gate",
            because="the first gate is scheduled when its project is registered",
            field="project",
            way_out="name the review that led here in `after`",
        )
        project, gate, round_ = command.project, 1, 1
        version = given.of(GovernanceFramework, project.framework).latest
    else:
        before = given.of(GateReview, command.after or "")
        gate, round_ = before.next()
        last = before.schedule
        require(last.office == command.office, rule="office", because=f"the gate is held in office {last.office}", field="office")
        project = Project.of(last)
        version = last.framework_version
    identity = review_id(project.initiative, gate, round_)
    require(given.subject == identity, rule="id", because=f"this is not {given.subject}", way_out=f"schedule it as {identity}")
    gates = given.of(GovernanceFramework, project.framework).lifecycle(version, project.tier).gates
    yield GateScheduled(
        initiative=project.initiative,
        office=command.office,
        title=project.title,
        tier=project.tier,
        gate=gate,
        gate_name=gates[gate - 1].name,
        last=gate == len(gates),
        round=round_,
        framework=project.framework,
        framework_version=version,
        amount=project.amount,
        proposer=project.proposer,
        sponsor=project.sponsor,
        due=command.due,
    ).note(framework=f"{project.framework}/{version}")


@decides
def submit(review: GateReview, command: SubmitEvidence, given: Given) -> Events:
    review.must_be(Status.SCHEDULED)
    _in_person(given, "submit evidence")
    require(
        not any((known.kind, known.sha256) == (command.kind, command.sha256) for known in review.evidence),
        rule="once",
        because=f"this document is before the gate already as {command.kind}",
        field="sha256",
        way_out="submit another document, or the same one as another kind",
    )
    yield EvidenceSubmitted(
        evidence=f"E{len(review.evidence) + 1}",
        kind=command.kind,
        title=command.title,
        sha256=command.sha256,
        submitted_by=given.who.person,
    )


@decides
def assess(review: GateReview, command: AssessCriterion, given: Given) -> Events:
    review.must_be(Status.SCHEDULED)
    schedule, (_, gate) = review.schedule, gate_of(review, given)
    asked = next((criterion for criterion in gate.criteria if criterion.id == command.criterion), None)
    if asked is None:
        known = ", ".join(criterion.id for criterion in gate.criteria)
        raise Refused("criterion", f"gate {gate.number} asks no {command.criterion}", field="criterion", way_out=f"it asks {known}")
    inputs = review.inputs()
    if asked.rule is not None:
        if command.met is not None:
            raise Refused("criterion", f"{asked.id} is judged by its rule: {asked.rule}", field="met", way_out="leave `met` out")
        met = holds(asked.rule, inputs)
    elif command.met is None:
        raise Refused("criterion", f"{asked.id} has no rule; it takes a person's judgement", field="met", way_out="say whether it is met")
    else:
        must_be_apart(given.who, barred=review.barred, tier=schedule.tier, act="judge it")
        met = command.met
    yield CriterionAssessed(
        criterion=asked.id,
        must=asked.must,
        met=met,
        rule=asked.rule,
        engine=ENGINE if asked.rule is not None else None,
        inputs={name: value if isinstance(value, list) else str(value) for name, value in inputs.items()},
        assessor=given.who.person,
        remark=command.remark,
    ).note(framework=f"{schedule.framework}/{schedule.framework_version}")


@decides
def vote(review: GateReview, command: CastVote, given: Given) -> Events:
    review.must_be(Status.SCHEDULED)
    _in_person(given, "vote")
    right = right_to_decide(review, None, given)
    if right.board is None:
        raise Refused("ballot", f"this gate is {right.holder}'s decision by right {right.id}", way_out="no ballot is taken")
    board, person = given.of(Board, right.board), given.who.person
    require(
        person in board.voters,
        rule="member",
        because=f"{person} has no vote on board {right.board}",
        way_out=f"its voting members are {', '.join(sorted(board.voters))}",
    )
    must_be_apart(given.who, barred=review.barred, tier=review.schedule.tier, act="vote on it")
    yield VoteCast(member=person, vote=command.vote, opinion=command.opinion).note(authority=right.id, reason=command.opinion)


@decides
def decide(review: GateReview, command: DecideGate, given: Given) -> Events:
    review.must_be(Status.SCHEDULED)
    schedule, (lifecycle, gate) = review.schedule, gate_of(review, given)
    must_be_fundable(command.outcome, command.funding, schedule.amount, schedule.last)
    right = right_to_decide(review, command.funding, given)
    must_be_apart(given.who, barred=review.barred, tier=schedule.tier, act="decide on it")
    if right.board is not None:
        board = given.of(Board, right.board)
        require(
            given.who.person == board.chair,
            rule="authority",
            because=f"the chair of board {right.board} records its decision; that is {board.chair or 'nobody yet'}",
            way_out="ask the chair, or constitute the board",
        )
        ballot = count(board, lifecycle, review.votes, review.barred, command.outcome)
    else:
        require(
            lifecycle.seats == 1,
            rule="authority",
            because=f"tier {schedule.tier} is decided by a board of {lifecycle.seats}; right {right.id} is held by one person",
            way_out="have the right granted to a board",
        )
        must_hold(right, given.who)
        ballot = None
    verdicts = verdicts_of(review, gate)
    must_be_allowed(command.outcome, verdicts, schedule.last)
    must_be_tracked(command.outcome, command.conditions, given.now.date())
    yield GateDecided(
        initiative=schedule.initiative,
        office=schedule.office,
        gate=schedule.gate,
        last=schedule.last,
        outcome=command.outcome,
        funding=command.funding,
        body=right.board or right.holder or "",
        verdicts=verdicts,
        ballot=ballot,
        conditions=command.conditions,
        rationale=command.rationale,
    ).note(authority=right.id, reason=command.rationale, framework=f"{schedule.framework}/{schedule.framework_version}")


@decides
def correct(review: GateReview, command: CorrectDecision, given: Given) -> Events:
    review.must_be(Status.DECIDED)
    yield DecisionCorrected(corrects=command.corrects, correction=command.correction).note(reason=command.correction)


@decides
def mark_overdue(review: GateReview, command: MarkGateOverdue, given: Given) -> Events:
    if review.status is Status.SCHEDULED and not review.overdue:
        yield GateOverdue(due=review.schedule.due)
