"""Group commit: callers of one process share transactions, and each gets its own verdict.

While one batch is on its way to the disk, the next one is made ready and waits for the lock. A lost connection is made again
and what was on its way is sent again: the command's id tells the database whether it was written.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from time import monotonic
from typing import Any, NamedTuple

from psycopg import AsyncConnection, InterfaceError, OperationalError

from shared.ledger.batch import Writer, require_wellformed
from shared.ledger.connect import connect
from shared.ledger.record import Append, ClockAhead, LogUnavailable, Verdict

WRITERS = 2
CROWD = 128
"""Waiting commands from which a further writer helps; fewer go into one transaction, which costs one flush in place of two."""
GROUP_COMMANDS = 500
GROUP_RECORDS = 1_000
MAX_WAITING = 10_000
PATIENCE = 30.0
_LOOK_AHEAD = 1_000


class _Waiting(NamedTuple):
    append: Append
    answer: asyncio.Future[Verdict]


class Committer:
    """Queue and writing tasks of one log in one process."""

    def __init__(self, dsn: str, writer: Writer) -> None:
        self._dsn = dsn
        self._writer = writer
        self._queue: deque[_Waiting] = deque()
        self._busy: set[object] = set()
        self._changed = asyncio.Event()
        self._room = asyncio.Condition()
        self._closed = False
        self._tasks = [asyncio.create_task(self._run(first=n == 0), name=f"log writer {n}") for n in range(WRITERS)]

    async def append(self, append: Append) -> Verdict:
        """The verdict, once it is durable.

        Waits for room while MAX_WAITING commands wait. Raises ValueError for records that contradict their command,
        ClockAhead, KeyDestroyed, and LogUnavailable after PATIENCE seconds without the database.
        """
        require_wellformed(append)
        if len(self._queue) >= MAX_WAITING:
            async with self._room:
                await self._room.wait_for(lambda: self._closed or len(self._queue) < MAX_WAITING)
        if self._closed:
            raise LogUnavailable("the log is closed")
        answer: asyncio.Future[Verdict] = asyncio.get_running_loop().create_future()
        self._queue.append(_Waiting(append, answer))
        self._changed.set()
        return await answer

    async def close(self) -> None:
        """Takes no more, settles what waits, disconnects."""
        self._closed = True
        self._changed.set()
        await asyncio.gather(*self._tasks)

    async def _run(self, first: bool) -> None:
        connection = _Connection(self._dsn)
        while True:
            batch = self._take() if first or len(self._queue) >= CROWD else []
            if batch:
                held = [item for waiting in batch for item in (waiting.append.stream, waiting.append.command)]
                self._busy.update(held)
                await self._settle(connection, batch)
                self._busy.difference_update(held)
                self._changed.set()
                async with self._room:
                    self._room.notify_all()
                # Callers just answered often have their next command ready: let it into the next batch.
                await asyncio.sleep(0)
            elif self._closed and not self._queue:
                return await connection.drop()
            else:
                self._changed.clear()
                await self._changed.wait()

    def _take(self) -> list[_Waiting]:
        """The next batch. Its streams and ids are distinct and in no other batch on its way, and so no given depends on
        what is being written; commands on one stream keep their order."""
        batch: list[_Waiting] = []
        later: list[_Waiting] = []
        taken = set(self._busy)
        records = 0
        while self._queue and len(batch) < GROUP_COMMANDS and len(later) < _LOOK_AHEAD:
            append = self._queue[0].append
            if batch and records + len(append.records) > GROUP_RECORDS:
                break
            waiting = self._queue.popleft()
            if waiting.answer.cancelled():
                continue
            if (
                append.stream in taken
                or append.command in taken
                or (append.given and not taken.isdisjoint(stream for stream, _ in append.given))
            ):
                later.append(waiting)
            else:
                batch.append(waiting)
                records += len(append.records)
            taken.add(append.stream)
            taken.add(append.command)
        self._queue.extendleft(reversed(later))
        return batch

    async def _settle(self, connection: "_Connection", batch: Sequence[_Waiting]) -> None:
        give_up = monotonic() + PATIENCE
        pause = 0.02
        while True:
            try:
                verdicts = await self._writer.write(await connection.get(), [waiting.append for waiting in batch])
            except (OperationalError, InterfaceError) as error:
                await connection.drop()
                if monotonic() > give_up:
                    unavailable = LogUnavailable(f"the database has not answered for {PATIENCE:.0f} s: {error}")
                    return _answer(batch, [unavailable] * len(batch))
                await asyncio.sleep(pause)
                pause = min(2 * pause, 1.0)
            except Exception as error:
                if len(batch) == 1:
                    return _answer(batch, [error])
                # Whichever is to blame must not fail the others.
                for waiting in batch:
                    await self._settle(connection, [waiting])
                return None
            else:
                return _answer(batch, verdicts)


class _Connection:
    """A connection that is made when it is needed."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._connection: AsyncConnection[Any] | None = None

    async def get(self) -> AsyncConnection[Any]:
        if self._connection is None:
            self._connection = await connect(self._dsn)
        return self._connection

    async def drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection:
            with suppress(OperationalError, InterfaceError):
                await connection.close()


def _answer(batch: Sequence[_Waiting], verdicts: Sequence[Verdict | ClockAhead | Exception]) -> None:
    for waiting, verdict in zip(batch, verdicts, strict=True):
        if waiting.answer.done():
            continue
        if isinstance(verdict, Exception):
            waiting.answer.set_exception(verdict)
        else:
            waiting.answer.set_result(verdict)
