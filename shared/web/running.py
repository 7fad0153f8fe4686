"""A service as it runs in this process: its declaration with the handler, the log and the tables that serve it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import orjson

from shared.contracts.envelope import instant
from shared.identity.recorder import ConductRecorder
from shared.ledger.handler import Handler
from shared.ledger.log import Log
from shared.projection.arrival import NotYet
from shared.projection.reader import ViewReader
from shared.stream.park import Quarantine
from shared.web.conditions import Place
from shared.web.problems import Problem, not_ready
from shared.web.service import Service

WAIT = 3.0
"""Seconds that a request waits for what it wants to have been heard."""


class Known(NamedTuple):
    """How far a log is known: the position, and when its record was recorded (None in an empty log)."""

    log: str
    position: int
    recorded: datetime | None


@dataclass(frozen=True)
class Running:
    """What the routes of a service need."""

    service: Service
    handler: Handler
    log: Log
    views: ViewReader
    recorder: ConductRecorder
    quarantine: Quarantine

    async def known(self) -> Known:
        """How far the log of the service itself has come."""
        last = await self.log.last_position()
        records = await self.log.page(last - 1, 1) if last else []
        recorded = instant(orjson.loads(records[0].bytes)["recordedtime"]) if records else None
        return Known(self.service.name, last, recorded)

    async def heard(self, places: Iterable[Place]) -> None:
        """Return once the tables show these places of logs. Raises Problem: 503 after 3 s, 422 for a log that is not heard here."""
        tables = {view.log for view in self.service.views}
        for place in places:
            if place.log in tables:
                try:
                    await self.views.wait_for(place.log, place.position, WAIT, place.key)
                except NotYet as early:
                    raise not_ready(f"What you ask for has not been heard yet: {early}.") from None
            elif place.log != self.service.name or place.position > await self.log.last_position():
                known = ", ".join(sorted(tables | {self.service.name}))
                detail = f"{place.log} is not known here up to {place.position}."
                raise Problem(422, "after", detail, f"name a place that exists in one of {known}", "after")
