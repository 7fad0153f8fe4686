"""The organisation while a test runs: commands go in, records go round, workers break off, start again, rebuild and replay."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from services.gates.seed import SEED, WHO, command_ids
from shared.domain.given import Who
from shared.domain.refused import Refused
from shared.domain.state import Command, State
from shared.ledger.handler import Handler
from shared.ledger.intent import Conflicted, Intent, Receipt
from shared.projection.digest import digest
from shared.projection.rebuild import rebuild
from shared.projection.source import ByShard, OwnLog
from shared.projection.view import View
from shared.stream.batch import Batch
from shared.stream.step import REACTIONS, VIEWS
from shared.stream.wire import Fed
from tests.properties.faults import LOST, Fault, broken_off
from tests.properties.post import Delivery, Message, Topic, in_order
from tests.properties.site import Site, Worker

_AT_ONCE = 40


@dataclass
class World:
    """One run over the sites."""

    sites: dict[str, Site]
    topics: dict[str, Topic] = field(init=False)
    api: dict[str, Handler] = field(init=False)
    workers: dict[str, list[Worker]] = field(init=False)
    """Two processes of each service: partitions move from one to the other."""
    answers: list[tuple[Intent, Receipt]] = field(default_factory=list)
    heard: dict[str, dict[str, int]] = field(init=False)
    """By service and log, how many records came to it."""
    settled: dict[str, dict[str, int]] = field(init=False)
    """By service and log, how many records came to it without anything missing."""
    armed: dict[str, tuple[Fault, bool]] = field(default_factory=dict)
    """By service, where its worker breaks off, and whether its memory is lost then."""
    marks: dict[tuple[str, str, str, int], int] = field(default_factory=dict)
    asked: int = 0

    def __post_init__(self) -> None:
        self.topics = {name: Topic(name) for name in self.sites}
        self.api = {name: site.api() for name, site in self.sites.items()}
        self.workers = {name: [site.worker(self.feed) for _ in range(2)] for name, site in self.sites.items()}
        self.heard, self.settled = {name: {} for name in self.sites}, {name: {} for name in self.sites}

    async def begin(self) -> None:
        """Nothing is on record but what an instance begins with."""
        for site in self.sites.values():
            site.empty()
        for command_id, (state, identity, command) in zip(command_ids(), SEED, strict=True):
            await self.api["gates"].handle(Intent(command_id, state, identity, command, WHO))
        await self.relay()

    def hears(self, service: str) -> list[Topic]:
        return [self.topics[log] for log in sorted(self.sites[service].service.hears())]

    async def feed(self, log: str, shard: int, after: int) -> Sequence[Fed]:
        fed = []
        for record in await self.sites[log].log.by_shard(shard, after, 7):
            fed.append(Fed(record.position, after, record.bytes))
            after = record.position
        return fed

    async def send(
        self, service: str, state: type[State], identity: str, command: Command, who: Who, *, hasty: int = 0, expected: int | None = None
    ) -> Receipt | None:
        """Sends a command; None if it is refused. A hasty caller goes away after so many turns of the loop, and sends it again."""
        self.asked += 1
        intent = Intent(uuid5(NAMESPACE_OID, f"command {self.asked}"), state, identity, command, who, expected=expected)
        if hasty:
            first = asyncio.create_task(self.api[service].handle(intent))
            for _ in range(hasty):
                await asyncio.sleep(0)
            first.cancel()
            await asyncio.gather(first, return_exceptions=True)
        try:
            receipt = await self.api[service].handle(intent)
        except (Refused, Conflicted):
            return None
        if receipt.last:
            self.answers.append((intent, receipt))
        return receipt

    async def relay(self) -> bool:
        """The relays send what is new; whether there was anything."""
        return any([await topic.relay(self.sites[log].log) for log, topic in self.topics.items()])

    async def deliver_to_both(self, service: str, delivery: Delivery) -> None:
        """Both workers have the same batch in hand, as after a rebalance."""
        await self.relay()
        messages = delivery.batch(self.hears(service), self.heard[service])
        await asyncio.gather(self._hear(service, 0, messages), self._hear(service, 1, list(reversed(messages))))
        await self._check_marks(service)

    async def deliver(self, service: str, delivery: Delivery, only: int, to: int = 0) -> None:
        """A batch of one log that is heard (`only`), or of all, comes to a worker; where it breaks off, it was not heard."""
        await self.relay()
        topics = self.hears(service)
        if only < len(topics):
            topics = [topics[only]]
        before = dict(self.heard[service])
        if not await self._take_in(service, to, delivery.batch(topics, self.heard[service])):
            self.heard[service] = before
        await self._check_marks(service)

    async def _take_in(self, service: str, to: int, messages: Sequence[Message]) -> bool:
        """Lets a worker hear; False if it breaks off."""
        fault, dies = self.armed.pop(service, (None, False))
        broken = await broken_off(self._hear(service, to, messages), fault)
        if fault and not fault.struck:
            self.armed.setdefault(service, (fault, dies))
        elif fault and dies:
            self.restart(service)
        return not broken

    async def _hear(self, service: str, to: int, messages: Sequence[Message]) -> None:
        """As the subscriber does: through each step until that has worked."""
        worker = self.workers[service][to]
        batch = await Batch.of(messages, str)
        assert not batch.foreign
        for step in worker.steps:
            done = False
            while not done:
                try:
                    async with self.sites[service].pool.connection() as connection:
                        done = await worker.passage.take(connection, step, batch, _nothing)
                except LOST:
                    continue

    def restart(self, service: str) -> None:
        """All processes of a service die; others take their place, and hear some records again."""
        self.workers[service] = [self.sites[service].worker(self.feed) for _ in range(2)]
        self.api[service] = self.sites[service].api()
        self.heard[service] = dict(self.settled[service])

    async def fire(self, now: datetime, fault: Fault | None) -> None:
        """Timers that are due at `now` act."""
        site = self.sites["gates"]
        try:
            await broken_off(site.timers(self.workers["gates"][0], now).fire_due(), fault)
        except LOST:
            assert fault and fault.struck

    async def rebuild(self, service: str, view: View[Any], fault: Fault | None = None) -> None:
        """Makes a view again; it is the same, byte for byte, as what was folded batch by batch."""
        site, before = self.sites[service], await self.digest(service, view)
        try:
            await broken_off(self._make(site, view), fault)
        except LOST:
            assert fault and fault.struck
        assert await self.digest(service, view) == before, f"{view.name} of {service} is another when it is made again"

    async def rebuild_while_hearing(self, service: str, view: View[Any], delivery: Delivery) -> None:
        """Makes a view again while a batch is delivered."""
        await asyncio.gather(self._make(self.sites[service], view), self.deliver(service, delivery, len(self.topics)))

    async def _make(self, site: Site, view: View[Any]) -> None:
        source = OwnLog(site.log, view) if view.log == site.name else ByShard(self.topics[view.log].of_shard, view)
        async with site.pool.connection() as connection:
            await rebuild(connection, VIEWS, view, source)

    async def digest(self, service: str, view: View[Any]) -> str:
        async with self.sites[service].pool.connection() as connection:
            return await digest(connection, view)

    async def replay(self, service: str, fault: Fault | None = None) -> None:
        """What was broken is mended, and every key that waits is replayed."""
        site, worker = self.sites[service], self.workers[service][0]
        site.folds_fail.clear()
        site.reactions_fail.clear()
        broken = True
        while broken:
            try:
                broken = await broken_off(worker.quarantine.replay_all(), fault)
            except LOST:
                continue
        assert await worker.quarantine.parked() == []

    async def settle(self) -> None:
        """Everything is mended and heard, until nobody has anything to add."""
        while True:
            for service in self.sites:
                await self.replay(service)
            if not await self.relay() and all(
                self.settled[service].get(topic.name, 0) == len(topic.sent) for service in self.sites for topic in self.hears(service)
            ):
                return
            for service in self.sites:
                heard = dict(self.settled[service])
                while messages := in_order(self.hears(service), heard, _AT_ONCE):
                    if await self._take_in(service, 0, messages):
                        self.settled[service] = dict(heard)
                    heard = dict(self.settled[service])
                self.heard[service] = heard

    async def _check_marks(self, service: str) -> None:
        """Marks only rise, and each is the position of a record of its shard."""
        for (consumer, log, shard), position in (await self.marks_of(service)).items():
            assert position >= self.marks.get((service, consumer, log, shard), 0)
            assert position in self.topics[log].shards.get(shard, ())
            self.marks[service, consumer, log, shard] = position

    async def marks_of(self, service: str) -> dict[tuple[str, str, int], int]:
        """By consumer, log and shard; those that were moved."""
        async with self.sites[service].pool.connection() as connection:
            rows = await connection.execute("select consumer, log, shard, position from view.mark where position > 0")
            return {(consumer, log, shard): position for consumer, log, shard, position in await rows.fetchall()}

    def heads(self, service: str) -> dict[tuple[str, str, int], int]:
        """What the marks are once everything was heard."""
        return {
            (consumer, topic.name, shard): positions[-1]
            for consumer in (VIEWS, REACTIONS)
            for topic in self.hears(service)
            for shard, positions in topic.shards.items()
        }


async def _nothing() -> None:
    """There are no Kafka offsets to keep here."""
