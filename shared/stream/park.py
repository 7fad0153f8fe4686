"""The quarantine: a record that cannot be applied waits with all later ones of its key, in order, until it is mended and replayed.

Nothing is thrown away: there is replay, but no discard.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from shared.contracts.envelope import Heard
from shared.ledger.shards import shard_of
from shared.projection.marks import Marks
from shared.stream.step import Step, Stuck
from shared.stream.wire import read

UNREADABLE = "upgrade this service to a release that reads the record, then replay the key"
_WAITS = "waits behind an earlier record of its key"
_KEYS = "select log, key from view.parked where consumer = any (%s)"
_PARK_KEYS = """
insert into view.parked (consumer, log, key, shard, position, reason)
select %s, t.* from unnest(%s::text[], %s::text[], %s::smallint[], %s::bigint[], %s::text[]) t
on conflict do nothing
"""
_PARK_RECORDS = """
insert into view.parked_record (consumer, log, key, position, predecessor, reason, way_out, bytes)
select %s, t.* from unnest(%s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::text[], %s::text[], %b::bytea[]) t
on conflict do nothing
"""
_OF_KEY = """
select position, predecessor, bytes from view.parked_record
where consumer = %s and log = %s and key = %s order by position for update
"""
_LISTED = """
select parked.consumer, parked.log, parked.key, parked.position, count(*)::int, parked.reason,
  coalesce(min(record.way_out) filter (where record.position = parked.position), ''), min(record.parked_at)
from view.parked join view.parked_record record using (consumer, log, key)
where parked.consumer = any (%s)
group by parked.consumer, parked.log, parked.key, parked.position, parked.reason
order by min(record.parked_at), parked.log, parked.position, parked.consumer desc
"""
_EARLIER = "select from view.parked where consumer = any (%s) and log = %s and key = %s limit 1"
_APPLIED = "delete from view.parked_record where consumer = %s and log = %s and key = %s and position < %s"
_FREE = "delete from view.parked where consumer = %s and log = %s and key = %s"
_FIRST = "update view.parked set position = %s, reason = %s where consumer = %s and log = %s and key = %s"
_STILL = "update view.parked_record set reason = %s, way_out = %s where consumer = %s and log = %s and key = %s and position = %s"


async def parked_keys(connection: AsyncConnection[Any], consumers: Sequence[str]) -> set[tuple[str, str]]:
    """The (log, key) pairs that wait for any of `consumers`."""
    return set(await (await connection.execute(_KEYS, (list(consumers),), prepare=True)).fetchall())


async def park(connection: AsyncConnection[Any], consumer: str, stuck: Sequence[Stuck]) -> None:
    """Puts records, in order of position within a key, into the quarantine, in the caller's transaction."""
    if not stuck:
        return
    first: dict[tuple[str, str], Stuck] = {}
    for one in stuck:
        first.setdefault((one.log, one.key), one)
    keys = zip(*((s.log, s.key, shard_of(s.key), s.position, s.reason) for s in first.values()), strict=True)
    records = zip(*((s.log, s.key, s.position, s.predecessor, s.reason, s.way_out, s.bytes) for s in stuck), strict=True)
    await connection.execute(_PARK_KEYS, (consumer, *map(list, keys)))
    await connection.execute(_PARK_RECORDS, (consumer, *map(list, records)))


def waiting(log: str, key: str, position: int, predecessor: int, record: bytes) -> Stuck:
    """A record that waits only because an earlier one of its key does."""
    return Stuck(log, key, position, predecessor, record, _WAITS, "replay the key once its first record is mended")


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay did: how many records were applied, how many still wait, and why."""

    applied: int
    left: int
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class ParkedKey:
    """A key of a log that waits for one consumer: from `position` on, so many `records`, since the first of them was put aside."""

    consumer: str
    log: str
    key: str
    position: int
    records: int
    reason: str
    way_out: str
    since: datetime


class Quarantine:
    """Shows and replays what is parked in one service. `steps`, its own, in the order in which the subscriber takes them."""

    def __init__(self, pool: AsyncConnectionPool[Any], steps: Sequence[Step]) -> None:
        self._pool, self._steps = pool, steps
        # The memory of the steps belongs to one transaction at a time.
        self._one_at_a_time = asyncio.Lock()

    async def parked(self) -> list[ParkedKey]:
        """What waits, longest first."""
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(_LISTED, ([step.name for step in self._steps],))).fetchall()
        return [ParkedKey(*row) for row in rows]

    async def replay_all(self) -> dict[tuple[str, str], Replayed]:
        """Replays every key that waits, longest first; what came of it, by log and key. Raises what is transient."""
        places = dict.fromkeys((one.log, one.key) for one in await self.parked())
        return {(log, key): await self.replay(log, key) for log, key in places}

    async def replay(self, log: str, key: str) -> Replayed:
        """Applies the parked records of a key again, in order, up to the first that still fails. Raises what is transient."""
        applied = 0
        async with self._one_at_a_time:
            for step in self._steps:
                done = await self._replay(step, log, key)
                applied += done.applied
                if done.left:
                    return Replayed(applied, done.left, done.reason)
        return Replayed(applied, 0)

    async def _replay(self, step: Step, log: str, key: str) -> Replayed:
        # This process may not have written the tables last.
        step.forget()
        try:
            async with self._pool.connection() as connection, connection.transaction():
                # The subscriber waits: it may not put a later record of the key before these.
                await Marks.lock(connection, step.name, log, [shard_of(key)])
                earlier = await connection.execute(_EARLIER, (list(step.after), log, key))
                rows = await (await connection.execute(_OF_KEY, (step.name, log, key))).fetchall()
                if await earlier.fetchone():
                    return Replayed(0, len(rows), "the tables that this step reads still wait")
                return await self._apply(connection, step, log, key, rows)
        finally:
            step.forget()

    async def _apply(
        self, connection: AsyncConnection[Any], step: Step, log: str, key: str, rows: list[tuple[int, int, bytes]]
    ) -> Replayed:
        heard: list[Heard] = []
        stop: tuple[int, str, str] | None = None
        for position, predecessor, record in rows:
            incoming = read(log, position, predecessor, bytes(record))
            if incoming.problem:
                stop = (position, incoming.problem, UNREADABLE)
                break
            if incoming.heard:
                heard.append(incoming.heard)
        if failures := await step.apply(connection, heard):
            stop = (failures[0].heard.position, failures[0].reason, failures[0].way_out)
        end = stop[0] if stop else rows[-1][0] + 1 if rows else 0
        await connection.execute(_APPLIED, (step.name, log, key, end))
        left = sum(position >= end for position, _, _ in rows)
        if stop is None:
            await connection.execute(_FREE, (step.name, log, key))
        else:
            await connection.execute(_FIRST, (stop[0], stop[1], step.name, log, key))
            await connection.execute(_STILL, (stop[1], stop[2], step.name, log, key, stop[0]))
        return Replayed(len(rows) - left, left, stop[1] if stop else None)
