"""The gate pipeline: what waits for a decision and since when, what was decided, by whom."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, Response

from services.reporting.pages.reading import heard, reader
from services.reporting.views.decisions import DecisionRow
from services.reporting.views.gate_reviews import GateReviewRow, ReviewState
from shared.identity.guard import guard
from shared.runtime.clock import now
from shared.web.page import page

router = APIRouter(tags=["gates"])
PAGE = 50


@router.get("/reporting/gates", response_class=HTMLResponse, summary="The gates as a page", dependencies=[Depends(guard("reporting/read"))])
async def show(request: Request, after: Annotated[int, Query(ge=0)] = 0) -> Response:
    """Gates that wait, the longest due first; then the decisions, newest first."""
    views = reader(request)
    decided = await views.rows(DecisionRow, order="-decided")
    reviews = {review.review: review for review in await views.rows(GateReviewRow, order="due")}
    return await page(
        request,
        "reporting/gates.html",
        known=await heard(views),
        waiting=[review for review in reviews.values() if review.state is ReviewState.SCHEDULED],
        decided=[(decision, reviews.get(decision.review)) for decision in decided[after : after + PAGE]],
        count=len(decided),
        today=now().date(),
        after=after,
        first="/reporting/gates" if after else None,
        next=f"/reporting/gates?after={after + PAGE}" if after + PAGE < len(decided) else None,
    )
