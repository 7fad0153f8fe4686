"""One initiative: how it stands, its money, its gates and decisions, and every event that made it."""

from itertools import chain
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, Response

from services.reporting.pages.reading import heard, reader
from services.reporting.portfolio import portfolio
from services.reporting.views.accounts import AccountRow
from services.reporting.views.audit_trail import TRAILS, AuditEntry
from services.reporting.views.batches import BatchRow
from services.reporting.views.decisions import DecisionRow
from services.reporting.views.feed_records import FeedRecordRow
from services.reporting.views.gate_reviews import GateReviewRow
from services.reporting.views.proposals import ProposalRow
from services.reporting.views.statuses import StatusRow
from shared.identity.guard import guard
from shared.runtime.clock import now
from shared.web.page import page
from shared.web.problems import not_found

router = APIRouter(tags=["portfolio"])
_EVENTS = 500


@router.get(
    "/reporting/initiatives/{identity}",
    response_class=HTMLResponse,
    summary="One initiative as a page",
    dependencies=[Depends(guard("reporting/read"))],
)
async def show(request: Request, identity: str) -> Response:
    """How it stands, the figures with where they came from, gates, decisions, and all of its events in the order they were recorded."""
    views = reader(request)
    row = next((row for row in (await portfolio(views, now())).initiatives if row.id == identity), None)
    proposal = await views.get(ProposalRow, identity)
    if row is None and proposal is None:
        raise not_found(f"initiative {identity}", "look for it in the portfolio: it may not have been registered yet")
    about = {"initiative": identity}
    records = await views.rows(FeedRecordRow, where=about, order="effective")
    entries: list[tuple[str, AuditEntry]] = []
    for log, kind in TRAILS.items():
        entries += [(log, entry) for entry in await views.rows(kind, where=about, order="-key", limit=_EVENTS)]
    context: dict[str, Any] = {
        "row": row,
        "proposal": proposal,
        "account": await views.get(AccountRow, identity),
        "declared": await views.get(StatusRow, identity),
        "reviews": await views.rows(GateReviewRow, where=about, order="gate"),
        "decisions": {found.review: found for found in await views.rows(DecisionRow, where=about)},
        "records": records,
        "batches": {batch.batch: batch for batch in await views.rows(BatchRow, where={"key": [r.batch for r in records]})}
        if records
        else {},
        "findings": list(chain.from_iterable(((record, finding) for finding in record.findings) for record in records)),
        "entries": sorted(entries, key=lambda found: (found[1].recorded, found[1].position), reverse=True),
    }
    return await page(request, "reporting/initiative.html", known=await heard(views), identity=identity, **context)
