"""Blobs: bytes too large for the record, kept in files named by their SHA-256. The record holds the hash."""

import asyncio
import hashlib
import os
import re
import tempfile
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

LIMIT = 64 * 2**20
"""The largest blob, in bytes."""
_NAME = re.compile(r"[0-9a-f]{64}")


class BlobTooLarge(ValueError):
    """More bytes than the store accepts."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"is larger than {limit / 2**20:g} MiB; split it, or put it elsewhere and submit its hash")


class BlobMissing(LookupError):
    """No blob has this hash."""


class BlobDamaged(Exception):
    """The bytes on disk no longer have the hash that the record holds: restore the file from a backup."""


class Blobs:
    """A directory of content-addressed files: <root>/<first two digits>/<sha256>. The same bytes are kept once."""

    def __init__(self, root: Path, limit: int = LIMIT) -> None:
        self.root, self.limit = root, limit

    def path(self, sha256: str) -> Path:
        """Where the blob lies; raises BlobMissing for what is no hash."""
        if not _NAME.fullmatch(sha256):
            raise BlobMissing(f"{sha256[:80]!r} is not a SHA-256 in lower-case hexadecimal")
        return self.root / sha256[:2] / sha256

    async def put(self, content: bytes | AsyncIterator[bytes]) -> tuple[str, int]:
        """Store `content` durably; returns its SHA-256 and its size in bytes. Raises BlobTooLarge."""
        chunks: list[bytes] = []
        size = 0
        async for chunk in _chunks(content):
            size += len(chunk)
            if size > self.limit:
                raise BlobTooLarge(self.limit)
            chunks.append(chunk)
        return await asyncio.to_thread(self._write, chunks), size

    async def get(self, sha256: str) -> bytes:
        """The bytes, checked against their hash; raises BlobMissing or BlobDamaged."""
        return await asyncio.to_thread(self._read, sha256)

    def _write(self, chunks: Iterable[bytes]) -> str:
        self.root.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self.root, prefix=".incoming-")
        digest = hashlib.sha256()
        try:
            with os.fdopen(handle, "wb") as file:
                for chunk in chunks:
                    digest.update(chunk)
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            target = self.path(digest.hexdigest())
            target.parent.mkdir(exist_ok=True)
            os.replace(name, target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        # The rename is durable once the directory is.
        for directory in (target.parent, self.root):
            descriptor = os.open(directory, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        return digest.hexdigest()

    def _read(self, sha256: str) -> bytes:
        path = self.path(sha256)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            raise BlobMissing(f"no blob {sha256} is kept here") from None
        if hashlib.sha256(content).hexdigest() != sha256:
            raise BlobDamaged(f"blob {sha256} was changed on disk: restore it from a backup")
        return content


async def _chunks(content: bytes | AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    if isinstance(content, bytes):
        yield content
        return
    async for chunk in content:
        yield chunk
