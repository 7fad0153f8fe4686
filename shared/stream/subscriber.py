"""The subscriber: one consumer group a service, in batches, with offsets and marks in the service's own database.

A batch is taken through every step in turn. In one transaction a step locks its marks, admits what comes next of each shard, applies it,
parks what cannot be applied, and moves the marks. A batch is repeated until that has worked; nothing is acknowledged before.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

import structlog
from aiokafka import ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.annotations import KafkaMessage
from faststream.kafka.message import KafkaAckableMessage
from faststream.security import SASLScram512
from psycopg_pool import AsyncConnectionPool

from shared.stream import offsets, schema
from shared.stream.batch import Batch, Passage
from shared.stream.continuity import Fetch
from shared.stream.retry import TRANSIENT, pauses
from shared.stream.step import Step, Stuck
from shared.stream.topics import Topic, Topics

_log = structlog.get_logger(__name__)
_MOST = 1000
# After an empty poll FastStream sleeps as long again: this is the latency of the first record after a silence.
_POLL_MS = 50


class _Stopping(Exception):
    """The subscriber stops; the batch in hand is heard again at the next start."""


@dataclass
class Subscriber:
    """Takes the logs that `service` hears through `steps`. `trouble` says what it waits for, None while all is well."""

    service: str
    hears: Collection[str]
    topics: Topics
    pool: AsyncConnectionPool[Any]
    steps: Sequence[Step]
    fetch: Fetch
    trouble: str | None = field(default=None, init=False)
    _taken: dict[TopicPartition, int] = field(default_factory=dict, init=False)
    _newest: dict[str, datetime] = field(default_factory=dict, init=False)
    _known: dict[str, Topic] = field(default_factory=dict, init=False)
    _stopping: asyncio.Event = field(default_factory=asyncio.Event, init=False)

    @property
    def listens(self) -> bool:
        """Whether partitions are assigned and read."""
        consumer = self._subscriber.consumer if hasattr(self, "_subscriber") else None
        return consumer is not None and bool(consumer.assignment())

    def behind(self) -> dict[str, int]:
        """By log, how many records Kafka holds that were not yet taken."""
        found = dict.fromkeys(self.hears, 0)
        consumer = self._subscriber.consumer if self.listens else None
        if consumer is not None:
            for place in consumer.assignment():
                end, following = consumer.highwater(place), self._taken.get(place)
                if end and following is not None:
                    found[self.topics.log(place.topic)] += max(0, end - following)
        return found

    def heard_at(self, log: str) -> datetime | None:
        """When the newest record taken of a log was recorded."""
        return self._newest.get(log)

    async def run(self) -> None:
        """Hears until cancelled."""
        if not self.hears:
            return
        access = self.topics.access
        security = SASLScram512(access.user, access.password) if access else None
        broker = KafkaBroker(self.topics.bootstrap, security=security, logger=None, graceful_timeout=10)
        self._passage = Passage(self.service, self.fetch, partial(self._copy, broker))
        self._subscribe(broker)
        try:
            await self._until_done(partial(self._start, broker))
            _log.info("subscriber_listens", service=self.service, hears=sorted(self.hears))
            await asyncio.Event().wait()
        finally:
            self._stopping.set()
            await broker.stop()

    async def _start(self, broker: KafkaBroker) -> None:
        async with self.pool.connection() as connection:
            await schema.install(connection)
        self._known = await self.topics.ensure(*map(self.topics.of, self.hears), self.topics.quarantine)
        try:
            await broker.start()
        except BaseException:
            await broker.stop()
            raise

    def _subscribe(self, broker: KafkaBroker) -> None:
        self._subscriber = broker.subscriber(
            *(self.topics.of(log) for log in sorted(self.hears)),
            batch=True,
            max_records=_MOST,
            batch_timeout_ms=_POLL_MS,
            group_id=self.topics.group(self.service),
            auto_offset_reset="earliest",
            # The shortest that brokers allow: a killed worker's partitions are taken over after it.
            session_timeout_ms=6_000,
            heartbeat_interval_ms=1_500,
            ack_policy=AckPolicy.MANUAL,
            no_reply=True,
            listener=_Seeker(self),
            parser=self._unparsed,
            decoder=_body,
        )
        self._subscriber(self._hear)

    async def _unparsed(self, records: tuple[ConsumerRecord[Any, Any], ...]) -> KafkaAckableMessage:
        """The batch as it came. FastStream's own parser decodes every header as UTF-8, and one that is not would lose the batch."""
        return KafkaAckableMessage(raw_message=records, body=[], consumer=self._subscriber.consumer)

    async def _hear(self, message: KafkaMessage) -> None:
        records: Any = message.raw_message
        batch = await Batch.of(records, self.topics.log)
        if batch.foreign:
            await self._until_done(partial(self._passage.set_aside, batch.foreign))
        for step in self.steps:
            while not await self._until_done(partial(self._take, step, batch)):
                _log.info("hole_filled_in_part", service=self.service, consumer=step.name)
        self._taken |= batch.offsets
        for recorded, log in sorted((one.heard.envelope.recorded, one.log) for one in batch.records if one.heard):
            self._newest[log] = recorded
        # For the tools that look at groups; where we continue is in our own database. After a rebalance the commit is refused.
        with suppress(KafkaError):
            await message.ack()

    async def _take(self, step: Step, batch: Batch) -> bool:
        """One transaction; False if the batch has to be taken again because a hole is larger than one transaction takes."""

        async def keep_offsets() -> None:
            if step is self.steps[-1]:
                ids = {name: topic.id for name, topic in self._known.items()}
                await offsets.keep(connection, self.topics.group(self.service), ids, batch.offsets)

        async with self.pool.connection() as connection:
            return await self._passage.take(connection, step, batch, keep_offsets)

    async def _until_done(self, action: Callable[[], Awaitable[Any]]) -> Any:
        """Repeats what fails by no fault of a record until it works. Raises _Stopping when the subscriber stops."""
        async for attempt in pauses():
            if self._stopping.is_set():
                raise _Stopping
            try:
                result = await action()
            except TRANSIENT as error:
                self.trouble = f"{type(error).__name__}: {error}"
                _log.warning("subscriber_waits", service=self.service, attempt=attempt, trouble=self.trouble)
            else:
                self.trouble = None
                return result
        raise AssertionError("unreachable")

    async def assigned(self, places: Collection[TopicPartition]) -> None:
        """Starts where our database says, with nothing remembered: somebody else may have gone on meanwhile."""
        self._passage.forget(self.steps)

        async def find() -> Mapping[TopicPartition, int]:
            self._known = await self.topics.ensure(*map(self.topics.of, self.hears), self.topics.quarantine)
            ids = {name: topic.id for name, topic in self._known.items()}
            async with self.pool.connection() as connection:
                return await offsets.find(connection, self.topics.group(self.service), ids, places)

        consumer = self._subscriber.consumer
        assert consumer is not None  # noqa: S101
        for place, offset in (await self._until_done(find)).items():
            consumer.seek(place, offset)
            self._taken[place] = offset

    async def _copy(self, broker: KafkaBroker, stuck: Sequence[Stuck]) -> None:
        """Copies to the quarantine topic, for people and tools; the records themselves wait in view.parked_record."""
        for one in stuck:
            about = {"service": self.service, "log": one.log, "position": str(one.position), "reason": one.reason, "way_out": one.way_out}
            headers = {name: value.encode("ascii", "backslashreplace").decode()[:2000] for name, value in about.items()}
            await broker.publish(one.bytes, topic=self.topics.quarantine, key=one.key.encode(), headers=headers)


class _Seeker(ConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(self, subscriber: Subscriber) -> None:
        self._subscriber = subscriber

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """A batch in hand may still be applied: its marks are locked and checked like any other's."""

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        await self._subscriber.assigned(assigned)


async def _body(message: KafkaAckableMessage) -> Any:
    return message.body
