"""Frameworks: versions that count up and never change, tiers that include each other, rules that compile."""

import pytest

from services.gates.default_framework import ENHANCED, LIFECYCLES, LIGHT, STANDARD
from services.gates.governance_framework import GovernanceFramework, PublishFramework, must_criteria
from shared.contracts.gates.governance_framework import Criterion, Gate, Lifecycle
from shared.contracts.terms import Tier
from shared.domain.refused import Refused
from shared.domain.scenario import Outcome, Scenario, scenario
from tests.services.gates.setting import PUBLISHED


def publishing(*lifecycles: Lifecycle, version: int = 1, office: str = "hub") -> PublishFramework:
    return PublishFramework(office=office, version=version, title="Default", lifecycles=lifecycles)


def framework() -> Scenario:
    return scenario(GovernanceFramework, "default")


def publish(*lifecycles: Lifecycle) -> Outcome:
    return framework().when(publishing(*lifecycles))


def light(*criteria: Criterion, **changes: object) -> Lifecycle:
    return LIGHT.replace(gates=(Gate(number=1, name="Start", criteria=criteria),), **changes)


def test_the_default_framework_is_published() -> None:
    publish(*LIFECYCLES).then(PUBLISHED)


def test_the_default_tiers_have_two_four_and_six_gates() -> None:
    assert [len(lifecycle.gates) for lifecycle in LIFECYCLES] == [2, 4, 6]
    assert [(lifecycle.seats, lifecycle.quorum) for lifecycle in LIFECYCLES] == [(1, 1), (3, 2), (5, 3)]


def test_each_default_tier_asks_strictly_more_than_the_lighter_one() -> None:
    assert must_criteria(LIGHT) < must_criteria(STANDARD) < must_criteria(ENHANCED)


def test_the_next_version_leaves_the_first_as_it_was() -> None:
    outcome = framework().given(PUBLISHED).when(publishing(light(Criterion(id="case", asks="Why?")), version=2))
    outcome.accepted()
    state = outcome.state
    assert isinstance(state, GovernanceFramework)
    assert state.lifecycle(1, Tier.LIGHT) == LIGHT and state.lifecycle(2, Tier.LIGHT) != LIGHT
    with pytest.raises(Refused, match="no lifecycle for tier enhanced"):
        state.lifecycle(2, Tier.ENHANCED)


@pytest.mark.parametrize("version", [0, 1, 3])
def test_a_version_that_does_not_follow_the_last_is_refused(version: int) -> None:
    framework().given(PUBLISHED).when(publishing(*LIFECYCLES, version=version)).refused("version", "publish version 2")


def test_another_office_does_not_continue_it() -> None:
    framework().given(PUBLISHED).when(publishing(*LIFECYCLES, version=2, office="north")).refused("office")


def test_a_framework_without_lifecycles_is_refused() -> None:
    publish().refused("lifecycles")


def test_a_tier_stands_once() -> None:
    publish(LIGHT, LIGHT).refused("unique", "light stands twice")


def test_a_criterion_stands_once_at_a_gate() -> None:
    publish(light(Criterion(id="case", asks="Why?"), Criterion(id="case", asks="Why not?"))).refused("unique")


def test_gates_are_numbered_from_one() -> None:
    publish(LIGHT.replace(gates=(Gate(number=2, name="Start", criteria=()),))).refused("gates-in-order")
    publish(LIGHT.replace(gates=())).refused("gates-in-order")


@pytest.mark.parametrize("quorum", [0, 2])
def test_a_quorum_lies_between_one_and_the_seats(quorum: int) -> None:
    publish(light(quorum=quorum)).refused("quorum")


def test_a_heavier_tier_lacks_nothing_that_a_lighter_one_must_have() -> None:
    lacking = STANDARD.replace(gates=STANDARD.gates[:1])
    publish(LIGHT, lacking).refused("tiers-include", "acceptance")


def test_a_rule_that_compares_strings_by_order_is_refused() -> None:
    publish(light(Criterion(id="case", asks="Why?", rule='tier > "light"'))).refused("cel", "does not compile")


def test_a_rule_with_a_binary_fraction_is_refused() -> None:
    publish(light(Criterion(id="case", asks="Why?", rule="amount > 0 && 0.5 == 0.5"))).refused("cel", "binary fraction")
