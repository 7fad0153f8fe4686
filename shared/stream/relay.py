"""The relay: from the verified log to Kafka, in order of position, at least once.

There is no outbox: the log is tailed by position. One relay a log works at a time, held by an advisory lock; how far it came is one row
in the same database, moved after Kafka has acknowledged. A cluster or topic that is new, or that lost its end, is filled from the start.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from time import time_ns
from typing import Any, Protocol

import structlog
from aiokafka import AIOKafkaProducer
from psycopg import AsyncConnection
from psycopg.types.json import Jsonb

from shared.ledger.connect import connect
from shared.ledger.record import Forged, Record
from shared.stream import schema
from shared.stream.retry import TRANSIENT, pauses
from shared.stream.spans import Place, passed
from shared.stream.topics import Topic, Topics
from shared.stream.wire import outgoing

_log = structlog.get_logger(__name__)
_STANDBY_SECONDS = 1.0
_OUTAGE_MS = 60_000
_STOP_SECONDS = 5
_PAGE = 1000

_LOCK = "select pg_try_advisory_lock(hashtext('minutebook relay'), hashtext(%s))"
_ROW = "select cluster, topic, position, ends from view.relay where log = %s"
_MOVE = """
insert into view.relay (log, cluster, topic, position, ends) values (%s, %s, %s, %s, %s)
on conflict (log) do update set cluster = excluded.cluster, topic = excluded.topic, position = excluded.position, ends = excluded.ends
"""


class VerifiedLog(Protocol):
    """What the relay needs of the log."""

    def tail(self, after: int) -> AsyncGenerator[list[Record], None]: ...
    async def predecessors(self, upto: int) -> dict[int, int]: ...


class Status(StrEnum):
    """What a relay is doing."""

    STARTING = "starting"
    STANDBY = "standby"
    RELAYING = "relaying"
    RETRYING = "retrying"
    FORGED = "forged"


class _Replaced(OSError):
    """Kafka continues a partition before the end that it had acknowledged: it lost records."""


@dataclass
class Relay:
    """Relays the log of `service` from the database at `dsn`.

    `status`, `position` (the last one acknowledged) and `trouble` (why it retries, or what is forged) are for /readyz and people.
    """

    service: str
    log: VerifiedLog
    dsn: str
    topics: Topics
    status: Status = field(default=Status.STARTING, init=False)
    position: int = field(default=0, init=False)
    trouble: str | None = field(default=None, init=False)

    async def run(self) -> None:
        """Relays until cancelled. Returns only at a forged record, with everything before it relayed."""
        while True:
            async for attempt in pauses():
                before = self.position
                try:
                    await self._session()
                except Forged as forged:
                    self._report(Status.FORGED, str(forged))
                    _log.error("relay_forged", service=self.service, position=forged.position, what=forged.what)
                    return
                except TRANSIENT as error:
                    self._report(Status.RETRYING, f"{type(error).__name__}: {error}")
                    _log.warning("relay_retries", service=self.service, attempt=attempt, trouble=self.trouble)
                if self.position != before:
                    break

    async def _session(self) -> None:
        """One go with one database connection, which holds the lock, and one producer."""
        async with await connect(self.dsn) as connection:
            await schema.install(connection)
            while not await self._locked(connection):
                self._report(Status.STANDBY, None)
                await asyncio.sleep(_STANDBY_SECONDS)
            name = self.topics.of(self.service)
            topic = (await self.topics.ensure(name))[name]
            ends = await self._resume(connection, topic)
            producer = AIOKafkaProducer(
                **self.topics.options,
                enable_idempotence=True,
                acks="all",
                linger_ms=0,
                max_batch_size=262_144,
                request_timeout_ms=_OUTAGE_MS,
            )
            try:
                await producer.start()
                await self._relay(connection, producer, topic, ends)
            finally:
                # In an outage it would wait for what it can no longer send.
                with suppress(TimeoutError):
                    await asyncio.wait_for(producer.stop(), _STOP_SECONDS)

    async def _relay(self, connection: AsyncConnection[Any], producer: AIOKafkaProducer, topic: Topic, ends: dict[int, int]) -> None:
        predecessors = await self.log.predecessors(self.position)
        self._report(Status.RELAYING, None)
        async with aclosing(self.log.tail(self.position)) as pages:
            async for page in pages:
                for start in range(0, len(page), _PAGE):
                    records = page[start : start + _PAGE]
                    began = time_ns()
                    traces = await self._send(producer, topic, records, predecessors, ends, connection)
                    self.position = records[-1].position
                    await self._move(connection, topic, ends)
                    passed(self.service, "relay", began, traces)

    async def _send(
        self,
        producer: AIOKafkaProducer,
        topic: Topic,
        records: list[Record],
        predecessors: dict[int, int],
        ends: dict[int, int],
        connection: AsyncConnection[Any],
    ) -> list[Place]:
        waiting, traces = [], []
        for record in records:
            key, headers = outgoing(record, predecessors.get(record.shard, 0))
            predecessors[record.shard] = record.position
            said = dict(headers)
            traces.append((said["traceparent"].decode(), said["ce_type"].decode(), self.service, record.position))
            partition = record.shard % topic.partitions
            waiting.append(await producer.send(topic.name, value=record.bytes, key=key, partition=partition, headers=headers))
        for sent in await asyncio.gather(*waiting):
            # -1: a repeat that the broker recognised without saying where it stands.
            if 0 <= sent.offset < ends.get(sent.partition, 0):
                self.position, ends = 0, {}
                await self._move(connection, topic, ends)
                raise _Replaced(f"{topic.name} lost records that it had acknowledged; it is filled again from the log")
            ends[sent.partition] = max(sent.offset + 1, ends.get(sent.partition, 0))
        return traces

    async def _resume(self, connection: AsyncConnection[Any], topic: Topic) -> dict[int, int]:
        """Sets the position to go on from; returns the acknowledged ends of the partitions."""
        row = await (await connection.execute(_ROW, (self.service,))).fetchone()
        if row is not None and row[:2] == (topic.cluster, topic.id):
            ends = {int(partition): int(offset) for partition, offset in row[3].items()}
            now = await self.topics.ends(topic)
            if all(now.get(partition, 0) >= offset for partition, offset in ends.items()):
                self.position = row[2]
                return ends
        if row is not None:
            _log.warning("relay_starts_over", service=self.service, topic=topic.name, cluster=topic.cluster, topic_id=topic.id)
        self.position = 0
        return {}

    async def _locked(self, connection: AsyncConnection[Any]) -> bool:
        row = await (await connection.execute(_LOCK, (self.service,))).fetchone()
        return row is not None and bool(row[0])

    async def _move(self, connection: AsyncConnection[Any], topic: Topic, ends: dict[int, int]) -> None:
        await connection.execute(_MOVE, (self.service, topic.cluster, topic.id, self.position, Jsonb(ends)))

    def _report(self, status: Status, trouble: str | None) -> None:
        self.status, self.trouble = status, trouble
