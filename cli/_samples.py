"""What /metrics says of one service's worker. A scrape reads memory; what only the database knows is asked once a second."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime

import psycopg
import structlog
from psycopg_pool import PoolTimeout

from cli._parts import Part
from shared.ledger.record import LogUnavailable
from shared.runtime.clock import age, now
from shared.runtime.health import Measure, Sample
from shared.stream.relay import Relay, Status
from shared.stream.step import REACTIONS, VIEWS
from shared.stream.subscriber import Subscriber

_log = structlog.get_logger("worker")
_SECONDS = 1.0
_PARKED = "select consumer, count(*) from view.parked group by consumer"


@dataclass
class Samples:
    """How far relay, tables and reactions of a service have come."""

    part: Part
    relay: Relay
    subscriber: Subscriber
    _last: int | None = field(default=None, init=False)
    _parked: dict[str, int] = field(default_factory=dict, init=False)
    _complete: dict[str, datetime] = field(default_factory=dict, init=False)

    async def run(self) -> None:
        """Keep what the database knows, until cancelled; while it does not answer, it is not known."""
        while True:
            try:
                await self.refresh()
            except (psycopg.Error, PoolTimeout, LogUnavailable, OSError) as error:
                self._last = None
                _log.warning("samples_wait", service=self.part.service.name, trouble=type(error).__name__)
            await asyncio.sleep(_SECONDS)

    async def refresh(self) -> None:
        """Ask the database once. Raises what it raises."""
        self._behind()
        last = await self.part.running.log.last_position()
        async with self.part.pool.connection() as connection:
            self._parked = dict(await (await connection.execute(_PARKED)).fetchall())
        self._last = last

    async def samples(self) -> list[Sample]:
        """The values now. What is not known is left out: it is not nothing."""
        name, status = self.part.service.name, self.relay.status
        found = [
            Sample(Measure.RELAY_RUNNING, (name,), status is Status.RELAYING),
            Sample(Measure.RELAY_FORGED, (name,), status is Status.FORGED),
        ]
        if self._last is not None:
            found.append(Sample(Measure.LOG_POSITION, (name,), self._last))
            found += [Sample(Measure.QUARANTINED, (f"{name}/{step}",), self._parked.get(step, 0)) for step in (VIEWS, REACTIONS)]
            if status in (Status.RELAYING, Status.FORGED):
                # The relay may have gone on since the log was asked.
                found.append(Sample(Measure.RELAY_LAG, (name,), max(0, self._last - self.relay.position)))
        behind = self._behind()
        found += [Sample(Measure.CONSUMER_LAG, (name, log), records) for log, records in behind.items()]
        found += [Sample(Measure.TABLE_AGE, (name, v.name, v.log), self._age(v.log, behind)) for v in self.part.service.views if behind]
        return found

    def _behind(self) -> dict[str, int]:
        """The lag by log, empty while nothing is assigned; notes when a log was last known whole."""
        behind = self.subscriber.behind() if self.subscriber.listens else {}
        self._complete |= {log: now() for log, records in behind.items() if not records}
        return behind

    def _age(self, log: str, behind: dict[str, int]) -> float:
        """Seconds since the tables of a log last showed all of it: at most since its newest record that they show was recorded."""
        if not behind[log]:
            return 0.0
        moments = [moment for moment in (self._complete.get(log), self.subscriber.heard_at(log)) if moment]
        return age(max(moments)) if moments else 0.0
