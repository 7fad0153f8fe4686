"""Words that several services share, each with one meaning (Stage-Gate, PRINCE2, UK Gateway)."""

from datetime import date
from enum import StrEnum

from shared.contracts.values import Frozen, Money


class Tier(StrEnum):
    """How much governance an initiative gets."""

    LIGHT = "light"
    STANDARD = "standard"
    ENHANCED = "enhanced"


class GateOutcome(StrEnum):
    """What a gate may decide (Cooper's Stage-Gate, with a conditional go)."""

    GO = "GO"
    CONDITIONAL_GO = "CONDITIONAL_GO"
    HOLD = "HOLD"
    RECYCLE = "RECYCLE"
    KILL = "KILL"

    @property
    def lets_on(self) -> bool:
        """Whether the next stage may start."""
        return self in (GateOutcome.GO, GateOutcome.CONDITIONAL_GO)


class Decision(StrEnum):
    """The kinds of decision that a right may be granted for."""

    SELECT_PROPOSAL = "select-proposal"
    DECIDE_GATE = "decide-gate"
    BASELINE_BUDGET = "baseline-budget"


class ReportedState(StrEnum):
    """What a source said of a value: a value, withheld, not yet known, or something that could not be read (kept raw)."""

    GIVEN = "given"
    WITHHELD = "withheld"
    NOT_YET_KNOWN = "not_yet_known"
    UNREADABLE = "unreadable"


class ReportedMoney(Frozen):
    """An amount as a source published it. `raw` is the cell as it was; `exemption` the ground on which it was withheld."""

    state: ReportedState
    amount: Money | None = None
    raw: str = ""
    exemption: str | None = None


class RatingScale(StrEnum):
    """The scale of a delivery confidence: five points (UK Gateway to 2021) or three."""

    FIVE = "five"
    THREE = "three"


class Confidence(StrEnum):
    """Delivery confidence, from likely to unachievable as it stands."""

    GREEN = "Green"
    AMBER_GREEN = "Amber/Green"
    AMBER = "Amber"
    AMBER_RED = "Amber/Red"
    RED = "Red"


class ReportedRating(Frozen):
    """A delivery confidence as a source published it, with its scale and who rated."""

    state: ReportedState
    rating: Confidence | None = None
    scale: RatingScale = RatingScale.FIVE
    rater: str = ""
    raw: str = ""
    exemption: str | None = None


class ReportedDate(Frozen):
    """A date as a source published it."""

    state: ReportedState
    day: date | None = None
    raw: str = ""
    exemption: str | None = None
