"""The setting of the tests of gates: the default framework, two boards, the hub's rights, one project."""

from datetime import date
from decimal import Decimal

from services.gates.authority_matrix import AuthorityMatrix
from services.gates.board import Board, ConstituteBoard
from services.gates.default_framework import LIFECYCLES
from services.gates.gate_review import DecideGate, GateReview
from services.gates.gate_review_state import Project
from services.gates.governance_framework import GovernanceFramework
from services.gates.seed import RIGHTS, SEED
from shared.contracts.event import Event
from shared.contracts.gates.authority_matrix import DecisionRightGranted
from shared.contracts.gates.board import BoardConstituted
from shared.contracts.gates.gate_review import CriterionAssessed, EvidenceSubmitted, GateScheduled, VoteCast
from shared.contracts.gates.governance_framework import FrameworkPublished
from shared.contracts.personal import Personal
from shared.contracts.terms import GateOutcome, Tier
from shared.contracts.values import Money
from shared.domain.scenario import Scenario, scenario

DUE = date(2026, 3, 30)
WHY = Personal[str].seal("because it pays")
PUBLISHED = FrameworkPublished(framework="default", version=1, office="hub", name="Default", lifecycles=LIFECYCLES)
GRANTED = tuple(DecisionRightGranted(office="hub", right=right) for right in RIGHTS)
BOARDS = {
    identity: BoardConstituted(board=identity, office="hub", name=command.title, seats=command.seats, quorum=command.quorum)
    for _, identity, command in SEED
    if isinstance(command, ConstituteBoard)
}


def pounds(amount: int | str) -> Money:
    return Money(amount=Decimal(amount))


def project(tier: Tier = Tier.STANDARD) -> Project:
    return Project(
        initiative="I-1", title="New till", tier=tier, amount=pounds(120_000), proposer="p-haddad", sponsor="p-roy", framework="default"
    )


def scheduled(tier: Tier = Tier.STANDARD, gate: int = 1, round_: int = 1, *, version: int = 1) -> GateScheduled:
    gates = next(lifecycle.gates for lifecycle in LIFECYCLES if lifecycle.tier is tier)
    return GateScheduled(
        initiative="I-1",
        office="hub",
        title="New till",
        tier=tier,
        gate=gate,
        gate_name=gates[gate - 1].name,
        last=gate == len(gates),
        round=round_,
        framework="default",
        framework_version=version,
        amount=pounds(120_000),
        proposer="p-haddad",
        sponsor="p-roy",
        due=DUE,
    )


def evidence(kind: str, by: str = "p-okafor", number: int = 1) -> EvidenceSubmitted:
    return EvidenceSubmitted(evidence=f"E{number}", kind=kind, title=kind, sha256=f"{number:064x}", submitted_by=by)


def met(criterion: str, must: bool = True, holds: bool = True) -> CriterionAssessed:
    return CriterionAssessed(criterion=criterion, must=must, met=holds, rule=None, engine=None, inputs={}, assessor="p-okafor")


def voted(member: str, vote: GateOutcome = GateOutcome.GO) -> VoteCast:
    return VoteCast(member=member, vote=vote)


def review(identity: str = "I-1.G1.R1", *events: Event) -> Scenario:
    """A gate review in the default setting."""
    begun = scenario(GateReview, identity).knowing(GovernanceFramework, "default", PUBLISHED).knowing(AuthorityMatrix, "hub", *GRANTED)
    for board, constituted in BOARDS.items():
        begun = begun.knowing(Board, board, constituted)
    return begun.given(*events)


def assessed_standard() -> tuple[Event, ...]:
    """Gate 1 of the standard tier with its evidence before it and every criterion judged."""
    return (
        scheduled(),
        evidence("business-case"),
        evidence("benefit-profile", number=2),
        met("case"),
        met("benefit"),
        met("stakeholders", must=False, holds=False),
    )


def deciding(outcome: GateOutcome = GateOutcome.GO, funding: Money | None = None) -> DecideGate:
    return DecideGate(outcome=outcome, funding=funding, rationale=WHY)
