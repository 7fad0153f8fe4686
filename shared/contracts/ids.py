"""Event ids: UUID version 7 (RFC 9562), so that ids sort by time."""

import secrets
import time
from uuid import UUID


def uuid7() -> UUID:
    """48 bits of Unix milliseconds, then 74 random bits."""
    milliseconds = time.time_ns() // 1_000_000
    entropy = secrets.randbits(74)
    high = (milliseconds << 16) | 0x7000 | (entropy >> 62)
    return UUID(int=(high << 64) | (0b10 << 62) | (entropy & (2**62 - 1)))
