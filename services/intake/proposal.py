"""Proposal: what should we do? From a draft to selection, rejection or withdrawal (P3O: intake and triage)."""

from datetime import date
from decimal import Decimal
from enum import StrEnum

from shared.contracts.gates.authority_matrix import Right
from shared.contracts.intake.proposal import (
    Driver,
    ProposalDrafted,
    ProposalRejected,
    ProposalSelected,
    ProposalSubmitted,
    ProposalTriaged,
    ProposalWithdrawn,
    RiskLevel,
)
from shared.contracts.personal import Personal
from shared.contracts.terms import Decision, Tier
from shared.contracts.values import Money, Name, OfficeId, PersonId, Text
from shared.domain.authority import must_be_apart, must_hold, resolve
from shared.domain.decider import Events, decides, evolves
from shared.domain.given import Given
from shared.domain.refused import require
from shared.domain.state import Command, State
from shared.projection.authority import rights_in

CURRENCY = "GBP"
LIGHT_BELOW = Decimal(50_000)
STANDARD_UP_TO = Decimal(250_000)
"""The cost bands of triage, in pounds."""


class Status(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    TRIAGED = "triaged"
    SELECTED = "selected"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class Proposal(State):
    """A mandate. Stream: proposal/<initiative>; the initiative's id is the proposal's and stays for life."""

    status: Status | None = None
    initiative: str = ""
    office: str = ""
    title: str = ""
    estimate: Money = Money(amount=Decimal(0))
    driver: Driver = Driver.VALUE
    proposer: str = ""
    tier: Tier | None = None
    sponsor: str | None = None

    def about(self) -> str | None:
        return self.initiative or None

    def office_in_charge(self) -> str | None:
        return self.office or None

    def takes(self, command: type[Command]) -> bool:
        return self.status in _POSSIBLE.get(command, (None,))


class DraftProposal(Command, role="proposer", starts=True):
    """Write a mandate down: what is needed, why, and what it may cost."""

    office: OfficeId
    """The office that it is put before; the hub unless told."""
    title: Name
    need: Personal[Text]
    """What is missing, for whom, and what happens if nothing is done."""
    estimate: Money
    """What it may cost at most, from start to end."""
    driver: Driver = Driver.VALUE
    """Why it is made: for its value, because a rule demands it, or against a risk."""
    wanted_by: date | None = None


class SubmitProposal(Command, role="proposer"):
    """Put your draft before the portfolio office."""


class TriageProposal(Command, role="portfolio-office"):
    """Judge the risk; cost, risk and driver then lead to the tier."""

    risk: RiskLevel
    """High risk leads to the enhanced tier, whatever it costs."""


class SelectProposal(Command, role=("portfolio-office", "chair"), signs="I select this proposal", decides=True):
    """It shall be done, and this person sponsors it."""

    sponsor: PersonId
    """Who answers for it: not who proposed it, not who selects it."""
    rationale: Personal[Text]
    """Why; it goes into the record."""


class RejectProposal(Command, role=("portfolio-office", "chair"), signs="I reject this proposal", decides=True):
    """It shall not be done."""

    rationale: Personal[Text]
    """Why; it goes into the record."""


class WithdrawProposal(Command, role="proposer"):
    """Take your proposal back before it is decided."""

    explanation: Personal[Text]


_POSSIBLE: dict[type[Command], tuple[Status, ...]] = {
    SubmitProposal: (Status.DRAFT,),
    TriageProposal: (Status.SUBMITTED,),
    SelectProposal: (Status.TRIAGED,),
    RejectProposal: (Status.TRIAGED,),
    WithdrawProposal: (Status.DRAFT, Status.SUBMITTED, Status.TRIAGED),
}
"""In which status each command has its place."""


def tier_of(estimate: Money, driver: Driver, risk: RiskLevel) -> tuple[Tier, str]:
    """How much governance it gets, and the rule in words."""
    if driver is Driver.REGULATORY:
        return Tier.ENHANCED, "a regulatory driver leads to the enhanced tier"
    if risk is RiskLevel.HIGH:
        return Tier.ENHANCED, "high risk leads to the enhanced tier"
    if estimate.amount > STANDARD_UP_TO:
        return Tier.ENHANCED, f"more than {CURRENCY} {STANDARD_UP_TO:,} leads to the enhanced tier"
    if estimate.amount < LIGHT_BELOW:
        return Tier.LIGHT, f"less than {CURRENCY} {LIGHT_BELOW:,} leads to the light tier"
    return Tier.STANDARD, f"{CURRENCY} {LIGHT_BELOW:,} to {STANDARD_UP_TO:,} leads to the standard tier"


def _must_be_own(proposal: Proposal, given: Given) -> None:
    require(
        given.who.actor == proposal.proposer,
        rule="own-proposal",
        because=f"this is {proposal.proposer}'s proposal",
        way_out=f"{proposal.proposer} does it in person",
    )


def _right(proposal: Proposal, given: Given, **parts: str) -> tuple[Right, Tier]:
    """The right that decides on the proposal, held by who asks and free of a part in it. Raises Refused."""
    proposal.must_be(*_POSSIBLE[SelectProposal])
    tier = proposal.tier or Tier.ENHANCED
    rights = rights_in(proposal.office, given)
    right = resolve(rights, Decision.SELECT_PROPOSAL, tier, proposal.estimate, given.now.date())
    barred = {person: part.replace("_", " ") for part, person in parts.items()} | {proposal.proposer: "proposed it"}
    must_be_apart(given.who, barred=barred, tier=tier, act="decide on it")
    must_hold(right, given.who)
    return right, tier


@decides
def draft(proposal: Proposal, command: DraftProposal, given: Given) -> Events:
    require(
        given.who.person == given.who.actor,
        rule="in-person",
        because=f"{given.who.actor} cannot propose for {given.who.on_behalf_of}",
        way_out="propose in your own name",
    )
    require(
        command.estimate.amount > 0,
        rule="estimate",
        because=f"{command.estimate} is no cost",
        field="estimate",
        way_out="state what it may cost at most",
    )
    require(
        command.estimate.currency == CURRENCY,
        rule="currency",
        because=f"the cost bands of triage are in {CURRENCY}, the estimate is in {command.estimate.currency}",
        field="estimate",
        way_out=f"state it in {CURRENCY}",
    )
    yield ProposalDrafted(
        initiative=given.subject,
        office=command.office,
        title=command.title,
        need=command.need,
        estimate=command.estimate,
        driver=command.driver,
        proposer=given.who.actor,
        wanted_by=command.wanted_by,
    )


@decides
def submit(proposal: Proposal, command: SubmitProposal, given: Given) -> Events:
    proposal.must_be(*_POSSIBLE[SubmitProposal])
    _must_be_own(proposal, given)
    yield ProposalSubmitted()


@decides
def triage(proposal: Proposal, command: TriageProposal, given: Given) -> Events:
    proposal.must_be(*_POSSIBLE[TriageProposal])
    tier, rule = tier_of(proposal.estimate, proposal.driver, command.risk)
    yield ProposalTriaged(tier=tier, risk=command.risk, rule=rule)


@decides
def select(proposal: Proposal, command: SelectProposal, given: Given) -> Events:
    right, tier = _right(proposal, given, would_sponsor_it=command.sponsor)
    yield ProposalSelected(
        office=proposal.office,
        title=proposal.title,
        tier=tier,
        estimate=proposal.estimate,
        proposer=proposal.proposer,
        sponsor=command.sponsor,
        rationale=command.rationale,
    ).note(authority=right.id, reason=command.rationale)


@decides
def reject(proposal: Proposal, command: RejectProposal, given: Given) -> Events:
    right, _ = _right(proposal, given)
    yield ProposalRejected(rationale=command.rationale).note(authority=right.id, reason=command.rationale)


@decides
def withdraw(proposal: Proposal, command: WithdrawProposal, given: Given) -> Events:
    proposal.must_be(*_POSSIBLE[WithdrawProposal])
    _must_be_own(proposal, given)
    yield ProposalWithdrawn(explanation=command.explanation).note(reason=command.explanation)


@evolves
def drafted(proposal: Proposal, event: ProposalDrafted) -> Proposal:
    return proposal.replace(
        status=Status.DRAFT,
        initiative=event.initiative,
        office=event.office,
        title=event.title,
        estimate=event.estimate,
        driver=event.driver,
        proposer=event.proposer,
    )


@evolves
def submitted(proposal: Proposal, event: ProposalSubmitted) -> Proposal:
    return proposal.replace(status=Status.SUBMITTED)


@evolves
def triaged(proposal: Proposal, event: ProposalTriaged) -> Proposal:
    return proposal.replace(status=Status.TRIAGED, tier=event.tier)


@evolves
def selected(proposal: Proposal, event: ProposalSelected) -> Proposal:
    return proposal.replace(status=Status.SELECTED, sponsor=event.sponsor)


@evolves
def rejected(proposal: Proposal, event: ProposalRejected) -> Proposal:
    return proposal.replace(status=Status.REJECTED)


@evolves
def withdrawn(proposal: Proposal, event: ProposalWithdrawn) -> Proposal:
    return proposal.replace(status=Status.WITHDRAWN)
