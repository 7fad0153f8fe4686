"""The verified tail: the one way from the log to Kafka and to the tree."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import Any

from psycopg import AsyncConnection, InterfaceError, OperationalError

from shared.ledger.connect import connect
from shared.ledger.read import PAGE, Reader, last_position
from shared.ledger.record import Forged, Record
from shared.ledger.verify import NOT_OURS

POLL = 1.0


async def tail(dsn: str, reader: Reader, after: int) -> AsyncGenerator[list[Record], None]:
    """Pages of records after a position, for ever, as they are appended; reconnects by itself.

    Every record is next in position, signed, and as signed. At the first one that is not, the genuine ones before it are
    given out and then Forged is raised. Raises Forged too when the log is shorter than what was read of it.
    """
    while True:
        with suppress(OperationalError, InterfaceError):
            async with await connect(dsn) as connection, aclosing(_follow(connection, reader, after)) as pages:
                async for page in pages:
                    yield page
                    after = page[-1].position
        await asyncio.sleep(POLL / 4)


async def _follow(connection: AsyncConnection[Any], reader: Reader, after: int) -> AsyncGenerator[list[Record], None]:
    # Listening comes before reading: what is appended between the two wakes us.
    await connection.execute("listen log")
    while True:
        records, wrong = await reader.genuine(connection, after, PAGE)
        if records:
            yield records
            after = records[-1].position
        if wrong:
            raise wrong
        if not records:
            await _require_reaches(connection, after)
            # A notification can be lost with its connection, so a poll follows anyway.
            async for _ in connection.notifies(timeout=POLL, stop_after=1):
                pass


async def _require_reaches(connection: AsyncConnection[Any], after: int) -> None:
    last = await last_position(connection)
    if last < after:
        raise Forged(last + 1, f"the log ends at {last}, but was read up to {after}: its newest records are gone", NOT_OURS)
