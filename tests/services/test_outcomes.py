"""Gate outcome → project effect, over all services: every outcome leads to exactly one (MODEL: gate outcome → project state)."""

from decimal import Decimal

import pytest

from services.benefits.investment_account import AuthoriseFunding
from services.benefits.service import SERVICE as BENEFITS
from services.gates.gate_review import GateReview, ScheduleGate
from services.gates.service import SERVICE as GATES
from services.intake.initiative import CloseProject, StartStage, TerminateProject
from services.intake.service import SERVICE as INTAKE
from shared.contracts.gates.gate_review import GateDecided
from shared.contracts.terms import GateOutcome
from shared.contracts.values import Money
from shared.domain.state import Command
from shared.web.service import events_of
from tests.services.gates.setting import scheduled
from tests.services.hearing import wants
from tests.services.intake.test_reactions import decided

GO, CONDITIONAL_GO, HOLD, RECYCLE, KILL = GateOutcome
FUNDED = Money(amount=Decimal(100))


@pytest.mark.parametrize(
    ("decision", "effect"),
    [
        (decided(GO), StartStage),
        (decided(GO, funding=FUNDED), AuthoriseFunding),
        (decided(GO, last=True), CloseProject),
        (decided(CONDITIONAL_GO), StartStage),
        (decided(CONDITIONAL_GO, funding=FUNDED), AuthoriseFunding),
        (decided(HOLD), None),
        (decided(HOLD, last=True), None),
        (decided(RECYCLE), ScheduleGate),
        (decided(RECYCLE, last=True), ScheduleGate),
        (decided(KILL), TerminateProject),
        (decided(KILL, last=True), TerminateProject),
    ],
)
def test_every_outcome_leads_to_exactly_one_effect(decision: GateDecided, effect: type[Command] | None) -> None:
    known = {(GateReview, "I-1.G1.R1"): (scheduled(),)}
    effects = [
        type(do.command)
        for service in (INTAKE, GATES, BENEFITS)
        for reaction in service.reactions
        if GateDecided in events_of(reaction)
        for do in wants(reaction, decision, "gate-review/I-1.G1.R1", known=known)
    ]
    assert effects == ([effect] if effect else [])
