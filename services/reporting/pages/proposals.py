"""Proposals and where they stand."""

from collections import Counter
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, Response

from services.reporting.pages.reading import heard, reader
from services.reporting.views.proposals import ProposalRow, ProposalState
from shared.identity.guard import guard
from shared.web.page import page

router = APIRouter(tags=["proposals"])
PAGE = 50


@router.get(
    "/reporting/proposals", response_class=HTMLResponse, summary="The proposals as a page", dependencies=[Depends(guard("reporting/read"))]
)
async def show(
    request: Request, state: Annotated[ProposalState | None, Query()] = None, after: Annotated[int, Query(ge=0)] = 0
) -> Response:
    """Every proposal, the newest change first."""
    views = reader(request)
    every = await views.rows(ProposalRow, order="-changed")
    rows = [row for row in every if state is None or row.state is state]
    chosen = f"state={state}&" if state else ""
    return await page(
        request,
        "reporting/proposals.html",
        known=await heard(views),
        rows=rows[after : after + PAGE],
        count=len(rows),
        states=[(each, Counter(row.state for row in every)[each]) for each in ProposalState],
        state=state,
        after=after,
        first=f"/reporting/proposals?{chosen}" if after else None,
        next=f"/reporting/proposals?{chosen}after={after + PAGE}" if after + PAGE < len(rows) else None,
    )
