"""Breaking off: a worker stops in front of a statement, after a commit, or around an append; and records that nobody can take."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import psycopg
from psycopg import AsyncConnection, AsyncCursor, AsyncTransaction
from psycopg.pq import TransactionStatus

from shared.contracts.envelope import Heard
from shared.domain.state import Fact
from shared.ledger.handler import Handler
from shared.ledger.intent import Intent, Receipt
from shared.projection.view import Fold, View


class Where(StrEnum):
    """Where the work breaks off, counted from its beginning."""

    STATEMENT = "before a statement"
    CONNECTION = "as its connection is cut before a statement"
    COMMIT = "after a commit, before memory knows"
    DECIDED = "before a reaction's command is handled"
    APPENDED = "after a reaction's command was appended"


@dataclass
class Fault:
    """Breaks `task` off at the `count`-th such place; a cut connection fails the work instead, and it is tried again."""

    where: Where
    count: int
    superuser: str
    task: asyncio.Task[Any] | None = field(default=None, init=False)
    struck: bool = field(default=False, init=False)

    async def reach(self, where: Where, connection: AsyncConnection[Any] | None = None) -> None:
        """A place is reached."""
        if where is not self.where or self.struck:
            return
        self.count -= 1
        if self.count > 0:
            return
        self.struck = True
        if where is Where.CONNECTION and connection is not None:
            async with await AsyncConnection.connect(self.superuser, autocommit=True) as server:
                await server.execute("select pg_terminate_backend(%s, 5000)", (connection.info.backend_pid,))
            return
        if self.task is not None:
            self.task.cancel()
            # Cancelled here, or with the others of its group.
            await asyncio.Event().wait()


_FAULT: ContextVar[Fault | None] = ContextVar("fault", default=None)


async def reach(where: Where, connection: AsyncConnection[Any] | None = None) -> None:
    """The work that runs here reaches a place where it may break off."""
    if fault := _FAULT.get():
        await fault.reach(where, connection)


async def broken_off(work: Coroutine[Any, Any, Any], fault: Fault | None) -> bool:
    """Runs `work` into the fault; whether it was broken off. What it raises otherwise is raised."""

    async def begin() -> None:
        _FAULT.set(fault)
        await work

    task = asyncio.create_task(begin())
    if fault:
        fault.task = task
    try:
        await task
    except asyncio.CancelledError:
        if fault is None or not fault.struck:
            raise
        return True
    return False


class Cursor(AsyncCursor[Any]):
    """A cursor whose statements are places."""

    async def execute(self, *args: Any, **more: Any) -> "Cursor":
        await reach(Where.STATEMENT)
        await reach(Where.CONNECTION, self.connection)
        return await super().execute(*args, **more)


class Connection(AsyncConnection[Any]):
    """A connection whose commits are places."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.cursor_factory = Cursor

    @asynccontextmanager
    async def transaction(self, savepoint_name: str | None = None, force_rollback: bool = False) -> AsyncIterator[AsyncTransaction]:
        outermost = self.info.transaction_status == TransactionStatus.IDLE
        async with super().transaction(savepoint_name, force_rollback) as transaction:
            yield transaction
        if outermost:
            await reach(Where.COMMIT)


Place = tuple[str, str, str]
"""A service, a log that it hears, a key of order."""


class Broken(ZeroDivisionError):
    """This release cannot take the record."""


class WorkerHandler(Handler):
    """The handler of a worker: reactions break off around it, and those to the keys in `broken` fail until they are mended."""

    broken: set[Place]

    async def handle(self, intent: Intent) -> Receipt:
        if intent.cause and (self.service, intent.cause.log, intent.cause.envelope.key) in self.broken:
            raise Broken
        await reach(Where.DECIDED)
        receipt = await super().handle(intent)
        await reach(Where.APPENDED)
        return receipt


@contextmanager
def breakable(service: str, views: tuple[View[Any], ...], broken: dict[Place, int]) -> Iterator[None]:
    """Lets the folds of these views fail for the records of a place from a position on, as long as it is in `broken`."""

    def fragile(fold: Fold) -> Fold:
        def folded(row: Any, event: Any, heard: Heard) -> Fact | None:
            if heard.position >= broken.get((service, heard.log, heard.envelope.key), heard.position + 1):
                raise Broken
            return fold(row, event, heard)

        return folded

    whole = {view.name: dict(view.folds) for view in views}
    for view in views:
        view.folds = {event: (fragile(fold), key) for event, (fold, key) in view.folds.items()}
    try:
        yield
    finally:
        for view in views:
            view.folds = whole[view.name]


LOST = (psycopg.OperationalError,)
"""What work meets whose connection was cut."""
