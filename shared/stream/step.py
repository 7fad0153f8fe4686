"""What a consumer does with records: tables first, then reactions, each with marks and a quarantine of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from psycopg import AsyncConnection

from shared.contracts.envelope import Heard

VIEWS, REACTIONS = "views", "reactions"


@dataclass(frozen=True, slots=True)
class Stuck:
    """A record that could not be applied. It and all later ones of its key wait; other keys go on."""

    log: str
    key: str
    position: int
    predecessor: int
    bytes: bytes
    reason: str
    way_out: str


@dataclass(frozen=True, slots=True)
class Failure:
    """Why the record `heard` could not be applied, and what to do about it."""

    heard: Heard
    reason: str
    way_out: str


class Step(Protocol):
    """One consumer of records. `after` names the consumers whose parked keys it leaves alone too: it reads what they write."""

    @property
    def name(self) -> str: ...
    @property
    def after(self) -> tuple[str, ...]: ...

    async def apply(self, connection: AsyncConnection[Any], heard: Sequence[Heard]) -> list[Failure]:
        """Applies in order. At a failure nothing of that record nor of later ones of its key has been applied. Raises what is transient."""
        ...

    def forget(self) -> None:
        """Drops what memory holds of tables: another process may have written them, or the transaction failed."""
        ...
