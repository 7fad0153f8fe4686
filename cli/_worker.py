"""The worker of one or several services: relays the log, keeps the tables, reacts, watches timers; listens for its health alone."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from functools import partial
from typing import Any
from uuid import UUID

import httpx
import structlog
from fastapi import FastAPI

from cli._parts import Instance, Part
from shared.contracts.conduct import ReactionRefused
from shared.contracts.envelope import Heard
from shared.identity.conduct import Conduct, RecordReactionRefusal
from shared.identity.issuer import LocalIssuer
from shared.ledger.intent import Intent
from shared.projection.fold import Projector
from shared.projection.prepare import prepare
from shared.projection.rebuild import rebuild
from shared.projection.schema import install
from shared.projection.source import ByShard, OwnLog
from shared.runtime.clock import age
from shared.runtime.health import Health, Measure, Sample
from shared.stream.reactions import Reactions
from shared.stream.relay import Relay, Status
from shared.stream.step import VIEWS
from shared.stream.subscriber import Subscriber
from shared.stream.tables import Tables
from shared.stream.timers import Timers, TimerTable
from shared.stream.topics import Topics
from shared.stream.wire import Fed

_log = structlog.get_logger("worker")


class Feeds:
    """The feeds of the owners of the logs, asked as one service."""

    def __init__(self, name: str, urls: dict[str, str], issuer: LocalIssuer) -> None:
        self._name, self._urls, self._issuer = name, urls, issuer
        self._client = httpx.AsyncClient(timeout=10)

    async def fetch(self, log: str, shard: int, after: int) -> Sequence[Fed]:
        """The records of a shard after a position, at most 1,000. Raises httpx.HTTPError."""
        answer = await self._client.get(
            f"{self._urls[log]}/{log}/feed",
            params={"shard": shard, "after": after},
            headers={"Authorization": f"Bearer {self._issuer.service_token(self._name)}"},
        )
        answer.raise_for_status()
        return [Fed(found["position"], found["predecessor"], found["record"].encode()) for found in answer.json()]


class Worker:
    """The work of one service in this process."""

    def __init__(self, instance: Instance, part: Part) -> None:
        self.part, self.service = part, part.service
        running, name = part.running, part.service.name
        topics = Topics(instance.bootstrap)
        self.feeds = Feeds(name, instance.urls, instance.issuer)
        self.relay = Relay(name, running.log, part.dsn, topics)
        steps = (
            Tables(Projector(self.service.views), TimerTable(self.service.timers)),
            Reactions(name, self.service.reactions, running.handler, running.handler.facts, self._record_refusal),
        )
        self.subscriber = Subscriber(name, self.service.hears(), topics, part.pool, steps, self.feeds.fetch)
        self.timers = Timers(name, part.pool, running.handler, self._record_refusal)

    async def run(self, seed: Callable[[Part], Coroutine[Any, Any, None]]) -> None:
        """Works until cancelled."""
        async with self.part.pool.connection() as connection:
            await install(connection)
            waiting = await prepare(connection, VIEWS, self.service.views)
        async with asyncio.TaskGroup() as group:
            for task in (self.relay.run(), self.subscriber.run(), self.timers.run(), self.part.running.recorder.run()):
                group.create_task(task)
            group.create_task(self._make(waiting))
            group.create_task(seed(self.part))

    async def _make(self, waiting: Iterable[Any]) -> None:
        """Make the tables of views that were declared after others had heard."""
        for view in waiting:
            own = view.log == self.service.name
            source = OwnLog(self.part.running.log, view) if own else ByShard(partial(self.feeds.fetch, view.log), view)
            async with self.part.pool.connection() as connection:
                position = await rebuild(connection, VIEWS, view, source)
            _log.info("view_made", view=view.name, log=view.log, position=position)

    async def _record_refusal(self, command_id: UUID, event: ReactionRefused, heard: Heard) -> None:
        who = self.part.running.recorder.who
        command = RecordReactionRefusal(**dict(event))
        await self.part.running.handler.handle(Intent(command_id, Conduct, who.actor, command, who, cause=heard))

    async def ready(self) -> str | None:
        """Why the service does not relay and listen yet. A forged record does not stop the rest: it is an alarm of its own."""
        if self.relay.status not in (Status.RELAYING, Status.STANDBY, Status.FORGED):
            return f"the relay is {self.relay.status}: {self.relay.trouble or 'Kafka is asked for its topics'}"
        if self.service.hears() and not self.subscriber.listens:
            return self.subscriber.trouble or "the subscriber waits for its partitions"
        return self.subscriber.trouble

    async def samples(self) -> list[Sample]:
        """How far relay and tables have come."""
        name, last = self.service.name, await self.part.running.log.last_position()
        running = self.relay.status is Status.RELAYING
        found = [
            Sample(Measure.LOG_POSITION, (name,), last),
            Sample(Measure.RELAY_RUNNING, (name,), running),
            Sample(Measure.RELAY_FORGED, (name,), self.relay.status is Status.FORGED),
        ]
        if running:
            found.append(Sample(Measure.RELAY_LAG, (name,), last - self.relay.position))
        behind = self.subscriber.behind()
        found += [Sample(Measure.CONSUMER_LAG, (name, log), records) for log, records in behind.items()]
        for view in self.service.views:
            newest = self.subscriber.heard_at(view.log)
            found.append(Sample(Measure.TABLE_AGE, (view.name, view.log), age(newest) if newest and behind[view.log] else 0.0))
        async with self.part.pool.connection() as connection:
            cursor = await connection.execute("select consumer, count(*) from view.parked group by consumer")
            found += [Sample(Measure.QUARANTINED, (f"{name}/{row[0]}",), row[1]) for row in await cursor.fetchall()]
        return found


def health_app(workers: Sequence[Worker], health: Health) -> FastAPI:
    """What a worker answers: /healthz, /readyz, /metrics."""
    for worker in workers:
        health.checks[worker.service.name] = worker.ready
        health.samplers.append(worker.samples)
    app = FastAPI(title="Minutebook worker", openapi_url=None, docs_url=None, redoc_url=None)
    app.include_router(health.router())
    return app
