"""Personal data and free texts, sealed with AES-256-GCM.

A person has one key, a text has one key; to destroy the key is to erase, in every copy and backup of the log.
"""

import asyncio
import os
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from shared.ledger import keys
from shared.ledger.keys import KeyDestroyed
from shared.ledger.record import Disclosure

_AHEAD = 2048
_NONCE = 12

__all__ = ["KeyDestroyed", "KeyStore", "Sealed", "delete", "sealed"]


class Sealed(NamedTuple):
    """A disclosure as stored: nonce (12 bytes) and ciphertext, with the digest as associated data."""

    digest: str
    key_id: str
    sealed: bytes


class KeyStore:
    """Seals and unseals with the keys of one service."""

    def __init__(self, pool: AsyncConnectionPool[AsyncConnection]) -> None:
        self._pool = pool
        self._spare: deque[keys.TextKey] = deque()
        self._filling = asyncio.Lock()
        self._refill: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, dsn: str) -> "KeyStore":
        """Connects to the database made by `install_keys`."""
        pool = AsyncConnectionPool(
            dsn, min_size=1, max_size=4, open=False, kwargs={"autocommit": True}, check=AsyncConnectionPool.check_connection
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
        known: dict[str, bytes] = {}
        if persons:
            async with self._pool.connection() as connection:
                known = await keys.person_keys(connection, persons)
        texts = sum(item.key_id is None for item in disclosures)
        while len(self._spare) < texts:
            await self._fill(texts)
        nonces = os.urandom(_NONCE * len(disclosures))
        done = []
        for number, (digest, key_id, disclosure) in enumerate((d.digest, d.key_id, d.disclosure) for d in disclosures):
            used, secret = (key_id, known[key_id]) if key_id is not None else self._spare.popleft()
            nonce = nonces[_NONCE * number : _NONCE * (number + 1)]
            done.append(Sealed(digest, used, nonce + AESGCM(secret).encrypt(nonce, disclosure, digest.encode())))
        if texts and len(self._spare) < _AHEAD and (self._refill is None or self._refill.done()):
            self._refill = asyncio.create_task(self._fill(_AHEAD))
        return done

    async def unseal(self, stored: Iterable[Sealed]) -> dict[str, bytes]:
        """Disclosures by digest. Those whose key was destroyed are absent."""
        items = list(stored)
        async with self._pool.connection() as connection:
            known = await keys.find(connection, [item.key_id for item in items])
        return {
            item.digest: AESGCM(known[item.key_id]).decrypt(item.sealed[:_NONCE], item.sealed[_NONCE:], item.digest.encode())
            for item in items
            if item.key_id in known
        }

    async def destroy(self, key_ids: Sequence[str]) -> None:
        """Erases keys for good, a person's also if it was never made: nothing can be sealed under these ids again."""
        async with self._pool.connection() as connection:
            await keys.destroy(connection, key_ids)

    async def _fill(self, enough: int) -> None:
        async with self._filling:
            if len(self._spare) < enough:
                async with self._pool.connection() as connection:
                    self._spare.extend(await keys.make_text_keys(connection, max(enough, _AHEAD)))


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
