"""Personal data and free texts: sealed with AES-256-GCM under keys that live in a database of their own.

A person has one key, a text has one key; to destroy the key is to erase, in every copy and backup of the log. Keys of
texts are committed ahead in bulk, so that no append waits for them.
"""

import asyncio
import os
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from time import time_ns
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from shared.ledger.arrays import adapt, byteas, texts
from shared.ledger.record import Disclosure

TEXT = "text/"
_AHEAD = 1024
_KEY = 32
_NONCE = 12


class KeyDestroyed(Exception):
    """The key was destroyed: what it sealed is erased, and nothing new is written about that person under it."""

    def __init__(self, key_id: str) -> None:
        super().__init__(f"{key_id} was erased: nothing can be written or read under its key")
        self.key_id = key_id


class Sealed(NamedTuple):
    """A disclosure as stored: nonce (12 bytes) and ciphertext, with the digest as associated data."""

    digest: str
    key_id: str
    sealed: bytes


class KeyStore:
    """The keys of one service."""

    def __init__(self, pool: AsyncConnectionPool[AsyncConnection]) -> None:
        self._pool = pool
        self._spare: deque[tuple[str, bytes]] = deque()
        self._filling = asyncio.Lock()
        self._refill: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, dsn: str) -> "KeyStore":
        """Connects to the database made by `install_keys`."""
        pool = AsyncConnectionPool(
            dsn,
            min_size=1,
            max_size=4,
            open=False,
            kwargs={"autocommit": True},
            configure=_configure,
            check=AsyncConnectionPool.check_connection,
        )
        await pool.open(wait=True)
        return cls(pool)

    async def close(self) -> None:
        """Keys made ahead and not used are left; they seal nothing."""
        if self._refill:
            await asyncio.gather(self._refill, return_exceptions=True)
        await self._pool.close()

    async def seal(self, disclosures: Sequence[Disclosure]) -> list[Sealed]:
        """Seals, in order. Every key used is durable before this returns. Raises KeyDestroyed."""
        persons = {item.key_id for item in disclosures if item.key_id is not None}
        keys = await self._keys_of(persons) if persons else {}
        wanted = sum(item.key_id is None for item in disclosures)
        while len(self._spare) < wanted:
            await self._fill(wanted)
        done = []
        nonces = os.urandom(_NONCE * len(disclosures))
        for number, item in enumerate(disclosures):
            key_id, secret = (item.key_id, keys[item.key_id]) if item.key_id is not None else self._spare.popleft()
            nonce = nonces[_NONCE * number : _NONCE * (number + 1)]
            text = AESGCM(secret).encrypt(nonce, item.disclosure, item.digest.encode())
            done.append(Sealed(item.digest, key_id, nonce + text))
        if len(self._spare) < 2 * _AHEAD and wanted and (self._refill is None or self._refill.done()):
            self._refill = asyncio.create_task(self._fill(2 * _AHEAD))
        return done

    async def unseal(self, stored: Iterable[Sealed]) -> dict[str, bytes]:
        """Disclosures by digest. Those whose key was destroyed are absent."""
        items = list(stored)
        async with self._pool.connection() as connection:
            found = await connection.execute(
                "select id, secret from key where id = any (%s) and secret is not null",
                ([item.key_id for item in items],),
            )
            keys: dict[str, bytes] = dict(await found.fetchall())
        return {
            item.digest: AESGCM(keys[item.key_id]).decrypt(item.sealed[:_NONCE], item.sealed[_NONCE:], item.digest.encode())
            for item in items
            if item.key_id in keys
        }

    async def destroy(self, key_ids: Sequence[str]) -> None:
        """Erases keys for good, also ones that were never made: nothing can be sealed under these ids again."""
        async with self._pool.connection() as connection:
            await connection.execute(
                "insert into key (id, destroyed) select unnest(%s::text[]), now()"
                " on conflict (id) do update set secret = null, destroyed = now() where key.secret is not null",
                (list(key_ids),),
            )
            # The old row version still holds the secret until it is vacuumed.
            await connection.execute("vacuum key")

    async def _keys_of(self, key_ids: Iterable[str]) -> Mapping[str, bytes]:
        wanted = sorted(key_ids)
        async with self._pool.connection() as connection:
            keys = await _read(connection, wanted)
            if missing := [key_id for key_id in wanted if key_id not in keys]:
                await _write(connection, [(key_id, os.urandom(_KEY)) for key_id in missing])
                # Another process may have made one first: what is stored counts.
                keys |= await _read(connection, missing)
        known: dict[str, bytes] = {}
        for key_id, secret in keys.items():
            if secret is None:
                raise KeyDestroyed(key_id)
            known[key_id] = secret
        return known

    async def _fill(self, enough: int) -> None:
        async with self._filling:
            if len(self._spare) >= enough:
                return
            # Ids that ascend keep the index small in memory; the random part keeps processes apart.
            chunk = f"{TEXT}{time_ns():016x}-{os.urandom(8).hex()}"
            secrets = os.urandom(_KEY * _AHEAD)
            made = [(f"{chunk}-{number:04x}", secrets[at : at + _KEY]) for number, at in enumerate(range(0, len(secrets), _KEY))]
            async with self._pool.connection() as connection:
                await _write(connection, made)
            self._spare.extend(made)


async def sealed(connection: AsyncConnection[Any], digests: Sequence[str]) -> list[Sealed]:
    """Disclosures as stored in a log's database; those that are not there are absent."""
    cursor = connection.cursor(binary=True)
    await cursor.execute("select digest, key_id, sealed from log.disclosure where digest = any (%s)", (list(digests),))
    return [Sealed(*row) for row in await cursor.fetchall()]


async def delete(connection: AsyncConnection[Any], digests: Sequence[str], key_id: str | None) -> int:
    """Removes disclosures from a log's database, by digest and all of one key; returns how many there were."""
    found = await connection.execute("select log.delete_disclosures(%s, %s)", (list(digests), key_id))
    row = await found.fetchone()
    return int(row[0]) if row else 0


async def _read(connection: AsyncConnection, key_ids: Sequence[str]) -> dict[str, bytes | None]:
    found = await connection.execute("select id, secret from key where id = any (%s)", (list(key_ids),))
    return dict(await found.fetchall())


async def _write(connection: AsyncConnection, keys: Sequence[tuple[str, bytes]]) -> None:
    await connection.execute(
        "insert into key (id, secret) select * from unnest(%b, %b) on conflict do nothing",
        (texts([key_id for key_id, _ in keys]), byteas([secret for _, secret in keys])),
    )


async def _configure(connection: AsyncConnection) -> None:
    adapt(connection)
