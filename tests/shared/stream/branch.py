"""A branch of the post: one service with its log, relay, subscriber and timers, put together as the runtime does."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from psycopg_pool import AsyncConnectionPool

from deploy.kafka import Kafka
from shared.contracts.conduct import ReactionRefused
from shared.contracts.envelope import Envelope, Heard
from shared.domain.given import Who
from shared.domain.state import Command, State
from shared.ledger.handler import Handler
from shared.ledger.intent import Intent, Receipt
from shared.ledger.log import Log
from shared.ledger.record import Record
from shared.projection import schema as views
from shared.projection.fold import Projector
from shared.projection.prepare import prepare
from shared.stream import schema
from shared.stream.park import Quarantine
from shared.stream.reactions import Reactions
from shared.stream.relay import Relay
from shared.stream.step import VIEWS
from shared.stream.subscriber import Subscriber
from shared.stream.tables import Tables
from shared.stream.timers import Timers, TimerTable
from shared.stream.topics import Topics
from shared.stream.wire import Fed, outgoing
from tests.shared.ledger.office import Office
from tests.shared.stream import post

ANN = Who("p-ann", "clerk", "hub")


@dataclass
class Branch:
    """`refusals` holds the refused reactions that were recorded; `fetched` the questions put to the feed."""

    office: Office
    topics: Topics
    log: Log
    handler: Handler
    pool: AsyncConnectionPool[Any]
    refusals: list[ReactionRefused] = field(default_factory=list)
    fetched: list[tuple[str, int, int]] = field(default_factory=list)

    @classmethod
    @asynccontextmanager
    async def opened(cls, office: Office, topics: Topics) -> AsyncIterator["Branch"]:
        async with AsyncExitStack() as stack:
            log, keystore = await office.open()
            stack.push_async_callback(keystore.close)
            stack.push_async_callback(log.close)
            pool = await stack.enter_async_context(AsyncConnectionPool(office.dsn, min_size=1, max_size=6, open=False))
            branch = cls(office, topics, log, Handler(log, "post", None, b"secret"), pool)
            async with pool.connection() as connection:
                await views.install(connection)
                await schema.install(connection)
                await prepare(connection, VIEWS, [post.parcels])
            yield branch

    def relay(self) -> Relay:
        return Relay("post", self.log, self.office.dsn, self.topics)

    def steps(self) -> tuple[Tables, Reactions]:
        tables = Tables(Projector([post.parcels]), TimerTable([post.chase, post.no_chase]))
        return tables, Reactions("post", [post.acknowledge], self.handler, None, self.record)

    def subscriber(self) -> Subscriber:
        return Subscriber("post", {"post"}, self.topics, self.pool, self.steps(), self.feed)

    def quarantine(self) -> Quarantine:
        return Quarantine(self.pool, self.steps())

    def timers(self, now: datetime | None = None) -> Timers:
        return Timers("post", self.pool, self.handler, self.record, (lambda: now) if now else lambda: datetime.now(UTC))

    async def record(self, command_id: UUID, event: ReactionRefused, heard: Heard) -> None:
        self.refusals.append(event)

    async def feed(self, log: str, shard: int, after: int) -> Sequence[Fed]:
        self.fetched.append((log, shard, after))
        fed, predecessor = [], after
        for record in await self.log.by_shard(shard, after, 100):
            fed.append(Fed(record.position, predecessor, record.bytes))
            predecessor = record.position
        return fed

    async def do(self, state: type[State], identity: str, command: Command) -> Receipt:
        return await self.handler.handle(Intent(uuid4(), state, identity, command, ANN))

    async def post(self, *parcels: str, legs: int = 0) -> None:
        """Posts parcels and moves them along, side by side."""

        async def one(parcel: str) -> None:
            await self.do(post.Parcel, parcel, post.PostParcel())
            for _ in range(legs):
                await self.do(post.Parcel, parcel, post.MoveParcel())

        await asyncio.gather(*map(one, parcels))

    async def records(self) -> list[Record]:
        found: list[Record] = []
        while page := await self.log.page(found[-1].position if found else 0):
            found += page
        return found

    async def first(self, stream: str) -> Record:
        return next(record for record in await self.records() if record.stream == stream)

    async def events(self, wire: str) -> list[Envelope]:
        decoded = [Envelope.trusted(record.bytes) for record in await self.records()]
        return [envelope for envelope in decoded if envelope.type == f"minutebook.post.{wire}.v1"]

    async def rows(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        async with self.pool.connection() as connection:
            found: list[tuple[Any, ...]] = await (await connection.execute(sql, parameters)).fetchall()
            return found

    async def legs(self) -> dict[str, int]:
        """The read model: legs by parcel."""
        return dict(await self.rows(f"select _key, legs from view.{post.parcels.table}"))

    async def in_kafka(self, topic: str | None = None) -> list[ConsumerRecord[bytes, bytes]]:
        """Everything in the topic, partition by partition."""
        consumer = AIOKafkaConsumer(**self.topics.options)
        await consumer.start()
        try:
            name = topic or self.topics.of("post")
            places = [
                TopicPartition(name, number) for number in sorted(consumer.partitions_for_topic(name) or await _known(consumer, name))
            ]
            consumer.assign(places)
            await consumer.seek_to_beginning()
            ends, found = await consumer.end_offsets(places), []
            for place in places:
                while await consumer.position(place) < ends[place]:
                    found += (await consumer.getmany(place, timeout_ms=1000)).get(place, [])
            return found
        finally:
            await consumer.stop()

    async def publish(self, record: Record, predecessor: int, value: bytes | None = None) -> None:
        """Sends one record as the relay would, or with another value in its place."""
        key, headers = outgoing(record, predecessor)
        topic = (await self.topics.ensure(self.topics.of("post")))[self.topics.of("post")]
        async with AIOKafkaProducer(**self.topics.options) as producer:
            await producer.send_and_wait(
                topic.name, value or record.bytes, key=key, partition=record.shard % topic.partitions, headers=headers
            )

    async def caught_up(self) -> bool:
        """Everything in the log has been taken through both steps."""
        heads = {shard: at for shard, at in (await self.log.predecessors(await self.log.last_position())).items() if at}
        for consumer in ("views", "reactions"):
            if dict(await self.rows("select shard, position from view.mark where consumer = %s and position > 0", consumer)) != heads:
                return False
        return True


async def _known(consumer: AIOKafkaConsumer, topic: str) -> set[int]:
    consumer._client.add_topic(topic)
    await consumer._client.force_metadata_update()
    return consumer.partitions_for_topic(topic) or set()


@asynccontextmanager
async def running(*runs: Awaitable[None]) -> AsyncIterator[list[asyncio.Task[None]]]:
    """Runs workers until the end of the block; what one raises fails the test."""
    tasks = [asyncio.ensure_future(run) for run in runs]
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task


async def eventually(condition: Callable[[], Awaitable[bool]], seconds: float = 60) -> None:
    """Returns when the condition holds; asks again after a moment, for at most so many seconds."""
    async with asyncio.timeout(seconds):
        # What is waited for happens in other tasks and processes, on servers that tell nobody.
        while not await condition():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


def some_topics(server: Kafka) -> Topics:
    """An environment of its own on a shared broker."""
    return Topics(server.bootstrap, f"t{os.getpid()}-{uuid4().hex[:8]}", partitions=4, access=server.admin)
