"""Reads of the log. Whatever returns records has verified them: what is decided or passed on was signed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row

from shared.ledger.record import Forged, Outcome, Record
from shared.ledger.shards import SHARDS
from shared.ledger.verify import NOT_OURS, Verifier

PAGE = 5000

_COLUMNS = "position, bytes, stream, version, command, batch, index_in_batch as index, shard, recorded"
_STREAM = f"select {_COLUMNS} from log.record where stream = %s and version > %s order by version"  # noqa: S608
_PAGE = f"select {_COLUMNS} from log.record where position > %s order by position limit %s"  # noqa: S608
_SHARD = f"select {_COLUMNS} from log.record where shard = %s and position > %s order by position limit %s"  # noqa: S608
_LAST = """
select s, (select r.position from log.record r where r.shard = s and r.position <= %s order by r.position desc limit 1)
from generate_series(0, %s) s
"""


class Reader:
    """Reads one log over connections that the caller provides."""

    def __init__(self, verifier: Verifier) -> None:
        self._verifier = verifier

    async def stream(self, connection: AsyncConnection[Any], name: str, after_version: int = 0) -> list[Record]:
        """A stream's records after a version, in order; empty if there are none. Raises Forged."""
        records = await _rows(connection, _STREAM, (name, after_version))
        for version, record in enumerate(records, after_version + 1):
            if record.version != version:
                raise Forged(record.position, f"stream {name} has no version {version}", NOT_OURS)
        await self._require(connection, records)
        return records

    async def page(self, connection: AsyncConnection[Any], after: int, limit: int = PAGE) -> list[Record]:
        """Records after a position, in order. Raises Forged at the first one that is not genuine or not next."""
        records, wrong = await self.genuine(connection, after, limit)
        if wrong:
            raise wrong
        return records

    async def genuine(self, connection: AsyncConnection[Any], after: int, limit: int = PAGE) -> tuple[list[Record], Forged | None]:
        """Records after a position up to the first one that is not genuine or not next, and what is wrong with it."""
        records = await _rows(connection, _PAGE, (after, min(limit, PAGE)))
        wrong = await self._verifier.check(connection, records)
        for position, record in enumerate(records, after + 1):
            if record.position != position:
                gap = Forged(position, "no record stands here, but later ones do", NOT_OURS)
                wrong = min(filter(None, (gap, wrong)), key=lambda found: found.position)
                break
        if wrong:
            records = [record for record in records if record.position < wrong.position]
        return records, wrong

    async def by_shard(self, connection: AsyncConnection[Any], shard: int, after: int, limit: int = PAGE) -> list[Record]:
        """A shard's records after a position, in order. Raises Forged."""
        records = await _rows(connection, _SHARD, (shard, after, min(limit, PAGE)))
        await self._require(connection, records)
        return records

    async def _require(self, connection: AsyncConnection[Any], records: Sequence[Record]) -> None:
        if wrong := await self._verifier.check(connection, records):
            raise wrong


async def find_command(connection: AsyncConnection[Any], command: UUID) -> Outcome | None:
    """What a command did, if it acted."""
    cursor = connection.cursor(row_factory=class_row(Outcome), binary=True)
    await cursor.execute("select actor, body_hash, stream, version, first, last from log.command where id = %s", (command,))
    return await cursor.fetchone()


async def predecessors(connection: AsyncConnection[Any], upto: int) -> dict[int, int]:
    """The last position of every shard at or before a position; 0 where there is none."""
    cursor = await connection.execute(_LAST, (upto, SHARDS - 1))
    return {shard: position or 0 for shard, position in await cursor.fetchall()}


async def last_position(connection: AsyncConnection[Any]) -> int:
    """The position of the newest record; 0 in an empty log."""
    return int(await _value(connection, "select coalesce(max(position), 0) from log.record", ()))


async def position_at(connection: AsyncConnection[Any], time: datetime) -> int:
    """The last position recorded at or before an instant; 0 if there is none."""
    return int(await _value(connection, "select log.position_at(%s)", (time,)))


async def _rows(connection: AsyncConnection[Any], sql: str, parameters: Sequence[Any]) -> list[Record]:
    # A page of text would be parsed column by column in Python.
    cursor = connection.cursor(binary=True)
    await cursor.execute(sql.encode(), parameters, prepare=True)
    return [Record(*row) for row in await cursor.fetchall()]


async def _value(connection: AsyncConnection[Any], sql: str, parameters: Sequence[Any]) -> Any:
    row = await (await connection.execute(sql.encode(), parameters)).fetchone()
    return row[0] if row else None
