"""What the relays sent, and how it is delivered: in cuts, again, out of order, with records missing."""

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, cast

from aiokafka import ConsumerRecord

from shared.contracts.envelope import Envelope
from shared.ledger.log import Log
from shared.ledger.record import Record
from shared.stream.wire import outgoing

PARTITIONS = 4
Message: TypeAlias = ConsumerRecord[bytes, bytes]


@dataclass
class Topic:
    """What the relay of a log has sent."""

    name: str
    sent: list[Message] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    envelopes: list[Envelope] = field(default_factory=list)
    shards: dict[int, list[int]] = field(default_factory=dict)
    """The positions of each shard."""

    async def relay(self, log: Log) -> bool:
        """Sends what is new in the log; whether there was anything."""
        records = await log.page(len(self.sent))
        for record in records:
            positions = self.shards.setdefault(record.shard, [])
            self.sent.append(self._message(record, positions[-1] if positions else 0))
            self.records.append(record)
            self.envelopes.append(Envelope.decode(record.bytes))
            positions.append(record.position)
        return bool(records)

    async def of_shard(self, shard: int, after: int) -> list[Record]:
        """What the owner's feed gives out to a rebuild."""
        return [self.records[position - 1] for position in self.shards.get(shard, ()) if position > after]

    def _message(self, record: Record, predecessor: int) -> Message:
        key, headers = outgoing(record, predecessor)
        place, size = record.shard % PARTITIONS, len(record.bytes)
        return cast(Message, ConsumerRecord(self.name, place, record.position, 0, 0, key, record.bytes, None, len(key), size, headers))


@dataclass(frozen=True)
class Delivery:
    """How a batch is made of what comes next: so many records of each log, from some records back, these ones (by their place in the
    batch) missing, those twice; `shuffled` is 0 for the order in which they were sent."""

    take: int
    back: int = 0
    missing: frozenset[int] = frozenset()
    twice: frozenset[int] = frozenset()
    shuffled: int = 0

    def batch(self, topics: Collection[Topic], heard: dict[str, int]) -> list[Message]:
        """The batch; `heard` says how many records of each topic came before, and is moved on."""
        coming: list[Message] = []
        for topic in topics:
            start = heard.get(topic.name, 0)
            coming += topic.sent[max(0, start - self.back) : start + self.take]
            heard[topic.name] = min(start + self.take, len(topic.sent))
        batch = [message for place, message in enumerate(coming) if place not in self.missing]
        batch += [message for place, message in enumerate(coming) if place in self.twice]
        if self.shuffled:
            random.Random(self.shuffled).shuffle(batch)
        return batch


def in_order(topics: Sequence[Topic], heard: dict[str, int], most: int = 100) -> list[Message]:
    """The next batch as Kafka hands it out when nothing goes wrong."""
    return Delivery(most).batch(topics, heard)
