"""Reads views: rows as they are, or as they were known at a position of their log."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Any, TypeVar

from psycopg import AsyncConnection
from psycopg.errors import UndefinedTable
from psycopg.sql import SQL, Composed
from psycopg_pool import AsyncConnectionPool

from shared.domain.state import Fact
from shared.projection import schema
from shared.projection.arrival import Arrivals, NotYet
from shared.projection.marks import VIEWS
from shared.projection.query import After, Known, Query, Where
from shared.projection.view import View, view_of

F = TypeVar("F", bound=Fact)

_POSITIONS = "select log, max(position) from view.mark where consumer = %s and log = any (%s) group by log"


class NotMade(Exception):
    """A view has no table in this shape yet; it is being made from its log."""

    def __init__(self, view: View[Any]) -> None:
        super().__init__(f"view {view.name} is being made from the log of {view.log}; ask again in a moment")
        self.view = view


class ViewReader:
    """Reads the views of a service. `where`, `order` and `after`: see shared.projection.query.

    Every read raises NotMade while the view is made for the first time in its present shape; those with `at` raise NotYet for a
    position beyond what was heard, and LookupError for a view without history.
    """

    def __init__(self, pool: AsyncConnectionPool[Any], consumer: str = VIEWS) -> None:
        self._consumer = consumer
        self._arrivals = Arrivals(str(pool.conninfo), consumer)
        self._pool = pool
        self._connection: Callable[[], AbstractAsyncContextManager[AsyncConnection[Any]]] = pool.connection

    async def close(self) -> None:
        """Stops waiting for marks. The pool stays open."""
        await self._arrivals.close()

    async def get(self, row: type[F], key: str, at: int | None = None) -> F | None:
        """The row of a key, None if there is none."""
        known = await self.known(row, {"key": key}, at=at)
        return known[0].row if known else None

    async def rows(
        self,
        row: type[F],
        where: Where | None = None,
        order: str = "key",
        limit: int | None = None,
        after: After | None = None,
        at: int | None = None,
    ) -> list[F]:
        """Rows in an order, at most `limit`, those after (value in the order's field, key)."""
        return [known.row for known in await self.known(row, where, order, limit, after, at)]

    async def known(
        self,
        row: type[F],
        where: Where | None = None,
        order: str = "key",
        limit: int | None = None,
        after: After | None = None,
        at: int | None = None,
    ) -> list[Known[F]]:
        """The same rows, each with its key and the position of the record that made it."""
        query = Query(view_of(row))
        wanted = query.condition(where or {})
        if after is not None:
            wanted = SQL("{} and {}").format(wanted, query.beyond(order, after))
        statement = SQL("select {} from ({}) known where {} order by {}").format(
            query.selected(), query.rows(at), wanted, query.sequence(order)
        )
        if limit is not None:
            statement = SQL("{} limit {}").format(statement, limit)
        return await self._known(query, statement, at)

    async def at(self, row: type[F], position: int, where: Where | None = None) -> list[F]:
        """All rows as known at a position of their log, in the order of their keys."""
        return await self.rows(row, where, at=position)

    async def history(self, row: type[F], key: str) -> list[Known[F]]:
        """Every version of a row, the oldest first. Raises LookupError for a view without history."""
        query = Query(view_of(row))
        statement = SQL("select {} from ({} union all {}) known where {} order by _position").format(
            query.selected(), query.rows(None), query.versions(), query.condition({"key": key})
        )
        return await self._known(query, statement, None)

    async def count(self, row: type[F], where: Where | None = None, at: int | None = None) -> int:
        """How many rows there are."""
        query = Query(view_of(row))
        statement = SQL("select count(*) from ({}) known where {}").format(query.rows(at), query.condition(where or {}))
        return int((await self._read(query, statement, at))[0][0])

    async def positions(self, *views: View[Any]) -> dict[str, int]:
        """By log, the position of the newest record that these views show; 0 if nothing was heard.

        It is the highest mark of the log's shards. Records before it may still be on their way in other shards, for a moment.
        """
        async with self._connection() as connection:
            return await self._positions(connection, {view.log for view in views})

    async def wait_for(self, log: str, position: int, seconds: float, key: str | None = None) -> None:
        """Returns once the views show a position. `key` is the order key of its record (the initiative, else the subject): with it
        the answer is exact; without, some record at the position or later is shown. Raises NotYet."""
        await self._arrivals.wait(log, position, key, seconds)

    @asynccontextmanager
    async def snapshot(self) -> "AsyncIterator[ViewReader]":
        """A reader of all views as they are at one moment: for a page that joins them and shows their positions."""
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute("set transaction isolation level repeatable read, read only")
            # Before the moment is fixed: a table swapped in after it would look empty.
            await schema.hold(connection)
            reader = ViewReader(self._pool, self._consumer)
            reader._connection = lambda: nullcontext(connection)
            yield reader

    async def _known(self, query: Query, statement: Composed, at: int | None) -> list[Known[Any]]:
        made = query.view.made
        return [Known(found[0], found[1], found[2], made(found[3:])) for found in await self._read(query, statement, at)]

    async def _read(self, query: Query, statement: Composed, at: int | None) -> list[tuple[Any, ...]]:
        async with self._connection() as connection:
            if at is not None and at > (reached := (await self._positions(connection, {query.view.log}))[query.view.log]):
                raise NotYet(query.view.log, at, reached)
            cursor = connection.cursor(binary=True)
            try:
                await cursor.execute(statement, query.parameters)
            except UndefinedTable:
                raise NotMade(query.view) from None
            return await cursor.fetchall()

    async def _positions(self, connection: AsyncConnection[Any], logs: set[str]) -> dict[str, int]:
        cursor = await connection.execute(_POSITIONS, (self._consumer, list(logs)))
        return dict.fromkeys(sorted(logs), 0) | dict(await cursor.fetchall())
