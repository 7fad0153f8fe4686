"""Marks: how far a consumer has applied each shard of a log. A mark commits with the effects of the records up to it."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import orjson
from psycopg import AsyncConnection

from shared.ledger.shards import SHARDS

VIEWS = "views"
"""The consumer that folds a service's views."""
CHANNEL = "view_mark"
"""Notified when marks move; the payload is JSON: {"consumer", "log", "marks": {shard: position}}."""

_LOCK = "select shard, position from view.mark where consumer = %s and log = %s and shard = any (%s) order by shard for update"
_OPEN = (
    "insert into view.mark (consumer, log, shard, position) select %s, %s, shard, 0 from generate_series(0, %s) shard"
    " order by shard on conflict do nothing"
)
_MOVE = """
with moved as (
  update view.mark mark set position = new.position
  from unnest(%s::int2[], %s::int8[]) new (shard, position)
  where mark.consumer = %s and mark.log = %s and mark.shard = new.shard and mark.position <= new.position
  returning 1
), told as (select pg_notify(%s, %s))
select (select count(*) from moved) from told
"""


class MarkMovedBack(RuntimeError):
    """A mark may only rise, and only where it was locked: records would be applied twice."""


class Marks:
    """The marks of consumers, in the transaction of the caller."""

    @staticmethod
    async def lock(connection: AsyncConnection[Any], consumer: str, log: str, shards: Iterable[int]) -> dict[int, int]:
        """The positions of these shards (0: nothing applied), held for this transaction. Lock before you read or fold."""
        wanted = sorted(set(shards))
        marks = await _locked(connection, consumer, log, wanted)
        if len(marks) < len(wanted):
            # All at once, so that nobody holds some and waits for others.
            await connection.execute(_OPEN, (consumer, log, SHARDS - 1))
            marks = await _locked(connection, consumer, log, wanted)
        return marks

    @staticmethod
    async def move(connection: AsyncConnection[Any], consumer: str, log: str, positions: Mapping[int, int]) -> None:
        """Moves locked marks on and tells who waits, once the transaction commits. Raises MarkMovedBack."""
        if not positions:
            return
        told = orjson.dumps({"consumer": consumer, "log": log, "marks": {str(shard): at for shard, at in positions.items()}}).decode()
        cursor = await connection.execute(_MOVE, (list(positions), list(positions.values()), consumer, log, CHANNEL, told))
        row = await cursor.fetchone()
        if row is None or row[0] != len(positions):
            raise MarkMovedBack(f"{consumer} on {log}: not every mark rises to {dict(positions)}; lock them and skip what was applied")

    @staticmethod
    async def read(connection: AsyncConnection[Any], consumer: str, log: str) -> dict[int, int]:
        """The positions as last committed; shards that nothing was heard of may be absent."""
        cursor = await connection.execute("select shard, position from view.mark where consumer = %s and log = %s", (consumer, log))
        return dict(await cursor.fetchall())


async def parked_keys(connection: AsyncConnection[Any], consumer: str, log: str) -> dict[str, int]:
    """Keys of order that wait in quarantine, with the first position of theirs that is not folded."""
    cursor = await connection.execute("select key, position from view.parked where consumer = %s and log = %s", (consumer, log))
    return dict(await cursor.fetchall())


class Standing(NamedTuple):
    """What a consumer has applied: all up to its marks but for what waits in quarantine."""

    marks: dict[int, int]
    parked: dict[str, int]


async def standing(connection: AsyncConnection[Any], consumer: str, log: str) -> Standing:
    """Marks and parked keys of one moment. `connection` is in no transaction. Whoever parks or releases a key holds its shard's mark."""
    async with connection.transaction():
        await connection.execute("set transaction isolation level repeatable read, read only")
        return Standing(await Marks.read(connection, consumer, log), await parked_keys(connection, consumer, log))


async def _locked(connection: AsyncConnection[Any], consumer: str, log: str, shards: list[int]) -> dict[int, int]:
    return dict(await (await connection.execute(_LOCK, (consumer, log, shards))).fetchall())
