"""Waits until a consumer has applied a position, so that a page can show what was just written."""

import asyncio
from contextlib import suppress
from typing import Any

import orjson
from psycopg import AsyncConnection, InterfaceError, OperationalError

from shared.ledger.shards import shard_of
from shared.projection.marks import CHANNEL

_POLL = 1.0
_MARKS = "select log, shard, position from view.mark where consumer = %s"


class NotYet(TimeoutError):
    """The consumer has not come as far as `position`; ask again a little later."""

    def __init__(self, log: str, position: int, reached: int) -> None:
        super().__init__(f"position {position} of {log} is not shown yet, the newest that is shown is {reached}; ask again in a moment")
        self.log, self.position, self.reached = log, position, reached


class Arrivals:
    """Hears the marks of one consumer move, over one connection however many wait."""

    def __init__(self, dsn: str, consumer: str) -> None:
        self._dsn, self._consumer = dsn, consumer
        self._marks: dict[str, dict[int, int]] = {}
        self._moved = asyncio.Condition()
        self._listener: asyncio.Task[None] | None = None

    async def wait(self, log: str, position: int, key: str | None, seconds: float) -> None:
        """Returns once the position is applied: that of a record of order key `key`; without key, once any shard is there or beyond.

        Raises NotYet after `seconds`.
        """
        if self._listener is None or self._listener.done():
            self._listener = asyncio.create_task(self._listen())
        shard = None if key is None else shard_of(key)
        try:
            async with asyncio.timeout(seconds), self._moved:
                await self._moved.wait_for(lambda: self._reached(log, shard) >= position)
        except TimeoutError:
            raise NotYet(log, position, self._reached(log, shard)) from None

    async def close(self) -> None:
        """Stops listening."""
        if self._listener is not None:
            self._listener.cancel()
            with suppress(asyncio.CancelledError):
                await self._listener
            self._listener = None

    def _reached(self, log: str, shard: int | None) -> int:
        marks = self._marks.get(log, {})
        return max(marks.values(), default=0) if shard is None else marks.get(shard, 0)

    async def _listen(self) -> None:
        while True:
            with suppress(OperationalError, InterfaceError):
                async with await AsyncConnection.connect(self._dsn, autocommit=True, connect_timeout=5) as connection:
                    await self._follow(connection)
            await asyncio.sleep(_POLL / 4)

    async def _follow(self, connection: AsyncConnection[Any]) -> None:
        # Listening comes before reading: what moves between the two wakes us.
        await connection.execute(f"listen {CHANNEL}")
        while True:
            for log, shard, position in await (await connection.execute(_MARKS, (self._consumer,))).fetchall():
                self._marks.setdefault(log, {})[shard] = position
            await self._wake()
            async for notice in connection.notifies(timeout=_POLL):
                told = orjson.loads(notice.payload)
                if told["consumer"] == self._consumer:
                    self._marks.setdefault(told["log"], {}).update({int(shard): at for shard, at in told["marks"].items()})
                    await self._wake()

    async def _wake(self) -> None:
        async with self._moved:
            self._moved.notify_all()
