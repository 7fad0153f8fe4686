"""Initiatives as intake registered them: what is on the books, and which stage it is in."""

from datetime import datetime
from enum import StrEnum

from shared.contracts.envelope import Heard
from shared.contracts.intake.initiative import Origin, ProjectClosed, ProjectRegistered, ProjectTerminated, StageStarted
from shared.contracts.terms import Tier
from shared.contracts.values import Money
from shared.domain.state import Fact
from shared.projection.view import View


class LifeState(StrEnum):
    """Where an initiative is in its life."""

    REGISTERED = "registered"
    UNDER_WAY = "under-way"
    TERMINATED = "terminated"
    CLOSED = "closed"


class InitiativeRow(Fact):
    """One initiative. `stage` is None before its first stage, and for one that a feed reports: no gate of ours let it start."""

    initiative: str
    name: str
    office: str
    origin: Origin
    state: LifeState
    stage: int | None = None
    tier: Tier | None = None
    category: str | None = None
    proposer: str | None = None
    sponsor: str | None = None
    estimate: Money | None = None
    registered: datetime
    changed: datetime


initiatives = View("initiatives", InitiativeRow, log="intake", history=True)


@initiatives.on
def project_registered(row: InitiativeRow | None, event: ProjectRegistered, heard: Heard) -> InitiativeRow:
    recorded = heard.envelope.recorded
    return InitiativeRow(
        **event.model_dump(exclude={"estimate"}),
        estimate=event.estimate,
        # What a feed reports is under way already, somewhere else.
        state=LifeState.UNDER_WAY if event.origin is Origin.FEED else LifeState.REGISTERED,
        registered=recorded,
        changed=recorded,
    )


@initiatives.on
def stage_started(row: InitiativeRow | None, event: StageStarted, heard: Heard) -> InitiativeRow | None:
    return row and row.replace(state=LifeState.UNDER_WAY, stage=event.stage, changed=heard.envelope.recorded)


@initiatives.on
def project_terminated(row: InitiativeRow | None, event: ProjectTerminated, heard: Heard) -> InitiativeRow | None:
    return row and row.replace(state=LifeState.TERMINATED, changed=heard.envelope.recorded)


@initiatives.on
def project_closed(row: InitiativeRow | None, event: ProjectClosed, heard: Heard) -> InitiativeRow | None:
    return row and row.replace(state=LifeState.CLOSED, changed=heard.envelope.recorded)
