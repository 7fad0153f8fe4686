"""Quarantine and feed health: what came, what was accepted, what waits and how to mend it, which cells could not be read."""

from collections import Counter
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, Response

from services.reporting.pages.reading import heard, reader
from services.reporting.views.batches import BatchRow
from services.reporting.views.feed_records import FeedRecordRow
from services.reporting.views.quarantine import QuarantineRow
from shared.identity.guard import guard
from shared.identity.principal import HUB
from shared.projection.query import Between
from shared.web.conditions import wants_html
from shared.web.page import page, site_of
from shared.web.quarantine import listed, listing
from shared.web.screens import may

router = APIRouter(tags=["feeds"])
_SHOWN = 200


@router.get(
    "/reporting/quarantine",
    response_class=HTMLResponse,
    summary="Quarantine and findings as a page",
    dependencies=[Depends(guard("reporting/read"))],
)
async def show(request: Request, batch: Annotated[str, Query(max_length=200)] = "") -> Response:
    """The files that came, newest first; the rows that wait, each with its reason and the way out; the findings by column."""
    if not wants_html(request):
        await guard("reporting/quarantine")(request)
        return listing(await listed(site_of(request).of("reporting")))
    views = reader(request)
    permitted = may(request.state.principal, "reporting/quarantine", HUB)
    chosen = {"batch": batch} if batch else {}
    records = await views.rows(FeedRecordRow, where={**chosen, "found": Between(1, None)}, order="key")
    columns = Counter((finding.column.split("\n")[0], finding.reason) for record in records for finding in record.findings)
    findings = [(record, finding) for record in records for finding in record.findings]
    return await page(
        request,
        "reporting/quarantine.html",
        known=await heard(views),
        batch=batch,
        batches=await views.rows(BatchRow, order="-received"),
        waiting=await views.rows(QuarantineRow, where=chosen, order="key", limit=_SHOWN),
        parked=await listed(site_of(request).of("reporting")) if permitted else None,
        columns=columns.most_common(),
        findings=findings[:_SHOWN],
        found=len(findings),
    )
