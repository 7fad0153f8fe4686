"""Blobs: kept under their hash, whole or not at all, and checked whenever they are read."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.runtime.blobs import BlobDamaged, BlobMissing, Blobs, BlobTooLarge

CONTENT = b"the business case"
HASH = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs(tmp_path / "blobs", limit=100)


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def test_what_was_put_is_got_by_its_hash(blobs: Blobs) -> None:
    assert await blobs.put(CONTENT) == (HASH, len(CONTENT))
    assert await blobs.get(HASH) == CONTENT


async def test_the_same_bytes_are_kept_once_also_in_pieces(blobs: Blobs) -> None:
    await blobs.put(CONTENT)
    assert await blobs.put(chunks(CONTENT[:5], CONTENT[5:])) == (HASH, len(CONTENT))
    assert [path.name for path in blobs.root.rglob("*") if path.is_file()] == [HASH]


async def test_too_much_is_refused_and_nothing_is_left(blobs: Blobs) -> None:
    with pytest.raises(BlobTooLarge, match="larger than"):
        await blobs.put(chunks(b"x" * 60, b"x" * 60))
    assert not blobs.root.exists() or not list(blobs.root.iterdir())


async def test_bytes_that_were_changed_on_disk_are_not_given_out(blobs: Blobs) -> None:
    await blobs.put(CONTENT)
    blobs.path(HASH).write_bytes(b"another case")
    with pytest.raises(BlobDamaged, match="backup"):
        await blobs.get(HASH)


@pytest.mark.parametrize("name", ["0" * 64, "../../etc/passwd", HASH.upper(), ""])
async def test_what_is_not_kept_or_no_hash_is_missing(blobs: Blobs, name: str) -> None:
    with pytest.raises(BlobMissing):
        await blobs.get(name)
