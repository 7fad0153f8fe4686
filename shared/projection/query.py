"""What can be asked of a view: equality and ranges, an order, pages by key; as the rows are, or as they were known at a position."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from psycopg.sql import SQL, Composed, Identifier, Placeholder

from shared.domain.state import Fact
from shared.projection.schema import current, past
from shared.projection.view import View

F = TypeVar("F", bound=Fact)


@dataclass(frozen=True, slots=True)
class Between:
    """At least `low` and less than `high`; None leaves that side open."""

    low: Any = None
    high: Any = None


@dataclass(frozen=True, slots=True)
class Known(Generic[F]):
    """A row with its key, the position of the record that made it, and what follows: the position that ended it, None if it holds."""

    key: str
    position: int
    until: int | None
    row: F


Where = Mapping[str, Any]
"""Field → a value (None: is absent), a list of values (any of them), or Between. `key` stands for the row's key."""
After = tuple[Any, str]
"""Where a page ended: the value of its last row in the field of the order, and that row's key."""


class Query:
    """One query on `view`: its parts as SQL, and the parameters that they stand for."""

    def __init__(self, view: View[Any]) -> None:
        self.view = view
        self.parameters: dict[str, Any] = {}

    def rows(self, at: int | None) -> Composed:
        """All rows as they are, or as they were known at a position. Raises LookupError for a view that keeps no history."""
        fields = SQL("").join(SQL(", {}").format(Identifier(column.name)) for column in self.view.columns)
        present = SQL("select _key, _position, null::int8 as _until{} from {}").format(fields, current(self.view.table))
        if at is None:
            return present
        held = SQL("{}::int8").format(self._given(at))
        return SQL("{} where _position <= {} union all {} where _valid @> {}").format(present, held, self.versions(), held)

    def versions(self) -> Composed:
        """All versions that held before. Raises LookupError for a view that keeps no history."""
        if not self.view.history:
            raise LookupError(f"view {self.view.name} keeps no history; declare it with history=True")
        fields = SQL("").join(SQL(", {}").format(Identifier(column.name)) for column in self.view.columns)
        return SQL("select _key, _position, upper(_valid) as _until{} from {}").format(fields, past(self.view.table))

    def selected(self) -> Composed:
        """What is read of a row: key, position, until and the fields."""
        return SQL("_key, _position, _until{}").format(SQL("").join(SQL(f", {column.selected}") for column in self.view.columns))

    def condition(self, where: Where) -> Composed:
        """`where` as SQL. Raises LookupError for a field that cannot be searched by."""
        parts = [self._compared(self._field(name), wanted) for name, wanted in where.items()]
        return SQL(" and ").join(parts) if parts else Composed([SQL("true")])

    def sequence(self, order: str) -> Composed:
        """The order as SQL: absent values last, equal ones by key. "-" before the field descends."""
        direction = SQL("desc" if order.startswith("-") else "asc")
        if order.removeprefix("-") == "key":
            return SQL("_key {}").format(direction)
        return SQL("{0} is null, {0} {1}, _key").format(self._field(order.removeprefix("-")), direction)

    def beyond(self, order: str, after: After) -> Composed:
        """What comes after a row in that order."""
        further = SQL("<" if order.startswith("-") else ">")
        column, key = self._field(order.removeprefix("-")), self._given(after[1])
        if order.removeprefix("-") == "key":
            return SQL("_key {} {}").format(further, key)
        if after[0] is None:
            return SQL("({} is null and _key > {})").format(column, key)
        value = self._given(after[0])
        return SQL("({0} {1} {2} or ({0} = {2} and _key > {3}) or {0} is null)").format(column, further, value, key)

    def _field(self, name: str) -> Identifier:
        possible = ["key", *(column.name for column in self.view.columns if column.type != "jsonb")]
        if name not in possible:
            raise LookupError(f"view {self.view.name} cannot be searched or ordered by {name}; possible: {', '.join(possible)}")
        return Identifier("_key" if name == "key" else name)

    def _given(self, value: Any) -> Placeholder:
        name = f"p{len(self.parameters)}"
        # An enumeration is a text to the database.
        self.parameters[name] = str(value) if isinstance(value, str) else value
        return Placeholder(name)

    def _compared(self, column: Identifier, wanted: Any) -> Composed:
        if isinstance(wanted, Between):
            sides = [(">=", wanted.low), ("<", wanted.high)]
            parts = [SQL("{} {} {}").format(column, SQL(sign), self._given(side)) for sign, side in sides if side is not None]
            return SQL(" and ").join(parts) if parts else SQL("{} is not null").format(column)
        if wanted is None:
            return SQL("{} is null").format(column)
        if isinstance(wanted, list | tuple | set | frozenset):
            return SQL("{} in ({})").format(column, SQL(", ").join(map(self._given, wanted))) if wanted else Composed([SQL("false")])
        return SQL("{} = {}").format(column, self._given(wanted))
