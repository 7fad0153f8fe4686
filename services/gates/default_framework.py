"""The framework that comes with the product: light with two gates, standard with four, enhanced with six.

The names of the enhanced gates follow the UK Gateway process; must and should criteria are Cooper's. A rule looks at the kinds of evidence
before the gate; what has no rule, a person judges.
"""

from shared.contracts.gates.governance_framework import Criterion, Gate, Lifecycle
from shared.contracts.terms import Tier

FRAMEWORK = "default"
NAME = "Default governance framework"


def _evidence(identity: str, asks: str, *kinds: str, must: bool = True) -> Criterion:
    rule = " || ".join(f'"{kind}" in evidence' for kind in kinds)
    return Criterion(id=identity, asks=asks, must=must, rule=rule)


def _judged(identity: str, asks: str, must: bool = True) -> Criterion:
    return Criterion(id=identity, asks=asks, must=must)


_BENEFIT = _evidence("benefit", "The benefit has a measure, a target and an owner", "benefit-profile")
_CASE = _evidence("case", "The business case shows why this is worth doing, and what doing nothing would mean", "business-case")
_RISK = _evidence("risk", "The main risks are listed, each with an owner and a response", "risk-register")
_PLAN = _evidence("plan", "The plan shows milestones, cost and people up to the next gate", "plan")
_RACI = _evidence("raci", "Each deliverable has one person accountable", "raci")
_DEPENDENCY = _evidence("dependency", "What it depends on is known, or said to be nothing", "dependency-assessment")
_ACCEPTANCE = _evidence("acceptance", "What was asked for was accepted", "acceptance-record")
_ASSURANCE = _evidence("assurance", "An independent review rated the delivery confidence", "assurance-review")
_LESSONS = _evidence("lessons", "What was learnt is written down", "lessons-report", must=False)
_STAKEHOLDERS = _evidence("stakeholders", "Those affected were asked and know what comes", "stakeholder-engagement", must=False)

LIGHT = Lifecycle(
    tier=Tier.LIGHT,
    seats=1,
    quorum=1,
    gates=(
        Gate(
            number=1,
            name="Start",
            criteria=(
                _evidence("case", "A note says why this is worth doing", "charter-note", "business-case"),
                _evidence("risk", "The main risks are listed", "risk-list", "risk-register"),
                _evidence("benefit", "A line says what it brings and to whom", "benefit-line", "benefit-profile"),
            ),
        ),
        Gate(number=2, name="Close", criteria=(_ACCEPTANCE, _LESSONS)),
    ),
)

STANDARD = Lifecycle(
    tier=Tier.STANDARD,
    seats=3,
    quorum=2,
    gates=(
        Gate(number=1, name="Justification", criteria=(_CASE, _BENEFIT, _STAKEHOLDERS)),
        Gate(number=2, name="Plan", criteria=(_PLAN, _RACI, _RISK, _DEPENDENCY)),
        Gate(
            number=3,
            name="Readiness",
            criteria=(
                _RISK,
                _evidence("handover", "Who runs it afterwards has agreed to take it over", "handover-plan"),
                _judged("ready", "It can go live without harm to those who depend on it"),
            ),
        ),
        Gate(number=4, name="Close", criteria=(_ACCEPTANCE, _BENEFIT, _LESSONS)),
    ),
)

ENHANCED = Lifecycle(
    tier=Tier.ENHANCED,
    seats=5,
    quorum=3,
    gates=(
        Gate(
            number=1,
            name="Strategic assessment",
            criteria=(_judged("strategic-fit", "It serves an objective of the organisation"), _CASE, _STAKEHOLDERS),
        ),
        Gate(
            number=2,
            name="Justification",
            criteria=(
                _CASE,
                _BENEFIT,
                _evidence("estimate", "Cost and benefit are estimated at three points", "three-point-estimate"),
                _ASSURANCE,
            ),
        ),
        Gate(
            number=3,
            name="Delivery strategy",
            criteria=(_PLAN, _RACI, _RISK, _DEPENDENCY, _STAKEHOLDERS.replace(must=True), _ASSURANCE),
        ),
        Gate(
            number=4,
            name="Investment decision",
            criteria=(_CASE, _RISK, _judged("affordable", "The organisation can pay for it to the end"), _ASSURANCE),
        ),
        Gate(
            number=5,
            name="Readiness for service",
            criteria=(
                _RISK,
                _evidence("handover", "Who runs it afterwards has agreed to take it over", "handover-plan"),
                _evidence("rollback", "The way back was rehearsed", "rollback-rehearsal"),
                _judged("ready", "It can go live without harm to those who depend on it"),
                _ASSURANCE,
            ),
        ),
        Gate(number=6, name="Benefits review", criteria=(_ACCEPTANCE, _BENEFIT, _ASSURANCE, _LESSONS)),
    ),
)

LIFECYCLES = (LIGHT, STANDARD, ENHANCED)
