"""What the screens of reporting read from, and how far it has heard each log."""

from fastapi import Request

from services.reporting.views.audit_trail import TRAILS
from shared.projection.reader import ViewReader
from shared.web.page import site_of
from shared.web.running import Known


def reader(request: Request) -> ViewReader:
    """The tables of reporting."""
    return site_of(request).of("reporting").views


async def heard(views: ViewReader) -> list[Known]:
    """How far reporting has heard each log: the newest record in its audit trail."""
    found = []
    for log, row in TRAILS.items():
        newest = await views.rows(row, order="-key", limit=1)
        found.append(Known(log, newest[0].position, newest[0].recorded) if newest else Known(log, 0, None))
    return found
