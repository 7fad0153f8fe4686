"""The worker of one or several services: relays the log, keeps the tables, reacts, watches timers; listens for its health alone."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

import httpx
import structlog
from fastapi import FastAPI

from cli._parts import Instance, Part, refusals, steps
from cli._samples import Samples
from shared.identity.issuer import LocalIssuer
from shared.projection.prepare import prepare
from shared.projection.rebuild import rebuild
from shared.projection.source import ByShard, OwnLog
from shared.runtime.health import Health
from shared.stream.relay import Relay, Status
from shared.stream.retry import TRANSIENT, pauses
from shared.stream.step import VIEWS
from shared.stream.subscriber import Subscriber
from shared.stream.timers import Timers
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
        topics = instance.topics(name)
        self.feeds = Feeds(name, instance.urls, instance.issuer)
        self.relay = Relay(name, running.log, part.dsn, topics)
        taken = steps(self.service, running.handler, running.recorder)
        self.subscriber = Subscriber(name, self.service.hears(), topics, part.pool, taken, self.feeds.fetch)
        self.timers = Timers(name, part.pool, running.handler, refusals(running.handler, running.recorder))
        self.samples = Samples(part, self.relay, self.subscriber)

    async def run(self, seed: Callable[[Part], Coroutine[Any, Any, None]]) -> None:
        """Works until cancelled."""
        async with self.part.pool.connection() as connection:
            waiting = await prepare(connection, VIEWS, self.service.views)
        async with asyncio.TaskGroup() as group:
            for task in (self.relay, self.subscriber, self.timers, self.samples, self.part.running.recorder):
                group.create_task(task.run())
            group.create_task(self._make(waiting))
            group.create_task(self._replay())
            group.create_task(seed(self.part))

    async def _make(self, waiting: Iterable[Any]) -> None:
        """Make the tables of views that were declared after others had heard."""
        for view in waiting:
            own = view.log == self.service.name
            source = OwnLog(self.part.running.log, view) if own else ByShard(partial(self.feeds.fetch, view.log), view)
            async with self.part.pool.connection() as connection:
                position = await rebuild(connection, VIEWS, view, source)
            _log.info("view_made", view=view.name, log=view.log, position=position)

    async def _replay(self) -> None:
        """Try once more what waits: this release may read what the one before it could not."""
        async for attempt in pauses():
            try:
                for (log, key), done in (await self.part.running.quarantine.replay_all()).items():
                    tell = _log.warning if done.left else _log.info
                    tell("key_replayed", service=self.service.name, log=log, key=key, **asdict(done))
                return
            except TRANSIENT as error:
                _log.warning("replay_waits", service=self.service.name, attempt=attempt, trouble=f"{type(error).__name__}: {error}")

    async def ready(self) -> str | None:
        """Why the service does not relay and listen yet. A forged record does not stop the rest: it is an alarm of its own."""
        if self.relay.status not in (Status.RELAYING, Status.STANDBY, Status.FORGED):
            return f"the relay is {self.relay.status}: {self.relay.trouble or 'Kafka is asked for its topics'}"
        if self.service.hears() and not self.subscriber.listens:
            return self.subscriber.trouble or "the subscriber waits for its partitions"
        return self.subscriber.trouble


def health_app(workers: Sequence[Worker], health: Health) -> FastAPI:
    """What a worker answers: /healthz, /readyz, /metrics."""
    for worker in workers:
        health.checks[worker.service.name] = worker.ready
        health.samplers.append(worker.samples.samples)
    app = FastAPI(title="Minutebook worker", openapi_url=None, docs_url=None, redoc_url=None)
    app.include_router(health.router())
    return app
