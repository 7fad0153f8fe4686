"""The log of record of one service."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, Concatenate, ParamSpec, TypeVar
from uuid import UUID

from psycopg import AsyncConnection, InterfaceError, OperationalError
from psycopg_pool import AsyncConnectionPool

from shared.ledger import read
from shared.ledger.arrays import adapt
from shared.ledger.batch import Writer, require_wellformed
from shared.ledger.commit import Committer
from shared.ledger.connect import connect
from shared.ledger.disclose import KeyStore, delete, sealed
from shared.ledger.keys import is_text
from shared.ledger.record import Append, ClockAhead, Outcome, Record, Verdict, person_key
from shared.ledger.signing import BatchSigner
from shared.ledger.tail import tail
from shared.ledger.verify import Verifier

P = ParamSpec("P")
T = TypeVar("T")
_CONNECTIONS = 8


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
        pool = AsyncConnectionPool(dsn, min_size=1, max_size=_CONNECTIONS, open=False, kwargs={"autocommit": True})
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
        return await self._read(connection, self._reader.stream, name, after_version)

    async def page(self, after: int, limit: int = read.PAGE, connection: AsyncConnection[Any] | None = None) -> list[Record]:
        """Records after a position, in order, at most 5,000."""
        return await self._read(connection, self._reader.page, after, limit)

    async def by_shard(
        self, shard: int, after: int, limit: int = read.PAGE, connection: AsyncConnection[Any] | None = None
    ) -> list[Record]:
        """A shard's records after a position, in order, at most 5,000."""
        return await self._read(connection, self._reader.by_shard, shard, after, limit)

    def tail(self, after: int) -> AsyncGenerator[list[Record], None]:
        """Pages of records after a position, for ever; see shared.ledger.tail."""
        return tail(self._dsn, self._reader, after)

    async def find_command(self, command: UUID, connection: AsyncConnection[Any] | None = None) -> Outcome | None:
        """What a command did, if it acted."""
        return await self._read(connection, read.find_command, command)

    async def predecessors(self, upto: int) -> dict[int, int]:
        """The last position of every shard at or before a position; 0 where there is none."""
        return await self._read(None, read.predecessors, upto)

    async def last_position(self) -> int:
        """The position of the newest record; 0 in an empty log."""
        return await self._read(None, read.last_position)

    async def position_at(self, time: datetime) -> int:
        """The last position recorded at or before an instant; 0 if there is none."""
        return await self._read(None, read.position_at, time)

    async def disclose(self, digests: Sequence[str]) -> dict[str, bytes]:
        """Disclosures by digest. Those that were erased, or were never here, are absent."""
        return await self._keystore.unseal(await self._read(None, sealed, digests))

    async def erase_person(self, person: str) -> int:
        """Destroys a person's key, then removes the rows it sealed; returns how many. Append the event that says so first."""
        key_id = person_key(person)
        await self._keystore.destroy([key_id])
        return await self._read(None, delete, [], key_id)

    async def erase_texts(self, digests: Sequence[str]) -> int:
        """Destroys the keys of free texts, then removes their rows; returns how many."""
        texts = [item for item in await self._read(None, sealed, digests) if is_text(item.key_id)]
        await self._keystore.destroy([item.key_id for item in texts])
        return await self._read(None, delete, [item.digest for item in texts], None)

    async def _read(
        self,
        connection: AsyncConnection[Any] | None,
        operation: Callable[Concatenate[AsyncConnection[Any], P], Awaitable[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Runs what may be run twice. After a restart of the server the pool hands out dead connections: each is tried once."""
        if connection is not None:
            return await operation(connection, *args, **kwargs)
        for _ in range(_CONNECTIONS):
            async with self._pool.connection() as pooled:
                try:
                    return await operation(pooled, *args, **kwargs)
                except (OperationalError, InterfaceError):
                    if not pooled.closed:
                        raise
        async with self._pool.connection() as pooled:
            return await operation(pooled, *args, **kwargs)
