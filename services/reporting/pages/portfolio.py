"""The portfolio screen: what is on the books, how it stands, what waits for a decision; also as CSV."""

import csv
import io
from collections.abc import Iterable
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, Response

from services.reporting.pages.reading import heard, reader
from services.reporting.portfolio import PortfolioRow, portfolio, totals
from shared.contracts.conduct import AuditData
from shared.contracts.terms import Confidence, ReportedState
from shared.identity.guard import guard
from shared.runtime.clock import now
from shared.web.page import page, site_of

router = APIRouter(tags=["portfolio"])
PAGE = 50
_HEAD = (
    "id name office sponsor state stage start end end_baseline rating rating_scale rater whole_life_cost currency reported_as_at".split()
)
COLUMNS = [
    *(str(rating) for rating in Confidence),
    ReportedState.WITHHELD,
    ReportedState.NOT_YET_KNOWN,
    ReportedState.UNREADABLE,
    "not_reported",
]
"""The columns of the heat map: the ratings, then why there is none."""
Text = Annotated[str, Query(max_length=200)]


@router.get(
    "/reporting/portfolio", response_class=HTMLResponse, summary="The portfolio as a page", dependencies=[Depends(guard("reporting/read"))]
)
async def show(
    request: Request, office: Text = "", rating: Text = "", state: Text = "", q: Text = "", after: Annotated[int, Query(ge=0)] = 0
) -> Response:
    """Every initiative with its rating, cost, dates and next gate; totals of exactly what is listed."""
    views = reader(request)
    whole = await portfolio(views, now())
    asked = {name: value for name, value in {"office": office, "rating": rating, "state": state, "q": q}.items() if value}
    rows = [row for row in whole.initiatives if _wanted(row, office, rating, state, q)]
    shown = rows[after : after + PAGE]
    more = after + PAGE < len(rows)
    waiting = sorted((row for row in rows if row.next_gate), key=lambda row: (row.next_gate.due, row.id) if row.next_gate else ())
    return await page(
        request,
        "reporting/portfolio.html",
        known=await heard(views),
        rows=shown,
        count=len(rows),
        whole=whole.totals.count,
        totals=totals(rows),
        columns=[column for column in COLUMNS if any(column in found.ratings for found in whole.totals.offices)],
        offices=whole.totals.offices,
        peak=max((count for found in whole.totals.offices for count in found.ratings.values()), default=1),
        asked=asked,
        waiting=waiting,
        today=whole.on,
        first="/reporting/portfolio?" + urlencode(asked) if after else None,
        next="/reporting/portfolio?" + urlencode({**asked, "after": after + PAGE}) if more else None,
        after=after,
        link=lambda **more: "/reporting/portfolio?" + urlencode({**asked, **more}),
        export="/reporting/portfolio.csv?" + urlencode(asked),
    )


@router.get("/reporting/portfolio.csv", summary="The portfolio as a CSV file", dependencies=[Depends(guard("reporting/read"))])
async def export(request: Request, office: Text = "", rating: Text = "", state: Text = "", q: Text = "") -> Response:
    """The same rows as the page, all of them. Taking them away is on record."""
    asked = {"office": office or None, "rating": rating or None, "state": state or None, "q": q or None}
    await site_of(request).of("reporting").recorder.accessed(request.state.who, AuditData.EXPORT, of="portfolio.csv", **asked)
    whole = await portfolio(reader(request), now())
    rows = (row for row in whole.initiatives if _wanted(row, office, rating, state, q))
    return Response(_csv(rows), media_type="text/csv; charset=utf-8", headers={"Content-Disposition": "attachment; filename=portfolio.csv"})


def _wanted(row: PortfolioRow, office: str, rating: str, state: str, q: str) -> bool:
    rated = str(row.rating) if row.rating else str(row.not_given.get("rating", "not_reported"))
    if (office and row.office != office) or (rating and rated != rating) or (state and str(row.state) != state):
        return False
    return not q or q.casefold() in f"{row.id} {row.name} {row.office_name}".casefold()


def _csv(rows: Iterable[PortfolioRow]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(_HEAD)
    for row in rows:
        cost: list[Any] = [row.figure.amount, row.figure.currency] if row.figure else [row.whole_life_cost, None]
        values = [row.id, row.name, row.office, row.sponsor, row.state, row.stage, row.start, row.end, row.end_baseline, row.rating]
        values += [row.rating_scale, row.rater, *cost, row.reported_as_at]
        writer.writerow([_harmless(value) for value in values])
    return out.getvalue()


def _harmless(value: Any) -> str:
    """A spreadsheet takes a cell that begins like this for a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
