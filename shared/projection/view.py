"""A view: one table of rows, folded from exactly one log by functions that say what each event does to a row."""

import re
from collections.abc import Callable
from functools import cached_property
from hashlib import sha256
from typing import Any, Generic, TypeVar, cast, get_args, get_type_hints, overload

import orjson

from shared.contracts.envelope import Heard
from shared.contracts.event import Event
from shared.domain.state import Fact
from shared.projection.columns import Column, columns_of

F = TypeVar("F", bound=Fact)
C = TypeVar("C", bound=Callable[..., Any])
Fold = Callable[[Any, Any, Heard], Fact | None]
Key = Callable[[Any, Heard], str | None]

VIEWS: dict[type[Fact], "View[Any]"] = {}
"""Every view that was declared, by its row."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,29}")
_IN_EVERY_LOG = "record"


class View(Generic[F]):
    """A table named `name` with one row of type `row` per key, folded from the records of `log`.

    `history` keeps every version of a row with the positions at which it held; rows are found fast by key and by the fields that are
    `indexed`. `version` rises when a fold changes its mind about
    events of the past: the table is then made again, as it is when the row's fields or the events change. Folds are pure; all
    records that touch one row have one key of order (the initiative, else the subject), so that their order is defined.
    """

    def __init__(
        self, name: str, row: type[F], *, log: str, history: bool = False, indexed: tuple[str, ...] = (), version: int = 1
    ) -> None:
        if not _NAME.fullmatch(name):
            raise TypeError(f"{name!r}: a view's name has at most 30 lower-case letters, digits and underscores")
        if row in VIEWS:
            raise TypeError(f"{row.__name__} is the row of {VIEWS[row].name} already; a row belongs to one view")
        self.name: str = name
        self.row: type[F] = row
        self.log, self.history, self.version, self.indexed = log, history, version, indexed
        self.columns: tuple[Column, ...] = columns_of(row)
        if unknown := set(indexed).difference(row.model_fields):
            raise TypeError(f"view {name}: {row.__name__} has no field {', '.join(sorted(unknown))} to index")
        self.folds: dict[type[Event], tuple[Fold, Key | None]] = {}
        VIEWS[row] = self

    @overload
    def on(self, fold: C, /) -> C: ...
    @overload
    def on(self, fold: None = None, /, *, key: Key) -> Callable[[C], C]: ...
    def on(self, fold: Any = None, /, *, key: Key | None = None) -> Any:
        """Register `(row | None, event, heard) -> row | None` for the event (or events, A | B) of its second annotation.

        It gets None where there is no row, returns None to delete it, and returns the row it was given where nothing changes.
        `key(event, heard)` names the row, None for no row; the initiative unless told. Raises TypeError for a wrong declaration.
        """

        def register(function: C) -> C:
            for event in self._events(function):
                if event in self.folds:
                    raise TypeError(f"view {self.name} folds {event.__name__} twice")
                self.folds[event] = (function, key)
            self.__dict__.pop("table", None)
            return function

        return register if fold is None else register(fold)

    @cached_property
    def table(self) -> str:
        """The table's name in schema `view`. It tells the row's shape, the events and the version: another shape is another table."""
        shape = [
            [self.log, self.history, self.version, self.indexed],
            [[column.name, column.type, column.shape] for column in self.columns],
            sorted(event.wire for event in self.folds),
        ]
        return f"{self.name}_{sha256(orjson.dumps(shape)).hexdigest()[:12]}"

    @cached_property
    def _empty(self) -> F:
        return cast(F, self.row.model_construct())

    @cached_property
    def _readers(self) -> tuple[tuple[int, Callable[[Any], Any]], ...]:
        return tuple((index, column.read) for index, column in enumerate(self.columns) if column.read)

    @cached_property
    def _settlers(self) -> tuple[tuple[str, Callable[[Any], Any]], ...]:
        return tuple((column.name, column.settle) for column in self.columns if column.settle)

    @cached_property
    def _names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def settled(self, row: F) -> F:
        """The row as the database will return it; raises TypeError or ValueError for a value that its field cannot hold."""
        changes = {}
        for name, settle in self._settlers:
            value = getattr(row, name)
            if value is not None and (settled := settle(value)) is not value:
                changes[name] = settled
        return row.model_copy(update=changes) if changes else row

    def made(self, values: tuple[Any, ...]) -> F:
        """The row that the database's values stand for. They were written from a row, so nothing is validated again."""
        if self._readers:
            found = list(values)
            for index, read in self._readers:
                if found[index] is not None:
                    found[index] = read(found[index])
            values = tuple(found)
        return self._empty.model_copy(update=dict(zip(self._names, values, strict=True)))

    def _events(self, function: Callable[..., Any]) -> list[type[Event]]:
        code = function.__code__
        if code.co_argcount != 3:
            raise TypeError(f"{function.__qualname__} takes (row, event, heard)")
        hint = get_type_hints(function).get(code.co_varnames[1])
        events = [kind for kind in get_args(hint) or (hint,) if isinstance(kind, type) and issubclass(kind, Event)]
        if not events:
            raise TypeError(f"{function.__qualname__}: annotate its second parameter with the event")
        for event in events:
            if event.service not in (self.log, _IN_EVERY_LOG):
                raise TypeError(f"{event.__name__} is in the log of {event.service}; view {self.name} is folded from {self.log} only")
        return events


def view_of(row: type[F]) -> "View[F]":
    """The view whose rows are of that type; raises LookupError."""
    try:
        return VIEWS[row]
    except KeyError:
        raise LookupError(f"{row.__name__} is the row of no view; declare View(name, {row.__name__}, log=...)") from None
