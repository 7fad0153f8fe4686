"""The log of record of one service."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from shared.ledger import read
from shared.ledger.arrays import adapt
from shared.ledger.batch import Writer, require_wellformed
from shared.ledger.commit import Committer
from shared.ledger.connect import connect
from shared.ledger.disclose import KeyStore, Sealed
from shared.ledger.record import Append, ClockAhead, Outcome, Record, Verdict, person_key
from shared.ledger.signing import BatchSigner
from shared.ledger.tail import tail
from shared.ledger.verify import Verifier


class Log:
    """Appends, reads and discloses. All that it returns as Record has been verified; reads raise Forged where it fails.

    Reads take an optional connection of the caller's, to read within its transaction.
    """

    def __init__(self, dsn: str, name: str, pool: AsyncConnectionPool[AsyncConnection], signer: BatchSigner, keystore: KeyStore) -> None:
        verifier = Verifier(name, signer.ring)
        self.name = name
        self.ring = signer.ring
        self._dsn = dsn
        self._pool = pool
        self._keystore = keystore
        self._reader = read.Reader(verifier)
        self._writer = Writer(name, signer, keystore, verifier)
        self._committer = Committer(dsn, self._writer)

    @classmethod
    async def open(cls, dsn: str, name: str, signer: BatchSigner, keystore: KeyStore) -> "Log":
        """Opens the log called `name` (part of what is signed). Raises NotDurable, psycopg.OperationalError."""
        if "\n" in name:
            raise ValueError("a log's name is one line: it stands in a line of what is signed")
        await (await connect(dsn)).close()
        pool = AsyncConnectionPool(dsn, min_size=1, max_size=8, open=False, kwargs={"autocommit": True})
        await pool.open(wait=True)
        return cls(dsn, name, pool, signer, keystore)

    async def close(self) -> None:
        """Settles what waits to be appended, then disconnects. The key store stays open."""
        await self._committer.close()
        await self._pool.close()

    async def append(self, append: Append) -> Verdict:
        """Appends in a transaction shared with other callers; see Committer.append for what it raises."""
        return await self._committer.append(append)

    async def append_in(self, connection: AsyncConnection[Any], append: Append) -> Verdict:
        """Appends in the caller's transaction (read committed); durable when that commits.

        The log is locked for others from here to the end of the transaction: let this be its last step but one.
        Raises ValueError, ClockAhead, KeyDestroyed, psycopg.Error.
        """
        require_wellformed(append)
        adapt(connection)
        (verdict,) = await self._writer.write(connection, [append])
        if isinstance(verdict, ClockAhead):
            raise verdict
        return verdict

    async def stream(self, name: str, after_version: int = 0, connection: AsyncConnection[Any] | None = None) -> list[Record]:
        """A stream's records after a version, in order."""
        async with self._on(connection) as conn:
            return await self._reader.stream(conn, name, after_version)

    async def page(self, after: int, limit: int = read.PAGE, connection: AsyncConnection[Any] | None = None) -> list[Record]:
        """Records after a position, in order, at most 5,000."""
        async with self._on(connection) as conn:
            return await self._reader.page(conn, after, limit)

    async def by_shard(
        self, shard: int, after: int, limit: int = read.PAGE, connection: AsyncConnection[Any] | None = None
    ) -> list[Record]:
        """A shard's records after a position, in order, at most 5,000."""
        async with self._on(connection) as conn:
            return await self._reader.by_shard(conn, shard, after, limit)

    def tail(self, after: int) -> AsyncGenerator[list[Record], None]:
        """Pages of records after a position, for ever; see shared.ledger.tail."""
        return tail(self._dsn, self._reader, after)

    async def find_command(self, command: UUID, connection: AsyncConnection[Any] | None = None) -> Outcome | None:
        """What a command did, if it acted."""
        async with self._on(connection) as conn:
            return await read.find_command(conn, command)

    async def predecessors(self, upto: int) -> dict[int, int]:
        """The last position of every shard at or before a position; 0 where there is none."""
        async with self._on(None) as conn:
            return await read.predecessors(conn, upto)

    async def last_position(self) -> int:
        """The position of the newest record; 0 in an empty log."""
        async with self._on(None) as conn:
            return await read.last_position(conn)

    async def position_at(self, time: datetime) -> int:
        """The last position recorded at or before an instant; 0 if there is none."""
        async with self._on(None) as conn:
            return await read.position_at(conn, time)

    async def disclose(self, digests: Sequence[str]) -> dict[str, bytes]:
        """Disclosures by digest. Those that were erased, or were never here, are absent."""
        async with self._on(None) as conn:
            cursor = conn.cursor(binary=True)
            await cursor.execute("select digest, key_id, sealed from log.disclosure where digest = any (%s)", (list(digests),))
            sealed = [Sealed(*row) for row in await cursor.fetchall()]
        return await self._keystore.unseal(sealed)

    async def erase_person(self, person: str) -> int:
        """Destroys a person's key, then removes the rows it sealed; returns how many. Append the event that says so first."""
        key_id = person_key(person)
        await self._keystore.destroy([key_id])
        return await self._delete([], key_id)

    async def erase_texts(self, digests: Sequence[str]) -> int:
        """Destroys the keys of free texts, then removes their rows; returns how many."""
        async with self._on(None) as conn:
            found = await conn.execute(
                "select key_id from log.disclosure where digest = any (%s) and key_id like 'text/%%'", (list(digests),)
            )
            keys = [key_id for (key_id,) in await found.fetchall()]
        await self._keystore.destroy(keys)
        return await self._delete(digests, None)

    async def _delete(self, digests: Sequence[str], key_id: str | None) -> int:
        async with self._on(None) as conn:
            found = await conn.execute("select log.delete_disclosures(%s, %s)", (list(digests), key_id))
            row = await found.fetchone()
        return int(row[0]) if row else 0

    @asynccontextmanager
    async def _on(self, connection: AsyncConnection[Any] | None) -> AsyncIterator[AsyncConnection[Any]]:
        if connection is not None:
            yield connection
        else:
            async with self._pool.connection() as pooled:
                yield pooled
