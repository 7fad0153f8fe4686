"""Authority matrix: whose decision it is, per office, kind of decision and tier, up to which amount, from when to when."""

from collections.abc import Iterable
from datetime import date
from enum import StrEnum

from pydantic import Field

from services.gates.office import HUB
from shared.contracts.gates.authority_matrix import (
    AuthorityGapDetected,
    AuthorityResolved,
    AuthorityRevoked,
    DecisionRightGranted,
    Right,
)
from shared.contracts.personal import Personal
from shared.contracts.terms import Decision, Tier
from shared.contracts.values import Id, Money, OfficeId, Text
from shared.domain.authority import candidates, resolve
from shared.domain.decider import Events, decides, evolves
from shared.domain.given import Given
from shared.domain.refused import Refused, require
from shared.domain.state import Command, State


class Status(StrEnum):
    IN_FORCE = "in-force"


class AuthorityMatrix(State, plural="authority-matrices"):
    """The rights that an office granted and did not revoke. Stream: authority-matrix/<office>."""

    status: Status | None = None
    office: str = ""
    rights: dict[str, Right] = Field(default_factory=dict)
    revoked: frozenset[str] = frozenset()

    def office_in_charge(self) -> str | None:
        return self.office or None

    def must_not_exist(self) -> None:
        """Granting begins the matrix and continues it."""


class GrantDecisionRight(Command, role=("administrator", "service"), starts=True):
    """A person or a board holds a right from a day on. No two rights may answer the same question."""

    office: OfficeId
    right: Right


class RevokeAuthority(Command, role="administrator"):
    """A right no longer decides, from this moment."""

    right: Id
    rationale: Personal[Text]


class ResolveAuthority(Command, role=("portfolio-office", "administrator", "chair")):
    """Ask whose decision it would be; the question and the answer are recorded, a gap as a gap."""

    decision: Decision
    tier: Tier
    amount: Money | None = None


def matrices_of(office: str, given: Given) -> tuple[Iterable[Right], ...]:
    """The rights that may answer in an office: its own, then the hub's. Raises Unread until both are read."""
    names = (office,) if office == HUB else (office, HUB)
    return tuple(given.of(AuthorityMatrix, name).rights.values() for name in names)


@decides
def grant(matrix: AuthorityMatrix, command: GrantDecisionRight, given: Given) -> Events:
    right = command.right
    require(
        command.office == given.subject,
        rule="office",
        because=f"this is the matrix of office {given.subject}",
        field="office",
        way_out=f"grant it in the matrix of {command.office}",
    )
    require(
        right.id not in matrix.rights and right.id not in matrix.revoked,
        rule="once",
        because=f"right {right.id} was granted before",
        field="right.id",
        way_out="choose another id",
    )
    require(
        (right.holder is None) != (right.board is None),
        rule="one-holder",
        because="a right is held by a person or by a board, by exactly one of both",
        field="right.holder",
        way_out="name a holder or a board",
    )
    require(
        right.board is None or right.decision is Decision.DECIDE_GATE,
        rule="one-holder",
        because=f"a board votes on gates only; {right.decision} is one person's decision",
        field="right.board",
        way_out="grant it to a person, such as the chair",
    )
    require(right.tiers, rule="tiers", because="a right without a tier covers nothing", field="right.tiers", way_out="name a tier")
    require(
        right.valid_to is None or right.valid_from <= right.valid_to,
        rule="validity",
        because=f"the right would end on {right.valid_to}, before it begins on {right.valid_from}",
        field="right.valid_to",
        way_out="let it end on or after the day it begins",
    )
    overlapping = sorted(other.id for other in matrix.rights.values() if _overlap(other, right))
    require(
        not overlapping,
        rule="overlap",
        because=f"{', '.join(overlapping)} would answer the same question at the same time",
        field="right",
        way_out="revoke it first, or grant for other tiers or days",
    )
    yield DecisionRightGranted(office=command.office, right=right)


@decides
def revoke(matrix: AuthorityMatrix, command: RevokeAuthority, given: Given) -> Events:
    require(
        command.right in matrix.rights,
        rule="right",
        because=f"{command.right} is not a right in force",
        field="right",
        way_out=f"in force are {', '.join(sorted(matrix.rights)) or 'none'}",
    )
    event = AuthorityRevoked(office=matrix.office, right=command.right, rationale=command.rationale)
    yield event.note(reason=command.rationale)


@decides
def ask(matrix: AuthorityMatrix, command: ResolveAuthority, given: Given) -> Events:
    hub = () if matrix.office == HUB else (given.of(AuthorityMatrix, HUB).rights.values(),)
    matrices, on = (matrix.rights.values(), *hub), given.now.date()
    try:
        right = resolve(matrices, command.decision, command.tier, command.amount, on)
    except Refused:
        found = {right.id for rights in matrices for right in candidates(rights, command.decision, command.tier, command.amount, on)}
        yield AuthorityGapDetected(decision=command.decision, tier=command.tier, amount=command.amount, candidates=tuple(sorted(found)))
    else:
        yield AuthorityResolved(decision=command.decision, tier=command.tier, amount=command.amount, right=right.id)


def _overlap(one: Right, other: Right) -> bool:
    """Limits do not part two rights: both would cover a small amount."""
    days = one.valid_from <= (other.valid_to or date.max) and other.valid_from <= (one.valid_to or date.max)
    return one.decision is other.decision and bool(set(one.tiers) & set(other.tiers)) and days


@evolves
def granted(matrix: AuthorityMatrix, event: DecisionRightGranted) -> AuthorityMatrix:
    return matrix.replace(status=Status.IN_FORCE, office=event.office, rights={**matrix.rights, event.right.id: event.right})


@evolves
def revoked(matrix: AuthorityMatrix, event: AuthorityRevoked) -> AuthorityMatrix:
    rights = {name: right for name, right in matrix.rights.items() if name != event.right}
    return matrix.replace(rights=rights, revoked=matrix.revoked | {event.right})


@evolves
def resolved(matrix: AuthorityMatrix, event: AuthorityResolved) -> AuthorityMatrix:
    return matrix


@evolves
def gap_detected(matrix: AuthorityMatrix, event: AuthorityGapDetected) -> AuthorityMatrix:
    return matrix
