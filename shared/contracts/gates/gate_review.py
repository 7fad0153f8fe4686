"""A gate review's events: one meeting of one gate, its evidence, criteria, votes and decision."""

from datetime import date
from enum import StrEnum

from shared.contracts.event import Event
from shared.contracts.personal import Personal
from shared.contracts.terms import GateOutcome, Tier
from shared.contracts.values import Count, Frozen, Id, InitiativeId, Money, Name, OfficeId, PersonId, Sha256, Text


class GateScheduled(Event):
    """The gate will be held. Its framework version, right and body are fixed here."""

    initiative: InitiativeId
    office: OfficeId
    title: Name
    tier: Tier
    gate: Count
    gate_name: Name
    last: bool
    round: Count
    framework: Id
    framework_version: Count
    amount: Money | None = None
    proposer: PersonId | None = None
    sponsor: PersonId | None = None
    due: date


class EvidenceSubmitted(Event):
    """A document was put before the gate; it is known by the hash of its bytes."""

    evidence: Id
    kind: Id
    title: Name
    sha256: Sha256
    submitted_by: PersonId


class CriterionAssessed(Event):
    """A criterion was judged: by its rule on these inputs, or by a person."""

    criterion: Id
    must: bool
    met: bool
    rule: str | None = None
    engine: str | None = None
    inputs: dict[str, list[str] | str]
    assessor: PersonId
    remark: Personal[Text] | None = None


class VoteCast(Event):
    """A member voted; the last vote of a member before the decision counts."""

    member: PersonId
    vote: GateOutcome
    opinion: Personal[Text] | None = None


class LapseEffect(StrEnum):
    """What it does when a condition lapses."""

    REMIND = "remind"
    STOP_RELEASE = "stop-release"
    HOLD = "hold"


class Condition(Frozen):
    """One condition of a conditional go, tracked on its own."""

    id: Id
    text: Name
    owner: PersonId
    due: date
    on_lapse: LapseEffect = LapseEffect.STOP_RELEASE


class Verdict(Frozen):
    """How one criterion stood when the gate decided."""

    criterion: Id
    must: bool
    met: bool | None = None


class Ballot(Frozen):
    """How the body stood: members by what they voted for; `required` is the quorum."""

    required: Count
    present: Count
    votes: dict[str, GateOutcome]
    dissenting: tuple[PersonId, ...]


class GateDecided(Event):
    """The decision. `funding` is what the stage that follows may cost; `decision` of later events is this event's id."""

    initiative: InitiativeId
    office: OfficeId
    gate: Count
    last: bool
    outcome: GateOutcome
    funding: Money | None = None
    body: Id
    """The board or person that decided."""
    verdicts: tuple[Verdict, ...]
    ballot: Ballot | None = None
    conditions: tuple[Condition, ...]
    rationale: Personal[Text]


class DecisionCorrected(Event):
    """A mistake in the record of the decision, put right beside it; the outcome itself is never changed by it."""

    corrects: str
    """The id of the event that is corrected."""
    correction: Personal[Text]


class GateOverdue(Event):
    """The due date passed without a decision."""

    due: date
