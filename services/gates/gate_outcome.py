"""What a decision may say: which outcome its verdicts allow, its conditions, its funding."""

from collections import Counter
from datetime import date

from services.gates.gate_review_state import GateReview
from shared.contracts.gates.gate_review import Condition, Verdict
from shared.contracts.gates.governance_framework import Gate
from shared.contracts.terms import GateOutcome
from shared.contracts.values import Money
from shared.domain.refused import require


def verdicts_of(review: GateReview, gate: Gate) -> tuple[Verdict, ...]:
    """How each criterion stands; `met` None means that nobody assessed it on the evidence as it is now."""
    found = {name: assessed.met for name, assessed in review.assessed.items()}
    return tuple(Verdict(criterion=asked.id, must=asked.must, met=found.get(asked.id)) for asked in gate.criteria)


def must_be_allowed(outcome: GateOutcome, verdicts: tuple[Verdict, ...], last: bool) -> None:
    """Raise Refused when the next stage would start with a must criterion that is not met, or with conditions where nothing follows."""
    if not outcome.lets_on:
        return
    open_ones = [f"{v.criterion} ({'not assessed' if v.met is None else 'not met'})" for v in verdicts if v.must and not v.met]
    require(
        not open_ones,
        rule="must-meet",
        because=f"{outcome} needs every must criterion met: {', '.join(open_ones)}",
        field="outcome",
        way_out="submit the evidence and assess it, or decide HOLD, RECYCLE or KILL",
    )
    require(
        not (last and outcome is GateOutcome.CONDITIONAL_GO),
        rule="last-gate",
        because="the last gate closes the initiative; nobody would be left to meet a condition",
        field="outcome",
        way_out="decide GO, or RECYCLE until it can be closed",
    )


def must_be_tracked(outcome: GateOutcome, conditions: tuple[Condition, ...], today: date) -> None:
    """Raise Refused unless a conditional go has conditions, and only it, each of them known by its id and due later than today."""
    conditional = outcome is GateOutcome.CONDITIONAL_GO
    require(
        bool(conditions) == conditional,
        rule="conditions",
        because="a CONDITIONAL_GO without a condition is a GO" if conditional else f"{outcome} takes no conditions",
        field="conditions",
        way_out="add at least one, with owner and due date" if conditional else "decide CONDITIONAL_GO, or leave them out",
    )
    twice = sorted(name for name, times in Counter(condition.id for condition in conditions).items() if times > 1)
    require(not twice, rule="conditions", because=f"{', '.join(twice)} is used twice", field="conditions", way_out="number them apart")
    late = [condition for condition in conditions if condition.due <= today]
    require(
        not late,
        rule="conditions",
        because=f"{', '.join(condition.id for condition in late)} would be due on {late[0].due if late else ''}, not in the future",
        field="conditions",
        way_out=f"set a due date after {today}",
    )


def must_be_fundable(outcome: GateOutcome, funding: Money | None, estimate: Money | None, last: bool) -> None:
    """Raise Refused unless funding goes with a stage that follows, is more than nothing, and in the initiative's currency."""
    if funding is None:
        return
    require(
        outcome.lets_on and not last,
        rule="funding",
        because="no stage follows the last gate" if outcome.lets_on else f"{outcome} starts no stage to fund",
        field="funding",
        way_out="leave the funding out",
    )
    require(funding.amount > 0, rule="funding", because=f"{funding} funds nothing", field="funding", way_out="leave the funding out")
    require(
        estimate is None or estimate.currency == funding.currency,
        rule="currency",
        because=f"the initiative is estimated in {estimate.currency if estimate else ''}, the funding is in {funding.currency}",
        field="funding",
        way_out="fund it in the currency of its estimate",
    )
