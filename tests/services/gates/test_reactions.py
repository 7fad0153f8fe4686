"""What gates does when it hears others, and when a due date passes."""

from datetime import UTC, date, datetime

import pytest

from services.gates.gate_review import GateReview, MarkGateOverdue, ScheduleGate
from services.gates.gate_review_state import Project
from services.gates.office import Office, RegisterOffice
from services.gates.reactions.overdue import watch_due_date
from services.gates.reactions.reported import register_reported_office
from services.gates.reactions.scheduling import first_gate, next_gate, same_gate_again
from shared.contracts.gates.office import OfficeRegistered
from shared.contracts.intake.initiative import Origin, ProjectRegistered, StageStarted
from shared.contracts.reporting.feed import FeedRecordAccepted
from shared.contracts.terms import GateOutcome, Tier
from shared.stream.react import Do
from shared.stream.timers import CancelTimer, Timer
from tests.services.gates.setting import project, scheduled
from tests.services.gates.test_scheduling import decided
from tests.services.hearing import DECISION, heard, wants

REVIEW = "gate-review/I-1.G1.R1"
DUE = date(2026, 3, 30)
SELECTED = ProjectRegistered(
    initiative="I-1",
    office="hub",
    name="New till",
    origin=Origin.SELECTION,
    tier=Tier.STANDARD,
    estimate=project().amount,
    proposer="p-haddad",
    sponsor="p-roy",
)
STARTED = StageStarted(office="hub", stage=1, gate_review="I-1.G1.R1", decision=DECISION)
ROW = FeedRecordAccepted(
    initiative="D-7",
    feed="gmpp",
    batch="gmpp.1",
    row=1,
    row_sha256="0" * 64,
    mapping="gmpp",
    mapping_version=1,
    effective=date(2021, 3, 31),
    name="Rail",
    office="transport",
    office_name="Department for Transport",
)


def test_a_registered_project_meets_the_first_gate_of_its_tier() -> None:
    wanted = ScheduleGate(office="hub", due=DUE, project=project())
    assert wants(first_gate, SELECTED, "initiative/I-1") == [Do(GateReview, "I-1.G1.R1", wanted)]
    assert isinstance(wanted.project, Project)


def test_a_reported_project_meets_no_gate() -> None:
    assert wants(first_gate, SELECTED.replace(origin=Origin.FEED, tier=None), "initiative/I-1") == []


def test_a_started_stage_leads_to_the_next_gate() -> None:
    wanted = ScheduleGate(office="hub", due=DUE, after="I-1.G1.R1")
    assert wants(next_gate, STARTED, "initiative/I-1") == [Do(GateReview, "I-1.G2.R1", wanted)]


def test_a_recycle_leads_to_the_same_gate_in_another_round() -> None:
    known = {(GateReview, "I-1.G1.R1"): (scheduled(),)}
    wanted = ScheduleGate(office="hub", due=DUE, after="I-1.G1.R1")
    again = wants(same_gate_again, decided(GateOutcome.RECYCLE), REVIEW, known=known)
    assert again == [Do(GateReview, "I-1.G1.R2", wanted)]


@pytest.mark.parametrize("outcome", [outcome for outcome in GateOutcome if outcome is not GateOutcome.RECYCLE])
def test_no_other_outcome_repeats_a_gate(outcome: GateOutcome) -> None:
    assert wants(same_gate_again, decided(outcome), REVIEW) == []


def test_a_gate_that_is_scheduled_already_is_left_alone() -> None:
    known = {(GateReview, "I-1.G1.R1"): (scheduled(),), (GateReview, "I-1.G2.R1"): (scheduled(gate=2),)}
    assert wants(first_gate, SELECTED, "initiative/I-1", known=known) == []
    assert wants(next_gate, STARTED, "initiative/I-1", known=known) == []


def test_an_office_that_a_feed_names_takes_part_under_the_hub() -> None:
    wanted = RegisterOffice(office="transport", title="Department for Transport", parent="hub", reported_by="gmpp")
    assert wants(register_reported_office, ROW, "feed-batch/gmpp.1") == [Do(Office, "transport", wanted)]


def test_an_office_that_takes_part_is_not_registered_again() -> None:
    known = {(Office, "transport"): (OfficeRegistered(office="transport", name="Transport", parent="hub"),)}
    assert wants(register_reported_office, ROW, "feed-batch/gmpp.1", known=known) == []


def test_the_end_of_the_due_date_is_watched_until_the_decision() -> None:
    midnight = datetime(2026, 3, 31, tzinfo=UTC)
    watching = Timer("gate-due/I-1.G1.R1", midnight, Do(GateReview, "I-1.G1.R1", MarkGateOverdue()))
    assert list(watch_due_date(scheduled(), heard(scheduled(), REVIEW))) == [watching]
    decision = decided(GateOutcome.KILL)
    assert list(watch_due_date(decision, heard(decision, REVIEW))) == [CancelTimer("gate-due/I-1.G1.R1")]
