"""Scheduling a gate: its framework version, name and place in the lifecycle are fixed there."""

from datetime import date

from services.gates.gate_review import GateReview, MarkGateOverdue, ScheduleGate
from services.gates.governance_framework import GovernanceFramework
from shared.contracts.gates.gate_review import GateDecided, GateOverdue
from shared.contracts.terms import GateOutcome, Tier
from shared.domain.scenario import Scenario
from tests.services.gates.setting import DUE, PUBLISHED, WHY, deciding, project, review, scheduled

FIRST = ScheduleGate(office="hub", due=DUE, project=project())
SECOND = ScheduleGate(office="hub", due=DUE, after="I-1.G1.R1")
OVERDUE = MarkGateOverdue()


def decided(outcome: GateOutcome, gate: int = 1, last: bool = False) -> GateDecided:
    return GateDecided(
        initiative="I-1",
        office="hub",
        gate=gate,
        last=last,
        outcome=outcome,
        funding=None,
        body="hub-standard",
        verdicts=(),
        ballot=None,
        conditions=(),
        rationale=WHY,
    )


def after(outcome: GateOutcome, identity: str) -> Scenario:
    """A new review, where gate 1 was decided so."""
    return review(identity).knowing(GateReview, "I-1.G1.R1", scheduled(), decided(outcome))


def test_the_first_gate_is_scheduled_for_a_registered_project() -> None:
    outcome = review().by("service:gates", "service").when(FIRST)
    outcome.then(scheduled())
    assert outcome.noted[0].framework == "default/1"
    assert outcome.state.about() == "I-1" and outcome.state.office_in_charge() == "hub"


def test_a_person_does_not_schedule_the_first_gate() -> None:
    review().by("p-okafor").when(FIRST).refused("first-gate", "after")


def test_a_gate_has_exactly_one_origin() -> None:
    review().when(ScheduleGate(office="hub", due=DUE)).refused("after")
    review().when(ScheduleGate(office="hub", due=DUE, after="I-1.G1.R1", project=project())).refused("after")


def test_the_id_tells_initiative_gate_and_round() -> None:
    review("I-1.G2.R1").by("service:gates", "service").when(FIRST).refused("id", "I-1.G1.R1")


def test_a_framework_that_was_not_published_schedules_nothing() -> None:
    unknown = FIRST.replace(project=project().replace(framework="other"))
    review().by("service:gates", "service").when(unknown).refused("framework", "publish")


def test_a_person_does_not_choose_a_due_date_that_has_passed() -> None:
    late = SECOND.replace(due=date(2026, 3, 1))
    after(GateOutcome.GO, "I-1.G2.R1").when(late).refused("due")
    after(GateOutcome.GO, "I-1.G2.R1").by("service:gates", "service").when(late).accepted()


def test_go_leads_to_the_next_gate() -> None:
    after(GateOutcome.GO, "I-1.G2.R1").when(SECOND).then(scheduled(gate=2))


def test_recycle_and_hold_lead_to_the_same_gate_once_more() -> None:
    for outcome in (GateOutcome.RECYCLE, GateOutcome.HOLD):
        after(outcome, "I-1.G1.R2").when(SECOND).then(scheduled(round_=2))


def test_kill_leads_to_no_gate() -> None:
    after(GateOutcome.KILL, "I-1.G2.R1").when(SECOND).refused("after", "no gate follows")


def test_the_last_gate_leads_to_no_gate() -> None:
    passed = review("I-1.G5.R1").knowing(GateReview, "I-1.G4.R1", scheduled(gate=4), decided(GateOutcome.GO, 4, last=True))
    passed.when(SECOND.replace(after="I-1.G4.R1")).refused("after")


def test_an_undecided_gate_leads_nowhere_yet() -> None:
    review("I-1.G2.R1").knowing(GateReview, "I-1.G1.R1", scheduled()).when(SECOND).refused("after", "decide it first")
    review("I-1.G2.R1").when(SECOND).refused("exists")


def test_another_office_does_not_hold_the_gate() -> None:
    after(GateOutcome.GO, "I-1.G2.R1").when(SECOND.replace(office="north")).refused("office")


def test_what_runs_stays_on_the_framework_version_it_started_with() -> None:
    newer = PUBLISHED.replace(version=2, lifecycles=PUBLISHED.lifecycles[:1])
    running = after(GateOutcome.GO, "I-1.G2.R1").knowing(GovernanceFramework, "default", PUBLISHED, newer)
    running.when(SECOND).then(scheduled(gate=2))
    starting = review().by("service:gates", "service").knowing(GovernanceFramework, "default", PUBLISHED, newer)
    starting.when(FIRST.replace(project=project(Tier.LIGHT))).then(scheduled(Tier.LIGHT, version=2))


def test_a_gate_is_marked_overdue_once() -> None:
    outcome = review("I-1.G1.R1", scheduled()).by("service:gates", "service")
    outcome.when(OVERDUE).then(GateOverdue(due=DUE))
    outcome.given(GateOverdue(due=DUE)).when(OVERDUE).then()


def test_a_decided_gate_is_not_overdue() -> None:
    review("I-1.G1.R1", scheduled(), decided(GateOutcome.GO)).when(OVERDUE).then()


def test_a_decided_gate_is_not_decided_again() -> None:
    review("I-1.G1.R1", scheduled(), decided(GateOutcome.GO)).by("p-lindqvist", "chair").when(deciding()).refused("status")
