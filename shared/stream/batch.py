"""A batch from Kafka and its way through one step, in one transaction."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from time import time_ns
from typing import Any

import structlog
from aiokafka import ConsumerRecord, TopicPartition
from psycopg import AsyncConnection

from shared.contracts.envelope import Heard
from shared.projection.marks import Marks
from shared.stream import counts
from shared.stream.continuity import Admitted, Fetch, Place, admit
from shared.stream.park import UNREADABLE, park, parked_keys, waiting
from shared.stream.spans import passed
from shared.stream.step import VIEWS, Failure, Step, Stuck
from shared.stream.wire import Foreign, Incoming, arrived

_log = structlog.get_logger(__name__)
_AT_A_STRETCH = 50
_NOT_OURS = "find who writes to the topic; only the relay may"


@dataclass(frozen=True, slots=True)
class Batch:
    """What was read of a batch, what in it is no record of a log, and where each partition continues."""

    records: list[Incoming] = field(default_factory=list)
    foreign: list[Stuck] = field(default_factory=list)
    offsets: dict[TopicPartition, int] = field(default_factory=dict)

    @classmethod
    async def of(cls, records: Iterable[ConsumerRecord[Any, Any]], log_of: Callable[[str], str]) -> "Batch":
        """Reads a batch as FastStream hands it out; `log_of` names the log that a topic carries."""
        batch = cls()
        for number, record in enumerate(records):
            if number % _AT_A_STRETCH == 0:
                # Reading takes about 0.1 ms a record; the loop has others to serve.
                await asyncio.sleep(0)
            log = log_of(record.topic)
            try:
                batch.records.append(arrived(log, record.value, record.headers))
            except Foreign as error:
                where = f"{record.topic}/{record.partition}/{record.offset}"
                batch.foreign.append(Stuck(log, where, 0, 0, record.value or b"", str(error), _NOT_OURS))
            batch.offsets[TopicPartition(record.topic, record.partition)] = record.offset + 1
        return batch


class Passage:
    """Takes batches through the steps of one service, and knows when memory no longer agrees with the tables."""

    def __init__(self, service: str, fetch: Fetch, copy: Callable[[Sequence[Stuck]], Awaitable[None]]) -> None:
        self._service, self._fetch, self._copy = service, fetch, copy
        self._left: dict[tuple[str, str, int], int] = {}
        self._parked: dict[str, set[tuple[str, str]]] = {}

    def forget(self, steps: Iterable[Step]) -> None:
        """Drops what memory holds of marks and tables."""
        self._left.clear()
        for step in steps:
            step.forget()

    async def set_aside(self, foreign: Sequence[Stuck]) -> None:
        """Copies to the quarantine topic what is no record of a log. It holds nothing up: the log's own records are counted by position."""
        for one in foreign:
            counts.FOREIGN.labels(self._service, one.log).inc()
            _log.error("foreign_record", service=self._service, log=one.log, place=one.key, reason=one.reason)
        await self._copy(foreign)

    async def take(self, connection: AsyncConnection[Any], step: Step, batch: Batch, last: Callable[[], Awaitable[None]]) -> bool:
        """Applies what is next of each shard, in one transaction; `last` is done in it when nothing of the batch is left.

        False if a hole is larger than one transaction takes: take the batch again. Raises what is transient.
        """
        began = time_ns()
        try:
            async with connection.transaction():
                marks = await self._lock(connection, step, batch.records)
                parked = await parked_keys(connection, (step.name, *step.after))
                if self._parked.get(step.name, set()) - parked:
                    # Somebody has replayed a key: the rows are newer than memory.
                    step.forget()
                admitted = await admit(batch.records, marks, self._fetch)
                stuck = await self._apply(connection, step, admitted.records, parked)
                await park(connection, step.name, stuck)
                await self._copy([*stuck, *(_foreign(*pair) for pair in admitted.foreign)])
                for log in sorted({log for log, _ in admitted.marks}):
                    moved = {shard: at for (of, shard), at in admitted.marks.items() if of == log}
                    await Marks.move(connection, step.name, log, moved)
                if admitted.complete:
                    await last()
        except BaseException:
            step.forget()
            self._left.clear()
            raise
        self._committed(step, admitted, parked, stuck, began)
        return admitted.complete

    async def _lock(self, connection: AsyncConnection[Any], step: Step, records: Sequence[Incoming]) -> dict[Place, int]:
        """The marks of the batch's shards, locked. Where another worker has moved one, memory is stale."""
        marks: dict[Place, int] = {}
        for log in sorted({incoming.log for incoming in records}):
            shards = sorted({incoming.shard for incoming in records if incoming.log == log})
            for shard, position in (await Marks.lock(connection, step.name, log, shards)).items():
                marks[log, shard] = position
        if any(self._left.get((step.name, *place), position) != position for place, position in marks.items()):
            step.forget()
        self._left.update({(step.name, *place): position for place, position in marks.items()})
        return marks

    async def _apply(
        self, connection: AsyncConnection[Any], step: Step, records: Sequence[Incoming], parked: set[tuple[str, str]]
    ) -> list[Stuck]:
        """Applies what can be; returns what waits, in order. `parked` gains the keys that now do."""
        heard: list[Heard] = []
        stuck: dict[tuple[str, int], Stuck] = {}
        for incoming in records:
            key = (incoming.log, incoming.key)
            if key in parked:
                stuck[incoming.log, incoming.position] = _waiting(incoming)
            elif incoming.problem:
                parked.add(key)
                stuck[incoming.log, incoming.position] = _stuck(incoming, incoming.problem, UNREADABLE)
            elif incoming.heard:
                heard.append(incoming.heard)
            else:
                counts.UNKNOWN.labels(self._service, incoming.log).inc()
        failures = await step.apply(connection, heard)
        if failures:
            self._hold_back(records, failures, stuck)
        parked.update((one.log, one.key) for one in stuck.values())
        return [stuck[place] for place in sorted(stuck)]

    @staticmethod
    def _hold_back(records: Sequence[Incoming], failures: Sequence[Failure], stuck: dict[tuple[str, int], Stuck]) -> None:
        first = {(failure.heard.log, failure.heard.envelope.key): failure for failure in failures}
        for incoming in records:
            failure = first.get((incoming.log, incoming.key))
            if failure is None or incoming.position < failure.heard.position:
                continue
            failed = incoming.position == failure.heard.position
            stuck[incoming.log, incoming.position] = _stuck(incoming, failure.reason, failure.way_out) if failed else _waiting(incoming)

    def _committed(self, step: Step, admitted: Admitted, parked: set[tuple[str, str]], stuck: Sequence[Stuck], began: int) -> None:
        self._parked[step.name] = parked
        self._left.update({(step.name, *place): position for place, position in admitted.marks.items()})
        for one in stuck:
            counts.PARKED.labels(self._service, one.log).inc()
            _log.error("record_parked", service=self._service, consumer=step.name, log=one.log, position=one.position, reason=one.reason)
        for log in admitted.filled:
            counts.HOLES.labels(self._service, log).inc()
            _log.warning("hole_filled", service=self._service, consumer=step.name, log=log)
        if step.name == VIEWS:
            # A reaction has a span of its own, around what it does.
            heard = (incoming.heard for incoming in admitted.records if incoming.heard)
            passed(self._service, "apply", began, ((one.envelope.traceparent, one.envelope.type, one.log, one.position) for one in heard))


def _stuck(incoming: Incoming, reason: str, way_out: str) -> Stuck:
    return Stuck(incoming.log, incoming.key, incoming.position, incoming.predecessor, incoming.bytes, reason, way_out)


def _waiting(incoming: Incoming) -> Stuck:
    return waiting(incoming.log, incoming.key, incoming.position, incoming.predecessor, incoming.bytes)


def _foreign(incoming: Incoming, reason: str) -> Stuck:
    return _stuck(incoming, reason, _NOT_OURS)
