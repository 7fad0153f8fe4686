"""The keys of disclosures, in a database of their own: AES-256, one a person, one a text.

`person/<id>` is made when it is first needed. `text/<chunk>/<number>` is one of 256 made ahead in one row, so that no
append waits for its key.
"""

import os
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from psycopg import AsyncConnection

KEY_BYTES = 32
CHUNK = 256
_DESTROYED = bytes(KEY_BYTES)
_TEXT = "text/"


class KeyDestroyed(Exception):
    """The key was destroyed: what it sealed is erased, and nothing new is written about that person under it."""

    def __init__(self, key_id: str) -> None:
        super().__init__(f"{key_id} was erased: nothing can be written or read under its key")
        self.key_id = key_id


class TextKey(NamedTuple):
    """A key of one text, not yet used."""

    key_id: str
    secret: bytes


class _Place(NamedTuple):
    chunk: UUID
    number: int


def is_text(key_id: str) -> bool:
    """Whether a key is that of a text."""
    return key_id.startswith(_TEXT)


async def make_text_keys(connection: AsyncConnection[Any], count: int) -> list[TextKey]:
    """At least so many new keys, durable."""
    chunks = {uuid4(): os.urandom(KEY_BYTES * CHUNK) for _ in range(-(-count // CHUNK))}
    await connection.execute(
        "insert into text_keys (chunk, secrets) select * from unnest(%s::uuid[], %s::bytea[])", (list(chunks), list(chunks.values()))
    )
    return [
        TextKey(f"{_TEXT}{chunk}/{number}", secrets[KEY_BYTES * number : KEY_BYTES * (number + 1)])
        for chunk, secrets in chunks.items()
        for number in range(CHUNK)
    ]


async def person_keys(connection: AsyncConnection[Any], key_ids: Iterable[str]) -> dict[str, bytes]:
    """Keys of persons by id, made where they are missing, durable. Raises KeyDestroyed."""
    wanted = sorted(key_ids)
    keys = await _of_persons(connection, wanted)
    if missing := [key_id for key_id in wanted if key_id not in keys]:
        await connection.execute(
            "insert into person_key (id, secret) select * from unnest(%s::text[], %s::bytea[]) on conflict do nothing",
            (missing, [os.urandom(KEY_BYTES) for _ in missing]),
        )
        # Another process may have made one first: what is stored counts.
        keys |= await _of_persons(connection, missing)
    known: dict[str, bytes] = {}
    for key_id, secret in keys.items():
        if secret is None:
            raise KeyDestroyed(key_id)
        known[key_id] = secret
    return known


async def find(connection: AsyncConnection[Any], key_ids: Sequence[str]) -> dict[str, bytes]:
    """Keys by id; those that were destroyed, or never made, are absent."""
    persons = await _of_persons(connection, [key_id for key_id in key_ids if not is_text(key_id)])
    places = {key_id: _place(key_id) for key_id in key_ids if is_text(key_id)}
    found = await connection.execute(
        "select chunk, secrets from text_keys where chunk = any (%s)", ([place.chunk for place in places.values()],), binary=True
    )
    chunks: dict[UUID, bytes] = dict(await found.fetchall())
    texts = {
        key_id: chunks[place.chunk][KEY_BYTES * place.number : KEY_BYTES * (place.number + 1)]
        for key_id, place in places.items()
        if place.chunk in chunks
    }
    known = {key_id: secret for key_id, secret in persons.items() if secret is not None}
    return known | {key_id: secret for key_id, secret in texts.items() if secret != _DESTROYED}


async def destroy(connection: AsyncConnection[Any], key_ids: Sequence[str]) -> None:
    """Erases keys for good. A person's that was never made cannot be made afterwards. The connection is in autocommit."""
    await connection.execute(
        "insert into person_key (id, destroyed) select unnest(%s::text[]), now()"
        " on conflict (id) do update set secret = null, destroyed = now() where person_key.secret is not null",
        ([key_id for key_id in key_ids if not is_text(key_id)],),
    )
    for place in map(_place, filter(is_text, key_ids)):
        await connection.execute(
            "update text_keys set secrets = overlay(secrets placing %s from %s) where chunk = %s",
            (_DESTROYED, KEY_BYTES * place.number + 1, place.chunk),
        )
    # The old row versions still hold the secrets until they are vacuumed.
    await connection.execute("vacuum person_key, text_keys")


async def _of_persons(connection: AsyncConnection[Any], key_ids: Sequence[str]) -> dict[str, bytes | None]:
    found = await connection.execute("select id, secret from person_key where id = any (%s)", (list(key_ids),))
    return dict(await found.fetchall())


def _place(key_id: str) -> _Place:
    chunk, number = key_id.removeprefix(_TEXT).split("/")
    return _Place(UUID(chunk), int(number))
