"""The first step: tables are folded and timers kept, in the transaction that moves the marks."""

from collections.abc import Sequence
from typing import Any, Protocol

from psycopg import AsyncConnection

from shared.contracts.envelope import Heard
from shared.stream.retry import TRANSIENT
from shared.stream.step import VIEWS, Failure
from shared.stream.timers import TimerTable

_WAY_OUT = "mend the fold or the timer that fails, then replay the key"


class Projections(Protocol):
    """The fold engine of the service's read models. A failure that it can lay at a record's door carries that record as `heard`."""

    async def apply(self, connection: AsyncConnection[Any], heard: Sequence[Heard]) -> int: ...
    def forget(self) -> None: ...


class Tables:
    """Folds read models and the timer table."""

    name = VIEWS
    after: tuple[str, ...] = ()

    def __init__(self, projections: Projections, timers: TimerTable) -> None:
        self._projections, self._timers = projections, timers

    async def apply(self, connection: AsyncConnection[Any], heard: Sequence[Heard]) -> list[Failure]:
        failures: list[Failure] = []
        rest = list(heard)
        while rest and (error := await self._attempt(connection, rest)):
            failed = getattr(error, "heard", None)
            if failed is None:
                return failures + await self._one_by_one(connection, rest)
            failures.append(_failure(failed, error))
            rest = [one for one in rest if _key(one) != _key(failed) or one.position < failed.position]
        return failures

    def forget(self) -> None:
        self._projections.forget()

    async def _attempt(self, connection: AsyncConnection[Any], heard: Sequence[Heard]) -> Exception | None:
        """All of `heard` or nothing; what was wrong if it is a record's fault."""
        try:
            async with connection.transaction():
                await self._projections.apply(connection, heard)
                await self._timers.apply(connection, heard)
        except TRANSIENT:
            raise
        except Exception as error:
            self.forget()
            return error
        return None

    async def _one_by_one(self, connection: AsyncConnection[Any], heard: Sequence[Heard]) -> list[Failure]:
        """For what the database refuses, which names no record."""
        failures: list[Failure] = []
        stuck: set[tuple[str, str]] = set()
        for one in heard:
            if _key(one) not in stuck and (error := await self._attempt(connection, [one])):
                stuck.add(_key(one))
                failures.append(_failure(one, error))
        return failures


def _key(heard: Heard) -> tuple[str, str]:
    return heard.log, heard.envelope.key


def _failure(heard: Heard, error: Exception) -> Failure:
    return Failure(heard, f"{heard.envelope.type} cannot be applied: {error or type(error).__name__}", _WAY_OUT)
