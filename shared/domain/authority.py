"""Whose decision is it? Exactly one right answers, at the time, for the tier and up to the amount; otherwise nobody decides."""

from collections.abc import Iterable, Sequence
from datetime import date

from shared.contracts.gates.authority_matrix import Right
from shared.contracts.terms import Decision, Tier
from shared.contracts.values import Money
from shared.domain.given import Who
from shared.domain.refused import Refused, require


def candidates(rights: Iterable[Right], decision: Decision, tier: Tier, amount: Money | None, on: date) -> tuple[Right, ...]:
    """The rights that cover this decision on that day. `amount` None stands for a decision that moves no money."""
    return tuple(right for right in rights if _concerns(right, decision, tier, on) and _reaches(right, amount))


def resolve(matrices: Sequence[Iterable[Right]], decision: Decision, tier: Tier, amount: Money | None, on: date) -> Right:
    """The one right that decides: of the first matrix that has an answer (the office's own, then the hub's).

    Raises Refused (rule `authority`) when no right or more than one covers the decision.
    """
    matrices = [tuple(rights) for rights in matrices]
    for rights in matrices:
        found = candidates(rights, decision, tier, amount, on)
        if len(found) == 1:
            return found[0]
        if found:
            raise Refused(
                "authority",
                f"more than one right covers {decision} at tier {tier}: {', '.join(sorted(right.id for right in found))}",
                way_out="revoke all but one in the authority matrix",
            )
    short = [right for rights in matrices for right in rights if _concerns(right, decision, tier, on)]
    if short and amount is not None:
        limits = ", ".join(f"{right.id} reaches up to {right.up_to}" for right in short)
        raise Refused(
            "authority",
            f"{amount} is beyond every right to {decision} at tier {tier}: {limits}",
            field="amount",
            way_out="ask for less, or have a right up to this amount granted in the authority matrix",
        )
    raise Refused(
        "authority",
        f"no right covers {decision} at tier {tier} on {on}",
        way_out="have a right granted in the authority matrix of the office or of the hub",
    )


def must_hold(right: Right, who: Who) -> None:
    """Raise Refused unless the right is a person's and `who` acts as that person."""
    require(
        right.holder is not None,
        rule="authority",
        because=f"right {right.id} is held by board {right.board}, and no ballot is taken here",
        way_out="have the right granted to a person",
    )
    require(
        who.person == right.holder,
        rule="authority",
        because=f"this decision is {right.holder}'s by right {right.id}, not {who.person}'s",
        way_out=f"ask {right.holder} to decide",
    )


def must_be_apart(who: Who, *, barred: dict[str, str], tier: Tier, act: str) -> None:
    """Separation of duties: above the light tier nobody in `barred` (person → why) may `act`, nor through another person."""
    if tier is Tier.LIGHT:
        return
    for person in (who.actor, who.person):
        require(
            person not in barred,
            rule="separation-of-duties",
            because=f"{person} {barred.get(person)} and may not {act} at tier {tier}",
            way_out="somebody who has no part in the initiative does it",
        )


def _concerns(right: Right, decision: Decision, tier: Tier, on: date) -> bool:
    return (
        right.decision is decision and tier in right.tiers and right.valid_from <= on and (right.valid_to is None or on <= right.valid_to)
    )


def _reaches(right: Right, amount: Money | None) -> bool:
    if right.up_to is None or amount is None:
        return True
    return right.up_to.currency == amount.currency and not amount.exceeds(right.up_to)
