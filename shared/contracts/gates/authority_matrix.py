"""Decision rights: whose decision it is, up to which amount, from when to when."""

from datetime import date

from shared.contracts.event import Event
from shared.contracts.personal import Personal
from shared.contracts.terms import Decision, Tier
from shared.contracts.values import Frozen, Id, Money, OfficeId, PersonId, Text


class Right(Frozen):
    """One decision right, held by a person or by a board (exactly one of both). `up_to` None means without limit."""

    id: Id
    decision: Decision
    tiers: tuple[Tier, ...]
    up_to: Money | None = None
    holder: PersonId | None = None
    board: Id | None = None
    valid_from: date
    valid_to: date | None = None


class DecisionRightGranted(Event):
    """A right is held from now on."""

    office: OfficeId
    right: Right


class AuthorityRevoked(Event):
    """A right no longer decides."""

    office: OfficeId
    right: Id
    rationale: Personal[Text]


class AuthorityResolved(Event):
    """Somebody asked whose decision it would be; this right was the answer."""

    decision: Decision
    tier: Tier
    amount: Money | None = None
    right: Id


class AuthorityGapDetected(Event):
    """Nobody, or more than one, could decide this."""

    decision: Decision
    tier: Tier
    amount: Money | None = None
    candidates: tuple[Id, ...]
