"""Which gate comes next: the first when a project is registered, the next when a stage has started, the same again after a recycle."""

from collections.abc import Iterator
from datetime import timedelta

from services.gates.default_framework import FRAMEWORK
from services.gates.gate_review import GateReview, ScheduleGate
from services.gates.gate_review_state import Project, review_id
from shared.contracts.envelope import Heard
from shared.contracts.gates.gate_review import GateDecided
from shared.contracts.intake.initiative import ProjectRegistered, StageStarted
from shared.contracts.terms import GateOutcome
from shared.domain.given import Given
from shared.stream.react import Do

NOTICE = timedelta(days=28)
"""From the event that leads to a gate until it is due."""


def first_gate(event: ProjectRegistered, heard: Heard, given: Given) -> Iterator[Do]:
    """A reported project has no tier and meets no gate here."""
    if event.tier is None:
        return
    project = Project(
        initiative=event.initiative,
        title=event.name,
        tier=event.tier,
        amount=event.estimate,
        proposer=event.proposer,
        sponsor=event.sponsor,
        framework=FRAMEWORK,
    )
    yield from _schedule(review_id(event.initiative, 1, 1), event.office, heard, given, None, project)


def next_gate(event: StageStarted, heard: Heard, given: Given) -> Iterator[Do]:
    identity = review_id(heard.envelope.key, event.stage + 1, 1)
    yield from _schedule(identity, event.office, heard, given, event.gate_review)


def same_gate_again(event: GateDecided, heard: Heard, given: Given) -> Iterator[Do]:
    if event.outcome is GateOutcome.RECYCLE:
        review = heard.envelope.subject.partition("/")[2]
        round_ = given.of(GateReview, review).schedule.round + 1
        yield from _schedule(review_id(event.initiative, event.gate, round_), event.office, heard, given, review)


def _schedule(identity: str, office: str, heard: Heard, given: Given, after: str | None, project: Project | None = None) -> Iterator[Do]:
    if not given.of(GateReview, identity).exists:
        due = heard.envelope.recorded.date() + NOTICE
        yield Do(GateReview, identity, ScheduleGate(office=office, due=due, after=after, project=project))
