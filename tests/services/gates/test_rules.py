"""Rules of criteria: what compiles, what does not, and that only true is true."""

import pytest

from services.gates.rules import compiled, holds
from shared.domain.refused import Refused

SEEN = {"evidence": ["business-case", "plan"], "tier": "standard", "gate": 2, "round": 1, "amount": 12_000_000}


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ('"business-case" in evidence', True),
        ('"risk-register" in evidence', False),
        ("size(evidence) >= 2 && gate == 2", True),
        ("amount <= 900000000", True),
        ('evidence.exists(e, e.startsWith("plan"))', True),
        ('tier == "enhanced"', False),
    ],
)
def test_a_rule_over_the_evidence_says_yes_or_no(rule: str, expected: bool) -> None:
    assert holds(rule, SEEN) is expected


@pytest.mark.parametrize("rule", ["amount / 0 == 1", 'evidence[7] == "plan"'])
def test_a_rule_that_fails_inside_is_not_met(rule: str) -> None:
    assert holds(rule, SEEN) is False


def test_a_rule_about_an_amount_that_nobody_stated_is_not_met() -> None:
    unstated = {name: value for name, value in SEEN.items() if name != "amount"}
    assert holds("amount < 5000000", unstated) is False
    assert holds("amount >= 0", unstated) is False


@pytest.mark.parametrize(
    "rule",
    [
        'tier > "light"',
        'evidence[0] <= "b"',
        'evidence.exists(e, e < "b")',
        '["a", 1][0] < ["b", 1][0]',
        '{"a": "x", "b": 1}["a"] < {"a": "y", "b": 1}["a"]',
        'dyn(tier) < "b"',
        "1.5 < 2.0",
        "1.5 == 1.5",
        "amount < 1.5",
        "double(amount) > 1.0",
        "0.1 + 0.2 == 0.3",
        "true < false",
    ],
)
def test_doubles_untyped_values_and_the_order_of_strings_do_not_compile(rule: str) -> None:
    with pytest.raises(Refused) as refusal:
        compiled(rule)
    assert refusal.value.rule == "cel" and refusal.value.field == "rule" and refusal.value.way_out


@pytest.mark.parametrize("rule", ["amount", '"plan" in evidnce', '"plan" in', "size(evidence)"])
def test_what_is_unknown_or_no_answer_does_not_compile(rule: str) -> None:
    with pytest.raises(Refused, match="cel"):
        compiled(rule)
