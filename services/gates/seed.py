"""What gates begins with: the hub, the default framework, two boards and the hub's authority matrix, through ordinary commands."""

from datetime import date
from uuid import NAMESPACE_URL, UUID, uuid5

from services.gates.authority_matrix import AuthorityMatrix, GrantDecisionRight
from services.gates.board import Board, ConstituteBoard
from services.gates.default_framework import FRAMEWORK, LIFECYCLES, NAME
from services.gates.governance_framework import GovernanceFramework, PublishFramework
from services.gates.office import HUB, Office, RegisterOffice
from shared.contracts.gates.authority_matrix import Right
from shared.contracts.gates.board import Seat
from shared.contracts.terms import Decision, Tier
from shared.domain.given import Who
from shared.domain.state import Command, State

WHO = Who(actor="service:gates", role="service", office=HUB, authn="service")
"""Who seeds."""
STANDARD_BOARD, ENHANCED_BOARD = "hub-standard", "hub-enhanced"
_SINCE = date(2020, 1, 1)
_SMALL = (
    Seat(person="p-lindqvist", capacity="Chair", chair=True),
    Seat(person="p-tanaka", capacity="Finance"),
    Seat(person="p-nowak", capacity="Operations"),
)
_LARGE = (*_SMALL, Seat(person="p-mensah", capacity="Technology"), Seat(person="p-osei", capacity="People"))


def _granted(decision: Decision, tier: Tier, *, holder: str | None = None, board: str | None = None) -> Right:
    return Right(id=f"{HUB}.{decision}.{tier}", decision=decision, tiers=(tier,), holder=holder, board=board, valid_from=_SINCE)


RIGHTS = (
    _granted(Decision.SELECT_PROPOSAL, Tier.LIGHT, holder="p-okafor"),
    _granted(Decision.DECIDE_GATE, Tier.LIGHT, holder="p-okafor"),
    _granted(Decision.BASELINE_BUDGET, Tier.LIGHT, holder="p-okafor"),
    _granted(Decision.SELECT_PROPOSAL, Tier.STANDARD, holder="p-lindqvist"),
    _granted(Decision.DECIDE_GATE, Tier.STANDARD, board=STANDARD_BOARD),
    _granted(Decision.BASELINE_BUDGET, Tier.STANDARD, holder="p-lindqvist"),
    _granted(Decision.SELECT_PROPOSAL, Tier.ENHANCED, holder="p-lindqvist"),
    _granted(Decision.DECIDE_GATE, Tier.ENHANCED, board=ENHANCED_BOARD),
    _granted(Decision.BASELINE_BUDGET, Tier.ENHANCED, holder="p-lindqvist"),
)

SEED: tuple[tuple[type[State], str, Command], ...] = (
    (Office, HUB, RegisterOffice(office=HUB, title="Enterprise portfolio office")),
    (GovernanceFramework, FRAMEWORK, PublishFramework(office=HUB, version=1, title=NAME, lifecycles=LIFECYCLES)),
    (Board, STANDARD_BOARD, ConstituteBoard(office=HUB, title="Investment board", seats=_SMALL, quorum=2)),
    (Board, ENHANCED_BOARD, ConstituteBoard(office=HUB, title="Enterprise investment board", seats=_LARGE, quorum=3)),
    *((AuthorityMatrix, HUB, GrantDecisionRight(office=HUB, right=right)) for right in RIGHTS),
)
"""State, id and command, in the order in which they are sent."""


def command_ids() -> tuple[UUID, ...]:
    """The fixed command id of each line of the seed, so that it is sown once for ever."""
    return tuple(
        uuid5(NAMESPACE_URL, f"urn:minutebook:seed:{index}:{state.stream(identity)}") for index, (state, identity, _) in enumerate(SEED)
    )
