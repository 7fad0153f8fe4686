"""Decision rights: exactly one right answers, or nobody decides."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gates.authority_matrix import AuthorityMatrix, GrantDecisionRight, ResolveAuthority, RevokeAuthority
from shared.contracts.gates.authority_matrix import (
    AuthorityGapDetected,
    AuthorityResolved,
    AuthorityRevoked,
    DecisionRightGranted,
    Right,
)
from shared.contracts.terms import Decision, Tier
from shared.contracts.values import Money
from shared.domain.authority import candidates, resolve
from shared.domain.refused import Refused
from shared.domain.scenario import Outcome, Scenario, scenario
from tests.services.gates.setting import WHY, pounds

SELECT = Decision.SELECT_PROPOSAL
TODAY = date(2026, 3, 2)
ANN = Right(id="R-1", decision=SELECT, tiers=(Tier.LIGHT,), up_to=pounds(50_000), holder="p-ann", valid_from=date(2026, 1, 1))


def matrix(*rights: Right, office: str = "hub") -> Scenario:
    return scenario(AuthorityMatrix, office).given(*(DecisionRightGranted(office=office, right=right) for right in rights))


def granting(right: Right, *before: Right) -> Outcome:
    return matrix(*before).when(GrantDecisionRight(office="hub", right=right))


def test_a_right_is_granted() -> None:
    granting(ANN).then(DecisionRightGranted(office="hub", right=ANN))


def test_a_right_has_one_holder_a_person_or_a_board() -> None:
    granting(ANN.replace(holder=None)).refused("one-holder")
    granting(ANN.replace(board="B-1")).refused("one-holder")


def test_a_board_holds_rights_over_gates_only() -> None:
    granting(ANN.replace(holder=None, board="B-1")).refused("one-holder", "votes on gates only")
    granting(ANN.replace(holder=None, board="B-1", decision=Decision.DECIDE_GATE)).accepted()


def test_a_right_covers_at_least_one_tier_and_ends_after_it_begins() -> None:
    granting(ANN.replace(tiers=())).refused("tiers")
    granting(ANN.replace(valid_to=date(2025, 12, 31))).refused("validity")


def test_a_right_that_would_answer_the_same_question_is_refused() -> None:
    granting(ANN.replace(id="R-2", holder="p-bob", up_to=None), ANN).refused("overlap", "R-1")


def test_rights_one_after_the_other_do_not_overlap() -> None:
    granting(ANN.replace(id="R-2", valid_from=date(2027, 1, 1)), ANN.replace(valid_to=date(2026, 12, 31))).accepted()


def test_the_id_of_a_right_is_used_once_also_after_its_revocation() -> None:
    granting(ANN.replace(tiers=(Tier.STANDARD,)), ANN).refused("once")
    revoked = matrix(ANN).given(AuthorityRevoked(office="hub", right="R-1", rationale=WHY))
    revoked.when(GrantDecisionRight(office="hub", right=ANN)).refused("once")


def test_a_right_is_granted_in_the_matrix_of_its_office() -> None:
    matrix().when(GrantDecisionRight(office="north", right=ANN)).refused("office")


def test_a_right_in_force_is_revoked_with_a_reason() -> None:
    outcome = matrix(ANN).when(RevokeAuthority(right="R-1", rationale=WHY))
    outcome.then(AuthorityRevoked(office="hub", right="R-1", rationale=WHY))
    assert outcome.noted[0].reason == WHY


def test_an_unknown_right_is_not_revoked() -> None:
    matrix(ANN).when(RevokeAuthority(right="R-9", rationale=WHY)).refused("right", "R-1")


def test_a_question_and_its_answer_are_recorded() -> None:
    asking = ResolveAuthority(decision=SELECT, tier=Tier.LIGHT, amount=pounds(100))
    matrix(ANN).when(asking).then(AuthorityResolved(decision=SELECT, tier=Tier.LIGHT, amount=pounds(100), right="R-1"))


def test_a_gap_is_recorded_as_a_gap() -> None:
    asking = ResolveAuthority(decision=SELECT, tier=Tier.ENHANCED)
    matrix(ANN).when(asking).then(AuthorityGapDetected(decision=SELECT, tier=Tier.ENHANCED, amount=None, candidates=()))


def test_an_office_without_an_answer_asks_the_hub() -> None:
    north = matrix(ANN.replace(tiers=(Tier.STANDARD,)), office="north").knowing(
        AuthorityMatrix, "hub", DecisionRightGranted(office="hub", right=ANN.replace(id="R-hub"))
    )
    asking = ResolveAuthority(decision=SELECT, tier=Tier.LIGHT, amount=None)
    north.when(asking).then(AuthorityResolved(decision=SELECT, tier=Tier.LIGHT, amount=None, right="R-hub"))


def test_the_own_right_goes_before_that_of_the_hub() -> None:
    hub = ANN.replace(id="R-hub")
    assert resolve([(ANN,), (hub,)], SELECT, Tier.LIGHT, None, TODAY) is ANN


@pytest.mark.parametrize(
    ("right", "amount", "saying"),
    [
        (ANN, pounds(50_001), "beyond every right"),
        (ANN, Money(amount=Decimal(1), currency="EUR"), "beyond every right"),
        (ANN.replace(valid_to=date(2026, 3, 1)), None, "no right covers"),
        (ANN.replace(valid_from=date(2026, 3, 3)), None, "no right covers"),
        (ANN.replace(decision=Decision.DECIDE_GATE), None, "no right covers"),
    ],
)
def test_a_right_out_of_reach_answers_nothing(right: Right, amount: Money | None, saying: str) -> None:
    with pytest.raises(Refused, match=saying) as refusal:
        resolve([(right,)], SELECT, Tier.LIGHT, amount, TODAY)
    assert refusal.value.rule == "authority" and refusal.value.way_out


def test_two_rights_for_one_question_answer_nothing() -> None:
    with pytest.raises(Refused, match="more than one right"):
        resolve([(ANN, ANN.replace(id="R-2"))], SELECT, Tier.LIGHT, None, TODAY)


@st.composite
def rights(draw: st.DrawFn) -> Right:
    start = TODAY + timedelta(days=draw(st.integers(-9, 9)))
    return Right(
        id=f"R-{draw(st.integers(1, 12))}",
        decision=draw(st.sampled_from(Decision)),
        tiers=tuple(draw(st.sets(st.sampled_from(Tier), min_size=1))),
        up_to=draw(st.none() | st.integers(0, 500).map(pounds)),
        holder="p-ann",
        valid_from=start,
        valid_to=draw(st.none() | st.integers(0, 6).map(lambda days: start + timedelta(days=days))),
    )


@given(st.lists(rights() | st.integers(1, 12), max_size=14), st.integers(0, 500), st.integers(-9, 9))
def test_whatever_is_granted_and_revoked_at_most_one_right_answers(steps: list[Right | int], amount: int, day: int) -> None:
    begun = matrix(ANN)
    for step in steps:
        command = (
            GrantDecisionRight(office="hub", right=step) if isinstance(step, Right) else RevokeAuthority(right=f"R-{step}", rationale=WHY)
        )
        begun = begun.given(*(noted.event for noted in begun.when(command).noted))
    assert isinstance(begun.state, AuthorityMatrix)
    for decision in Decision:
        for tier in Tier:
            assert len(candidates(begun.state.rights.values(), decision, tier, pounds(amount), TODAY + timedelta(days=day))) <= 1
