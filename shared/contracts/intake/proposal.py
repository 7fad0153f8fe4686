"""A proposal's events: from a draft to selection, rejection or withdrawal."""

from datetime import date
from enum import StrEnum

from shared.contracts.event import Event
from shared.contracts.personal import Personal
from shared.contracts.terms import Tier
from shared.contracts.values import InitiativeId, Money, Name, OfficeId, PersonId, Text


class Driver(StrEnum):
    """Why the proposal is made; a mandatory driver passes the cut-off, never a gate."""

    VALUE = "value"
    REGULATORY = "regulatory"
    RISK = "risk"


class RiskLevel(StrEnum):
    """Risk potential as triage judges it."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class ProposalDrafted(Event):
    """A mandate was written down. The initiative's id is minted here and kept for life."""

    initiative: InitiativeId
    office: OfficeId
    title: Name
    need: Personal[Text]
    estimate: Money
    driver: Driver
    proposer: PersonId
    wanted_by: date | None = None


class ProposalSubmitted(Event):
    """The proposer put it before the portfolio office."""


class ProposalTriaged(Event):
    """The tier that cost, risk and driver lead to, and by which rule."""

    tier: Tier
    risk: RiskLevel
    rule: str


class ProposalSelected(Event):
    """It shall be done: the decision that an initiative is registered from."""

    office: OfficeId
    title: Name
    tier: Tier
    estimate: Money
    proposer: PersonId
    sponsor: PersonId
    rationale: Personal[Text]


class ProposalRejected(Event):
    """It shall not be done."""

    rationale: Personal[Text]


class ProposalWithdrawn(Event):
    """The proposer took it back."""

    explanation: Personal[Text]
