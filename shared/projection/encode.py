"""Values in PostgreSQL's binary format, each with its length before it: so they stand both in arrays and in COPY rows.

psycopg dumps an array element by element in Python; for a batch of rows that is most of its cost. Every encoder raises TypeError or
ValueError for what its column cannot hold.
"""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from struct import Struct, pack
from struct import error as StructError
from typing import Any

from psycopg import AsyncConnection
from psycopg.abc import Buffer
from psycopg.adapt import Dumper, PyFormat, Transformer
from psycopg.pq import Format

Encoder = Callable[[Any], bytes]

NULL = b"\xff\xff\xff\xff"
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(2000, 1, 1).toordinal()
_MICROSECOND = timedelta(microseconds=1)
_SIZE = Struct(">i").pack
_LONG = Struct(">iq").pack
_DAY = Struct(">ii").pack
_RANGE = Struct(">iBiqiq").pack
_LOWER_INCLUSIVE = 0x02
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_TRUE, _FALSE = b"\0\0\0\x01\x01", b"\0\0\0\x01\0"
_numeric = Transformer().get_dumper(Decimal(0), PyFormat.BINARY).dump


def text(value: str) -> bytes:
    """text"""
    raw = value.encode()
    if b"\0" in raw:
        raise ValueError("text with a NUL character cannot be stored")
    return _SIZE(len(raw)) + raw


def int8(value: int) -> bytes:
    """int8"""
    try:
        return _LONG(8, value)
    except StructError:
        raise ValueError(f"{value!r} is no integer of 64 bits") from None


def boolean(value: bool) -> bytes:
    """bool"""
    if value is True:
        return _TRUE
    if value is False:
        return _FALSE
    raise TypeError(f"{value!r} is neither True nor False")


def numeric(value: Decimal) -> bytes:
    """numeric"""
    if not isinstance(value, Decimal) or not value.is_finite():
        raise TypeError(f"{value!r} is no finite Decimal")
    raw = _numeric(value) or b""
    return _SIZE(len(raw)) + raw


def day(value: date) -> bytes:
    """date"""
    if isinstance(value, datetime):
        raise TypeError(f"{value!r} is an instant, not a date")
    return _DAY(4, value.toordinal() - _EPOCH_DAY)


def instant(value: datetime) -> bytes:
    """timestamptz"""
    return _LONG(8, (value - _EPOCH) // _MICROSECOND)


def jsonb(raw: bytes) -> bytes:
    """jsonb, from JSON"""
    if b"\\u0000" in raw and _NUL.search(raw):
        raise ValueError("text with a NUL character cannot be stored")
    return _SIZE(len(raw) + 1) + b"\x01" + raw


def span(lower: int, upper: int) -> bytes:
    """int8range, upper bound excluded"""
    return _RANGE(25, _LOWER_INCLUSIVE, 8, lower, 8, upper)


class Packed(bytes):
    """A parameter that is in PostgreSQL's binary format already; the statement says its type."""


class _PackedDumper(Dumper):
    format = Format.BINARY
    oid = 0

    def dump(self, obj: Any) -> Buffer | None:
        return bytes(obj)


def adapt(connection: AsyncConnection[Any]) -> None:
    """Lets a connection send Packed parameters."""
    connection.adapters.register_dumper(Packed, _PackedDumper)


def array(element: int, items: Sequence[bytes]) -> Packed:
    """An array of encoded values; `element` is the OID of their type."""
    return Packed(pack(">5i", 1, 1, element, len(items), 1) + b"".join(items)) if items else Packed(pack(">3i", 0, 0, element))


COPY_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
COPY_END = b"\xff\xff"


def copy_rows(columns: Sequence[Sequence[bytes]]) -> bytes:
    """Rows of COPY BINARY, from their columns."""
    count = pack(">h", len(columns))
    return b"".join([count + b"".join(row) for row in zip(*columns, strict=True)])
