"""Rows of one view in its tables: read by key, written once a batch, or copied in when the view is made again."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from psycopg import AsyncConnection
from psycopg.sql import SQL, Composed, Identifier

from shared.contracts.envelope import instant
from shared.projection import encode
from shared.projection.changes import Changes, Closed, Version
from shared.projection.schema import current, past
from shared.projection.view import View

_TEXT, _INT8, _TIME, _SPAN = 25, 20, 1184, 3926
_CHUNK = 20_000


class Unwritable(ValueError):
    """The version made at `position` holds what its column cannot."""

    def __init__(self, position: int, because: Exception) -> None:
        super().__init__(f"{because}")
        self.position = position


class Store:
    """The tables of `view`, called `table`."""

    def __init__(self, view: View[Any], table: str) -> None:
        self.view, self.table = view, table
        fields = [Identifier(column.name) for column in view.columns]
        listed = SQL("").join(SQL(", {}").format(field) for field in fields)
        arrays = SQL("").join(SQL(", %b::{}[]").format(SQL(column.type)) for column in view.columns)
        selected = SQL(", ").join(SQL(column.selected) for column in view.columns)
        self._head = {"t": current(table), "h": past(table), "listed": listed, "arrays": arrays}
        self._read = SQL("select _key, _position, _owner, {} from {} where _key = any (%b::text[])").format(selected, current(table))
        self._stale = self._sql(
            "select known.key from unnest(%b::text[], %b::int8[]) known (key, position)"
            " left join {t} on _key = known.key where _position is distinct from known.position"
        )
        assigned = SQL(", ").join(
            SQL("{0} = excluded.{0}").format(field) for field in (*map(Identifier, ("_owner", "_position", "_recorded")), *fields)
        )
        self._upsert = self._sql(
            "insert into {t} (_key, _owner, _position, _recorded{listed})"
            " select * from unnest(%b::text[], %b::text[], %b::int8[], %b::timestamptz[]{arrays})"
            " on conflict (_key) do update set "
        ) + (assigned)
        self._delete = self._sql("delete from {t} where _key = any (%b::text[])")
        self._close = self._sql(
            "insert into {h} (_key, _position, _recorded, _valid{listed})"
            " select _key, _position, _recorded, int8range(_position, ended.until){listed}"
            " from unnest(%b::text[], %b::int8[]) ended (key, until) join {t} on _key = ended.key"
        )
        self._insert = self._sql(
            "insert into {h} (_key, _position, _recorded, _valid{listed})"
            " select * from unnest(%b::text[], %b::int8[], %b::timestamptz[], %b::int8range[]{arrays})"
        )

    def _sql(self, text: str) -> Composed:
        return SQL(text).format(**{name: part for name, part in self._head.items() if f"{{{name}}}" in text})

    async def read(self, connection: AsyncConnection[Any], keys: Iterable[str]) -> dict[str, Version]:
        """The rows of these keys; absent where there are none."""
        # Planned anew each time, here and where tables are joined: a plan made while the table was empty is bad for ever.
        cursor = connection.cursor(binary=True)
        await cursor.execute(self._read, (_texts(keys),), prepare=False)
        made = self.view.made
        return {row[0]: Version(made(row[3:]), row[1], row[2]) for row in await cursor.fetchall()}

    async def stale(self, connection: AsyncConnection[Any], known: Sequence[tuple[str, Version]]) -> set[str]:
        """Those of the known rows that are not, or no longer, what the table holds."""
        parameters = (_texts(key for key, _ in known), _longs(version.position for _, version in known))
        return {key for (key,) in await (await connection.execute(self._stale, parameters, prepare=False)).fetchall()}

    async def write(self, connection: AsyncConnection[Any], changes: Changes) -> None:
        """Writes what changed: versions that ended go into the history, rows are replaced, added or removed. Raises Unwritable."""
        cursor = connection.cursor()
        if self.view.history and changes.stored:
            ended = (_texts(changes.stored), _longs(changes.stored.values()))
            await cursor.execute(self._close, ended, prepare=False)
        if changes.closed:
            await cursor.execute(self._insert, self._arrays(self._history(changes.closed), (_TEXT, _INT8, _TIME, _SPAN)), prepare=True)
        kept = [(key, changes.rows[key]) for key in changes.changed if key in changes.rows]
        if kept:
            await cursor.execute(self._upsert, self._arrays(self._current(kept), (_TEXT, _TEXT, _INT8, _TIME)), prepare=True)
        if len(kept) < len(changes.changed):
            await cursor.execute(self._delete, (_texts(changes.changed.difference(changes.rows)),), prepare=False)

    async def copy_history(self, connection: AsyncConnection[Any], closed: Sequence[Closed]) -> None:
        """Adds versions that ended, by COPY. Raises Unwritable."""
        await self._copy(connection, past(self.table), "_key, _position, _recorded, _valid", closed, self._history)

    async def copy_current(self, connection: AsyncConnection[Any], rows: dict[str, Version]) -> None:
        """Adds rows, by COPY. Raises Unwritable."""
        await self._copy(connection, current(self.table), "_key, _owner, _position, _recorded", list(rows.items()), self._current)

    async def _copy(
        self,
        connection: AsyncConnection[Any],
        table: Identifier,
        head: str,
        rows: Sequence[Any],
        columns: Callable[[Sequence[Any]], list[list[bytes]]],
    ) -> None:
        if not rows:
            return
        statement = SQL("copy {} ({}{}) from stdin (format binary)").format(table, SQL(head), self._head["listed"])
        async with connection.cursor().copy(statement) as copy:
            await copy.write(encode.COPY_HEAD)
            for start in range(0, len(rows), _CHUNK):
                await copy.write(encode.copy_rows(columns(rows[start : start + _CHUNK])))
            await copy.write(encode.COPY_END)

    def _current(self, rows: Sequence[tuple[str, Version]]) -> list[list[bytes]]:
        versions = [version for _, version in rows]
        return [
            [encode.text(key) for key, _ in rows],
            [encode.text(version.owner) for version in versions],
            [encode.int8(version.position) for version in versions],
            [encode.instant(instant(version.recorded or "")) for version in versions],
            *self._fields(versions),
        ]

    def _history(self, closed: Sequence[Closed]) -> list[list[bytes]]:
        versions = [version for _, version, _ in closed]
        return [
            [encode.text(key) for key, _, _ in closed],
            [encode.int8(version.position) for version in versions],
            [encode.instant(instant(version.recorded or "")) for version in versions],
            [encode.span(version.position, until) for _, version, until in closed],
            *self._fields(versions),
        ]

    def _fields(self, versions: Sequence[Version]) -> list[list[bytes]]:
        facts = [version.fact.__dict__ for version in versions]
        columns = []
        for column in self.view.columns:
            name, write = column.name, column.write
            try:
                columns.append([encode.NULL if (value := fact[name]) is None else write(value) for fact in facts])
            except (TypeError, ValueError, AttributeError):
                raise self._unwritable(versions) from None
        return columns

    def _unwritable(self, versions: Sequence[Version]) -> Unwritable:
        for version in versions:
            for column in self.view.columns:
                value = getattr(version.fact, column.name)
                try:
                    if value is not None:
                        column.write(value)
                except (TypeError, ValueError, AttributeError) as error:
                    return Unwritable(version.position, ValueError(f"{column.name} of {type(version.fact).__name__}: {error}"))
        raise AssertionError("every value can be written")

    def _arrays(self, columns: list[list[bytes]], head: tuple[int, ...]) -> list[encode.Packed]:
        elements = (*head, *(column.element for column in self.view.columns))
        return [encode.array(element, items) for element, items in zip(elements, columns, strict=True)]


def written(version: Version) -> Version:
    """The version once it is in the table."""
    return Version(version.fact, version.position, version.owner)


def _texts(values: Iterable[str]) -> encode.Packed:
    return encode.array(_TEXT, [encode.text(value) for value in values])


def _longs(values: Iterable[int]) -> encode.Packed:
    return encode.array(_INT8, [encode.int8(value) for value in values])
