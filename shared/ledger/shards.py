"""Shards: the unit of order and of continuity outside the log."""

from functools import lru_cache
from hashlib import sha256

SHARDS = 64


@lru_cache(maxsize=65_536)
def shard_of(key: str) -> int:
    """The shard of an initiative (or, without one, a subject): first 8 bytes of its SHA-256, big-endian, modulo 64.

    Part of the format: every record stores it, every consumer keeps its marks by it. It never changes.
    """
    return int.from_bytes(sha256(key.encode()).digest()[:8], "big") % SHARDS
