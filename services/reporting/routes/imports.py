"""Imports over HTTP: a file goes up as the raw body; where it stands is asked until the portfolio shows its rows."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field

from services.reporting.arrived import arrived
from services.reporting.feed_batch import BatchStatus, FeedBatch
from services.reporting.ingest import Ingest, Upload
from services.reporting.mapping.sheet import MAX_BYTES
from services.reporting.views.feed_records import FeedRecordRow
from services.reporting.views.quarantine import QuarantineRow
from shared.contracts.values import Count, Frozen, Id, Name
from shared.domain.given import Who
from shared.identity.guard import guard
from shared.projection.query import Between
from shared.runtime.blobs import Blobs
from shared.runtime.settings import Settings
from shared.web.conditions import read_body
from shared.web.page import site_of
from shared.web.problems import not_found
from shared.web.running import Running

router = APIRouter(prefix="/reporting/imports", tags=["imports"])
_RECEIVE = guard("reporting/feed-batch/receive-batch")
_READ = guard("reporting/read")


class FindingCount(Frozen):
    """How often a column had cells without a value, for one reason."""

    column: str
    reason: str
    count: Count


class QuarantinedRow(Frozen):
    """A row that could not be accepted, and the way out."""

    row: Count
    reason: str
    way_out: str


class ImportState(Frozen):
    """Where an import stands. `visible`: how many of its accepted rows the portfolio shows; `failed`: why it stopped, if it did."""

    batch: Id
    status: BatchStatus
    feed: Id
    file: str
    mapping: Id
    mapping_version: Count
    effective: date
    rows: Count
    accepted: Count
    quarantined: Count
    findings: Count
    offices: Count
    visible: Count
    repeated: bool = False
    """This very file was on record before; nothing was changed."""
    unread: tuple[str, ...] = ()
    """Headers that the mapping does not read; known when the file is sent."""
    by_column: tuple[FindingCount, ...] = Field(default=())
    quarantine: tuple[QuarantinedRow, ...] = ()
    failed: str | None = None


def ingest_of(request: Request) -> Ingest:
    """The importer of this process."""
    state = request.app.state
    if not hasattr(state, "ingest"):
        state.ingest = Ingest(site_of(request).of("reporting").handler, Blobs(Settings.read().blobs, MAX_BYTES))
    ingest: Ingest = state.ingest
    return ingest


@router.post("", status_code=202, response_model_exclude_none=True, openapi_extra={"requestBody": {"content": {"text/csv": {}}}})
async def receive(
    request: Request,
    response: Response,
    who: Annotated[Who, Depends(_RECEIVE)],
    mapping: Annotated[Id, Query(description="The mapping table that reads the file.")],
    effective: Annotated[date, Query(description="The date as at which the file reports.")],
    file: Annotated[Name, Query(description="The name of the file.")] = "upload.csv",
    feed: Annotated[Id | None, Query(description="The source; named as the mapping unless told.")] = None,
) -> ImportState:
    """Import a release. The same file twice changes nothing; one that was interrupted goes on."""
    upload = Upload(await read_body(request, MAX_BYTES), file, mapping, effective, feed or mapping)
    received = await ingest_of(request).receive(upload, who)
    response.headers["Location"] = f"{router.prefix}/{received.batch}"
    state = await _state(request, received.batch)
    return state.replace(repeated=received.repeated, unread=received.unread)


@router.get("/{batch}", dependencies=[Depends(_READ)], response_model_exclude_none=True)
async def progress(request: Request, batch: Id) -> ImportState:
    """Where an import stands."""
    return await _state(request, batch)


async def _state(request: Request, identity: str) -> ImportState:
    running = site_of(request).of("reporting")
    batch, _ = await running.handler.state(FeedBatch, identity)
    if not batch.exists:
        raise not_found(f"Batch {identity}", "send the file: POST /reporting/imports")
    kept = batch.model_dump(include=ImportState.model_fields.keys() - {"offices", "batch"})
    more = await _details(running, identity) if batch.status is BatchStatus.COMPLETE else {}
    failed = ingest_of(request).failed.get(identity) if batch.status is BatchStatus.RECEIVING else None
    return ImportState(**kept, batch=identity, offices=len(batch.offices), failed=failed, **{"visible": 0, **more})


async def _details(running: Running, batch: str) -> dict[str, Any]:
    visible = await arrived(running.views, batch)
    counts: dict[tuple[str, str], int] = {}
    for record in await running.views.rows(FeedRecordRow, where={"batch": batch, "found": Between(1)}):
        for finding in record.findings:
            counts[finding.column, finding.reason] = counts.get((finding.column, finding.reason), 0) + 1
    rows = await running.views.rows(QuarantineRow, where={"batch": batch}, order="row", limit=200)
    return {
        "visible": visible,
        "by_column": tuple(
            FindingCount(column=column, reason=reason, count=count)
            for (column, reason), count in sorted(counts.items(), key=lambda found: (found[0][0], -found[1], found[0][1]))
        ),
        "quarantine": tuple(QuarantinedRow(row=row.row, reason=row.reason, way_out=row.way_out) for row in rows),
    }
