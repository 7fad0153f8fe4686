"""The audit list: every event of every log, newest first, by log, person, initiative or kind."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, Response

from services.reporting.pages.reading import heard, reader
from services.reporting.views.audit_trail import TRAILS, AuditEntry
from shared.contracts.catalogue import published
from shared.contracts.conduct import AuditData
from shared.identity.guard import guard
from shared.projection.query import Between
from shared.web.page import page, site_of
from shared.web.problems import Problem

router = APIRouter(tags=["audit"])
PAGE = 50
Text = Annotated[str, Query(max_length=200)]


@router.get(
    "/reporting/audit", response_class=HTMLResponse, summary="The audit list as a page", dependencies=[Depends(guard("reporting/audit"))]
)
async def show(request: Request, log: Text = "", actor: Text = "", initiative: Text = "", type: Text = "", before: Text = "") -> Response:
    """Who did what, for whom, when, in which role and on which authority. `before` is where the page before ended: log:position,…"""
    views = reader(request)
    asked = {name: value for name, value in {"log": log, "actor": actor, "initiative": initiative, "type": type}.items() if value}
    where = {name: value for name, value in asked.items() if name != "log"}
    ends = _ends(before)
    found: list[tuple[str, AuditEntry]] = []
    for name, kind in TRAILS.items():
        if log and name != log:
            continue
        until = {"position": Between(None, ends[name])} if name in ends else {}
        found += [(name, entry) for entry in await views.rows(kind, where={**where, **until}, order="-key", limit=PAGE + 1)]
    found.sort(key=lambda one: (one[1].recorded, one[0], one[1].position), reverse=True)
    entries, more = found[:PAGE], len(found) > PAGE
    # A log without an entry on this page goes on where it was.
    ends |= {name: entry.position for name, entry in entries}
    cursor = ",".join(f"{name}:{position}" for name, position in sorted(ends.items()))
    await site_of(request).of("reporting").recorder.accessed(request.state.who, AuditData.AUDIT_PAGE, **asked, before=before or None)
    return await page(
        request,
        "reporting/audit.html",
        known=await heard(views),
        entries=entries,
        asked=asked,
        logs=tuple(TRAILS),
        kinds=sorted({kind.wire for kind in published()}),
        first="/reporting/audit?" + urlencode(asked) if before else None,
        next="/reporting/audit?" + urlencode({**asked, "before": cursor}) if more else None,
    )


def _ends(before: str) -> dict[str, int]:
    """Where each log goes on; raises Problem (400) for anything that no page of ours linked to."""
    try:
        pairs = [part.split(":") for part in before.split(",") if part]
        return {log: int(position) for log, position in pairs if log in TRAILS}
    except ValueError:
        raise Problem(400, "before", f"{before!r} is no place in the list.", "follow the link of a page, or leave it out") from None
