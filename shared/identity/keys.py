"""The keys that tokens are verified with: the local issuer's from its file, an external issuer's from its JWKS URL (RFC 7517)."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Protocol
from urllib.parse import urlsplit

import httpx
from joserfc.errors import JoseError
from joserfc.jwk import Key, KeySet

_FRESH = 300.0
_AGAIN = 10.0


class KeysUnavailable(Exception):
    """The issuer's keys cannot be fetched, and none are known."""


class Keys(Protocol):
    """The public keys of one issuer."""

    async def find(self, kid: str) -> Key | None:
        """The key of that id, None if the issuer has none; raises KeysUnavailable."""


@dataclass(frozen=True, slots=True)
class KnownKeys:
    """Keys that are at hand."""

    keys: KeySet

    async def find(self, kid: str) -> Key | None:
        return _by_id(self.keys, kid)


@dataclass(slots=True)
class FetchedKeys:
    """Keys at a URL: fetched again after five minutes, or when a token names an unknown one (at most every ten seconds).

    Raises ValueError unless the URL is https, or on this machine.
    """

    url: str
    clock: Callable[[], float] = time.monotonic
    _keys: KeySet = field(default_factory=lambda: KeySet([]))
    _fetched: float = float("-inf")
    _tried: float = float("-inf")
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        address = urlsplit(self.url)
        if address.scheme != "https" and not (address.scheme == "http" and is_loopback(address.hostname or "")):
            raise ValueError(
                f"{self.url} is not https: whoever sits in between could sign anybody in; give the https address of the key set"
            )

    async def find(self, kid: str) -> Key | None:
        key = _by_id(self._keys, kid)
        if key is None or self.clock() - self._fetched > _FRESH:
            await self._fetch()
            key = _by_id(self._keys, kid)
        if key is None and self._fetched == float("-inf"):
            raise KeysUnavailable(f"no keys could be fetched from {self.url}")
        return key

    async def _fetch(self) -> None:
        async with self._lock:
            if self.clock() - self._tried < _AGAIN:
                return
            self._tried = self.clock()
            try:
                async with httpx.AsyncClient(timeout=5.0, follow_redirects=False) as client:
                    answer = (await client.get(self.url)).raise_for_status()
                self._keys = KeySet.import_key_set(answer.json())
            except (httpx.HTTPError, JoseError, ValueError, KeyError, TypeError):
                return  # What was known stays good: an outage of the issuer signs nobody out.
            self._fetched = self.clock()


def _by_id(keys: KeySet, kid: str) -> Key | None:
    return next((key for key in keys.keys if key.kid == kid), None)


def is_loopback(host: str) -> bool:
    """Whether this host name or address is this machine's own."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
