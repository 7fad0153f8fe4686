"""Where everything stands: the end of each log, and how far and how old each table of reporting is."""

from fastapi import APIRouter, Depends, Request

from services.reporting.views import VIEWS
from shared.contracts.values import Frozen, Moment
from shared.identity.guard import guard
from shared.runtime.clock import age, now
from shared.web.page import site_of

router = APIRouter(prefix="/reporting", tags=["status"])


class LogStatus(Frozen):
    """The newest record of a log, where the log is of this process."""

    log: str
    position: int
    recorded: Moment | None


class TableStatus(Frozen):
    """How far a table has come. `lag`: records that it has not applied; `age_seconds`: how long the first of them has waited, 0 if none."""

    table: str
    log: str
    position: int
    lag: int | None
    age_seconds: float | None


class Status(Frozen):
    """Position, lag and age of everything."""

    at: Moment
    logs: tuple[LogStatus, ...]
    tables: tuple[TableStatus, ...]


@router.get("/status.json", dependencies=[Depends(guard("reporting/read"))])
async def status_json(request: Request) -> Status:
    """How far logs and tables are. A log that belongs to another process has no end here: its lag is null."""
    site, at = site_of(request), now()
    views = site.of("reporting").views
    # Tables first: a log that grows meanwhile makes a table look behind, never ahead.
    reached = {view.name: (await views.positions(view))[view.log] for view in VIEWS}
    ends = {running.service.name: await running.known() for running in site.running}
    waiting = {running.service.name: running.log for running in site.running}
    tables = []
    for view in VIEWS:
        position, end = reached[view.name], ends.get(view.log)
        lag = max(0, end.position - position) if end else None
        first = await waiting[view.log].page(position, 1) if lag else []
        waits = age(first[0].recorded, at) if first else 0.0
        tables.append(TableStatus(table=view.name, log=view.log, position=position, lag=lag, age_seconds=None if lag is None else waits))
    logs = tuple(LogStatus(log=log, position=end.position, recorded=end.recorded) for log, end in ends.items())
    return Status(at=at, logs=logs, tables=tuple(tables))
