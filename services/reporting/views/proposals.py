"""Proposals and where they stand."""

from datetime import date, datetime
from enum import StrEnum

from shared.contracts.envelope import Heard
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
from shared.contracts.terms import Tier
from shared.contracts.values import Money
from shared.domain.state import Fact
from shared.projection.view import View


class ProposalState(StrEnum):
    """How far a proposal has come."""

    DRAFTED = "drafted"
    SUBMITTED = "submitted"
    TRIAGED = "triaged"
    SELECTED = "selected"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class ProposalRow(Fact):
    """One proposal; its id is the initiative's."""

    initiative: str
    title: str
    office: str
    proposer: str
    estimate: Money
    driver: Driver
    state: ProposalState
    wanted_by: date | None = None
    tier: Tier | None = None
    risk: RiskLevel | None = None
    sponsor: str | None = None
    drafted: datetime
    changed: datetime


proposals = View("proposals", ProposalRow, log="intake", history=True)


@proposals.on
def proposal_drafted(row: ProposalRow | None, event: ProposalDrafted, heard: Heard) -> ProposalRow:
    recorded = heard.envelope.recorded
    return ProposalRow(
        initiative=event.initiative,
        title=event.title,
        office=event.office,
        proposer=event.proposer,
        estimate=event.estimate,
        driver=event.driver,
        wanted_by=event.wanted_by,
        state=ProposalState.DRAFTED,
        drafted=recorded,
        changed=recorded,
    )


@proposals.on
def proposal_submitted(row: ProposalRow | None, event: ProposalSubmitted, heard: Heard) -> ProposalRow | None:
    return row and row.replace(state=ProposalState.SUBMITTED, changed=heard.envelope.recorded)


@proposals.on
def proposal_triaged(row: ProposalRow | None, event: ProposalTriaged, heard: Heard) -> ProposalRow | None:
    return row and row.replace(state=ProposalState.TRIAGED, tier=event.tier, risk=event.risk, changed=heard.envelope.recorded)


@proposals.on
def proposal_selected(row: ProposalRow | None, event: ProposalSelected, heard: Heard) -> ProposalRow | None:
    return row and row.replace(state=ProposalState.SELECTED, sponsor=event.sponsor, changed=heard.envelope.recorded)


@proposals.on
def proposal_rejected(row: ProposalRow | None, event: ProposalRejected, heard: Heard) -> ProposalRow | None:
    return row and row.replace(state=ProposalState.REJECTED, changed=heard.envelope.recorded)


@proposals.on
def proposal_withdrawn(row: ProposalRow | None, event: ProposalWithdrawn, heard: Heard) -> ProposalRow | None:
    return row and row.replace(state=ProposalState.WITHDRAWN, changed=heard.envelope.recorded)
