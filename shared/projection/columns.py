"""The columns of a view: one per field of its row, typed by the field's annotation."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import orjson
from pydantic import TypeAdapter
from pydantic.fields import FieldInfo

from shared.contracts.personal import RECORD
from shared.contracts.values import plain
from shared.domain.state import Fact
from shared.projection import encode


@dataclass(frozen=True)
class Column:
    """One column. `element` is the OID of its type; `read` makes the value of what the database gives, None if that is it already;
    `settle` brings a value to the form in which the database returns it."""

    name: str
    type: str
    element: int
    write: encode.Encoder
    read: Callable[[Any], Any] | None = None
    settle: Callable[[Any], Any] | None = None
    shape: str = ""

    @property
    def selected(self) -> str:
        """The expression that reads it."""
        return f'"{self.name}"::text' if self.type == "jsonb" else f'"{self.name}"'


def columns_of(row: type[Fact]) -> tuple[Column, ...]:
    """The columns of a row, in the order of its fields."""
    return tuple(_column(name, field) for name, field in row.model_fields.items())


def bare(annotation: Any) -> Any:
    """The type in an annotation, without constraints and without None; the annotation itself where several types remain."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return bare(get_args(annotation)[0])
    if origin in (Union, UnionType):
        kinds = [kind for kind in get_args(annotation) if kind is not NoneType]
        return bare(kinds[0]) if len(kinds) == 1 else annotation
    return annotation


def _column(name: str, field: FieldInfo) -> Column:
    kind = bare(field.annotation)
    if kind is str or (get_origin(kind) is Literal and all(isinstance(value, str) for value in get_args(kind))):
        return Column(name, "text", 25, encode.text)
    if isinstance(kind, type):
        if kind is float:
            raise TypeError(f"{name}: a binary fraction is not exact; declare a Decimal")
        if issubclass(kind, StrEnum):
            return Column(name, "text", 25, encode.text, read=kind, settle=lambda value: value if type(value) is kind else kind(value))
        if kind in _PLAIN:
            return _PLAIN[kind](name)
    return _nested(name, field)


_PLAIN: dict[type, Callable[[str], Column]] = {
    bool: lambda name: Column(name, "bool", 16, encode.boolean),
    int: lambda name: Column(name, "int8", 20, encode.int8),
    Decimal: lambda name: Column(name, "numeric", 1700, encode.numeric, settle=_settled),
    date: lambda name: Column(name, "date", 1082, encode.day),
    datetime: lambda name: Column(name, "timestamptz", 1184, encode.instant, read=_utc, settle=_utc),
}


def _nested(name: str, field: FieldInfo) -> Column:
    annotation: Any = Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
    adapter: TypeAdapter[Any] = TypeAdapter(annotation)
    shape = orjson.dumps(_without_prose(adapter.json_schema(mode="serialization")), option=orjson.OPT_SORT_KEYS).decode()
    if '"uniqueItems":true' in shape:
        raise TypeError(f"{name}: a set has no order, so its rows would differ from run to run; declare a sorted tuple")

    def write(value: Any) -> bytes:
        # jsonb keeps members in an order of its own, so that equal values have one text however they are written here.
        return encode.jsonb(adapter.dump_json(value))

    def read(stored: str) -> Any:
        return adapter.validate_json(stored, context=RECORD)

    return Column(name, "jsonb", 3802, write, read=read, shape=shape)


def _settled(value: Decimal) -> Decimal:
    """Without exponent and negative zero, which numeric does not keep."""
    return value if value and "E" not in str(value) else Decimal(plain(value))


def _utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise TypeError(f"{value!r} has no offset; give it one")
    return value if value.tzinfo is UTC else value.astimezone(UTC)


def _without_prose(schema: Any) -> Any:
    """A schema without titles and descriptions: a better docstring does not change the shape."""
    if isinstance(schema, dict):
        return {
            name: {member: _without_prose(inner) for member, inner in value.items()}
            if name in ("properties", "$defs")
            else _without_prose(value)
            for name, value in schema.items()
            if name not in ("title", "description")
        }
    return [_without_prose(item) for item in schema] if isinstance(schema, list) else schema
