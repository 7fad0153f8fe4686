"""Rebuild: a view made again from its log beside the old one, while services answer, and swapped in where the consumer stands."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from psycopg import AsyncConnection
from psycopg.errors import LockNotAvailable

from shared.contracts.envelope import Heard
from shared.ledger.shards import SHARDS, shard_of
from shared.projection import encode, schema
from shared.projection.changes import Changes, touches
from shared.projection.marks import Marks, Standing, parked_keys, standing
from shared.projection.store import Store
from shared.projection.view import View

_CLOSE_ENOUGH = 2_000
_PATIENCE = "set local lock_timeout = '1s'"
_PAUSE = 0.5


class Source(Protocol):
    """A log to read, from its beginning. It remembers how far it was read."""

    def read(self, upto: int) -> AsyncIterator[Sequence[Heard]]:
        """The records up to a position that were not read before, in batches; each shard's in position order."""
        ...


@dataclass(frozen=True)
class Progress:
    """How far a rebuild is: records read, of the position to be reached."""

    view: str
    read: int
    position: int
    goal: int


@dataclass
class _Work:
    """What was read: folded as far as the consumer has applied it; the rest waits, in the order in which it was read."""

    changes: Changes
    waiting: list[Heard] = field(default_factory=list)
    shards: dict[str, int] = field(default_factory=dict)
    read: int = 0

    def fold(self, heard: Iterable[Heard], standing: Standing) -> None:
        """Folds records, each key's in position order."""
        marks, parked = standing
        applied = []
        for record in heard:
            key = record.envelope.key
            if (shard := self.shards.get(key)) is None:
                shard = self.shards[key] = shard_of(key)
            if record.position > marks.get(shard, 0) or record.position >= parked.get(key, record.position + 1):
                self.waiting.append(record)
            else:
                applied.append(record)
        self.changes.fold(touches(self.changes.view, applied))

    def catch_up(self, standing: Standing) -> None:
        """Folds what waited: the consumer has come further, or a key was released from quarantine."""
        waiting, self.waiting = self.waiting, []
        self.fold(waiting, standing)


async def rebuild(
    connection: AsyncConnection[Any],
    consumer: str,
    view: View[Any],
    source: Source,
    progress: Callable[[Progress], None] = lambda _: None,
) -> int:
    """Makes a view again and swaps it in; returns the newest position in it. `connection` is autocommit and used by nobody else.

    Nothing but the view's own tables is written: no reaction runs. Records of parked keys are left out as the consumer leaves them out.
    Where the rebuild is interrupted the old table stays. Raises FoldFailed: a record that the new folds cannot take.
    """
    await connection.execute("select pg_advisory_lock(hashtext('minutebook rebuild'), hashtext(%s))", (view.name,))
    try:
        return await _rebuild(connection, consumer, view, source, progress)
    finally:
        await connection.execute("select pg_advisory_unlock(hashtext('minutebook rebuild'), hashtext(%s))", (view.name,))


async def _rebuild(
    connection: AsyncConnection[Any], consumer: str, view: View[Any], source: Source, progress: Callable[[Progress], None]
) -> int:
    beside = Store(view, view.table + schema.BESIDE)
    encode.adapt(connection)
    async with connection.transaction():
        await schema.drop(connection, beside.table)
        await schema.create(connection, view, beside.table)
    work, before = _Work(Changes(view)), -_CLOSE_ENOUGH
    while work.read - before >= _CLOSE_ENOUGH:
        before = work.read
        await _follow(connection, work, beside, source, await standing(connection, consumer, view.log), progress)
    await schema.index(connection, view, beside.table)
    while True:
        try:
            return await _swap(connection, consumer, view, source, work, beside)
        except LockNotAvailable:
            # Somebody reads the old table for long. Let the consumer and the readers behind us go first.
            await asyncio.sleep(_PAUSE)


async def _follow(
    connection: AsyncConnection[Any],
    work: _Work,
    beside: Store,
    source: Source,
    standing: Standing,
    progress: Callable[[Progress], None],
) -> None:
    goal = max(standing.marks.values(), default=0)
    work.catch_up(standing)
    async for batch in source.read(goal):
        work.fold(batch, standing)
        work.read += len(batch)
        await beside.copy_history(connection, work.changes.closed)
        work.changes.closed.clear()
        if batch:
            progress(Progress(work.changes.view.name, work.read, batch[-1].position, goal))


async def _swap(connection: AsyncConnection[Any], consumer: str, view: View[Any], source: Source, work: _Work, beside: Store) -> int:
    """Takes the marks, so that the consumer stands still; folds the last records; puts the new tables in place.

    Where the transaction fails, `work` keeps what was not written.
    """
    async with connection.transaction():
        await connection.execute(_PATIENCE)
        marks = await Marks.lock(connection, consumer, view.log, range(SHARDS))
        now = Standing(marks, await parked_keys(connection, consumer, view.log))
        goal = max(marks.values())
        work.catch_up(now)
        async for batch in source.read(goal):
            work.fold(batch, now)
        await beside.copy_history(connection, work.changes.closed)
        await beside.copy_current(connection, work.changes.rows)
        await schema.hold_alone(connection)
        former, _ = (await schema.registered(connection, [view.name])).get(view.name, (view.table, 0))
        await schema.drop(connection, former)
        await schema.drop(connection, view.table)
        await schema.rename(connection, view, beside.table, view.table)
        await schema.register(connection, view)
    return goal
