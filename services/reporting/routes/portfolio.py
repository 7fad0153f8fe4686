"""The portfolio as JSON."""

from fastapi import APIRouter, Depends, Request

from services.reporting.portfolio import Portfolio, portfolio
from shared.identity.guard import guard
from shared.runtime.clock import now
from shared.web.page import site_of

router = APIRouter(prefix="/reporting", tags=["portfolio"])


@router.get("/portfolio.json", dependencies=[Depends(guard("reporting/read"))])
async def portfolio_json(request: Request) -> Portfolio:
    """The portfolio as it is known here now, at the positions that it names."""
    return await portfolio(site_of(request).of("reporting").views, now())
