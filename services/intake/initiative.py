"""Initiative: its life from registration to its end. Stages start one after the other, each on a gate decision (PRINCE2: stages)."""

from enum import StrEnum

from services.intake.proposal import Proposal
from services.intake.proposal import Status as ProposalStatus
from shared.contracts.intake.initiative import Origin, ProjectClosed, ProjectRegistered, ProjectTerminated, StageStarted
from shared.contracts.personal import Personal
from shared.contracts.terms import Tier
from shared.contracts.values import Count, Id, Money, Name, OfficeId, PersonId, Text
from shared.domain.decider import Events, decides, evolves
from shared.domain.given import Given
from shared.domain.refused import require
from shared.domain.state import Command, State


class Status(StrEnum):
    REGISTERED = "registered"
    UNDER_WAY = "under-way"
    CLOSED = "closed"
    TERMINATED = "terminated"


class Initiative(State):
    """A project on the books. Stream: initiative/<id>."""

    status: Status | None = None
    initiative: str = ""
    office: str = ""
    title: str = ""
    origin: Origin | None = None
    tier: Tier | None = None
    stage: int = 0
    decisions: tuple[str, ...] = ()

    def about(self) -> str | None:
        return self.initiative or None

    def office_in_charge(self) -> str | None:
        return self.office or None


class RegisterProject(Command, role="service", starts=True):
    """Put it on the books: selected here, or reported by a feed as already under way."""

    office: OfficeId
    title: Name
    origin: Origin
    tier: Tier | None = None
    estimate: Money | None = None
    proposer: PersonId | None = None
    sponsor: PersonId | None = None
    category: str | None = None


class StartStage(Command, role="service"):
    """The next stage begins, on the authority of a gate decision."""

    stage: Count
    gate_review: Id
    decision: Id


class TerminateProject(Command, role="service"):
    """A gate stopped it for good."""

    gate_review: Id
    decision: Id


class CloseProject(Command, role=("service", "portfolio-office")):
    """It came to its end: by its last gate, or, if it was reported by a feed, because a person says so."""

    gate_review: Id | None = None
    decision: Id | None = None
    explanation: Personal[Text] | None = None


@decides
def register(initiative: Initiative, command: RegisterProject, given: Given) -> Events:
    if command.origin is Origin.SELECTION:
        proposal = given.of(Proposal, given.subject)
        require(
            proposal.status is ProposalStatus.SELECTED,
            rule="selected",
            because=f"proposal {given.subject} is {proposal.status or 'not on record'}",
            way_out="select the proposal first",
        )
        require(command.tier is proposal.tier, rule="tier", because=f"it was selected at tier {proposal.tier}", field="tier")
    else:
        require(
            command.tier is None,
            rule="tier",
            because="a reported initiative is not governed by gates here",
            field="tier",
            way_out="leave it out",
        )
    yield ProjectRegistered(
        initiative=given.subject,
        office=command.office,
        name=command.title,
        origin=command.origin,
        tier=command.tier,
        estimate=command.estimate,
        proposer=command.proposer,
        sponsor=command.sponsor,
        category=command.category,
    )


@decides
def start_stage(initiative: Initiative, command: StartStage, given: Given) -> Events:
    initiative.must_be(Status.REGISTERED, Status.UNDER_WAY)
    _must_be_new(initiative, command.decision)
    require(
        command.stage == initiative.stage + 1,
        rule="stages-in-order",
        because=f"stage {initiative.stage + 1} comes next, not stage {command.stage}",
        field="stage",
        way_out=f"pass gate {initiative.stage + 1} first",
    )
    yield StageStarted(office=initiative.office, stage=command.stage, gate_review=command.gate_review, decision=command.decision)


@decides
def terminate(initiative: Initiative, command: TerminateProject, given: Given) -> Events:
    initiative.must_be(Status.REGISTERED, Status.UNDER_WAY)
    _must_be_new(initiative, command.decision)
    yield ProjectTerminated(office=initiative.office, gate_review=command.gate_review, decision=command.decision)


@decides
def close(initiative: Initiative, command: CloseProject, given: Given) -> Events:
    initiative.must_be(Status.REGISTERED, Status.UNDER_WAY)
    if given.who.role == "service":
        require(
            command.decision is not None and command.gate_review is not None,
            rule="last-gate",
            because="a project closes by the decision of its last gate",
            field="decision",
            way_out="name the review and its decision",
        )
        _must_be_new(initiative, command.decision or "")
    else:
        require(
            initiative.origin is Origin.FEED,
            rule="last-gate",
            because="this initiative was selected here; it closes by its last gate",
            way_out="hold the last gate",
        )
        require(
            command.decision is None and command.gate_review is None,
            rule="last-gate",
            because="no gate of this organisation closed a reported initiative",
            field="decision",
            way_out="leave it out and explain instead",
        )
        require(
            command.explanation is not None,
            rule="explanation",
            because="no gate closes a reported initiative",
            field="explanation",
            way_out="say how it came to its end",
        )
    event = ProjectClosed(
        office=initiative.office, gate_review=command.gate_review, decision=command.decision, explanation=command.explanation
    )
    yield event.note(reason=command.explanation)


def _must_be_new(initiative: Initiative, decision: str) -> None:
    require(
        decision not in initiative.decisions,
        rule="decision-once",
        because=f"decision {decision} had its effect already",
        field="decision",
        way_out="a new effect needs a new decision",
    )


@evolves
def registered(initiative: Initiative, event: ProjectRegistered) -> Initiative:
    return initiative.replace(
        status=Status.REGISTERED,
        initiative=event.initiative,
        office=event.office,
        title=event.name,
        origin=event.origin,
        tier=event.tier,
    )


@evolves
def stage_started(initiative: Initiative, event: StageStarted) -> Initiative:
    decisions = (*initiative.decisions, event.decision)
    return initiative.replace(status=Status.UNDER_WAY, stage=event.stage, decisions=decisions)


@evolves
def terminated(initiative: Initiative, event: ProjectTerminated) -> Initiative:
    return initiative.replace(status=Status.TERMINATED, decisions=(*initiative.decisions, event.decision))


@evolves
def closed(initiative: Initiative, event: ProjectClosed) -> Initiative:
    return initiative.replace(status=Status.CLOSED, decisions=(*initiative.decisions, *filter(None, (event.decision,))))
