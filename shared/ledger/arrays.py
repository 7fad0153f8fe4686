"""PostgreSQL arrays in the binary format, built in one go.

psycopg dumps an array element by element in Python; for the arrays of an append that is most of its cost. Each class here
is a parameter that is already encoded. `adapt(connection)` makes a connection accept them.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain, repeat
from struct import Struct, pack
from typing import Any, ClassVar
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.abc import Buffer
from psycopg.adapt import Dumper
from psycopg.pq import Format

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SIZE = Struct(">i").pack


class _Array(bytes):
    oid: ClassVar[int]


class Uuids(_Array):
    """uuid[]"""

    oid = 2951


class Texts(_Array):
    """text[]"""

    oid = 1009


class Byteas(_Array):
    """bytea[]"""

    oid = 1001


class Integers(_Array):
    """integer[]"""

    oid = 1007


class Smallints(_Array):
    """smallint[]"""

    oid = 1005


class Times(_Array):
    """timestamptz[]"""

    oid = 1185


def uuids(items: Sequence[UUID]) -> Uuids:
    """Encodes UUIDs."""
    return Uuids(_head(2950, len(items)) + b"".join([b"\0\0\0\x10" + item.bytes for item in items]))


def texts(items: Sequence[str]) -> Texts:
    """Encodes strings."""
    return Texts(_head(25, len(items)) + _joined([item.encode() for item in items]))


def byteas(items: Sequence[bytes]) -> Byteas:
    """Encodes byte strings."""
    return Byteas(_head(17, len(items)) + _joined(items))


def integers(items: Sequence[int]) -> Integers:
    """Encodes 32-bit integers."""
    return Integers(_head(23, len(items)) + pack(f">{2 * len(items)}i", *_sized(4, items)))


def smallints(items: Sequence[int]) -> Smallints:
    """Encodes 16-bit integers."""
    return Smallints(_head(21, len(items)) + pack(">" + "ih" * len(items), *_sized(2, items)))


def times(items: Sequence[datetime]) -> Times:
    """Encodes instants."""
    values = [(item - _EPOCH) // _MICROSECOND for item in items]
    return Times(_head(1184, len(items)) + pack(">" + "iq" * len(items), *_sized(8, values)))


def adapt(connection: AsyncConnection[Any]) -> None:
    """Lets a connection send these arrays."""
    for kind, dumper in _DUMPERS.items():
        connection.adapters.register_dumper(kind, dumper)


def _dumper(array_oid: int) -> type[Dumper]:
    class Encoded(Dumper):
        format = Format.BINARY
        oid = array_oid

        def dump(self, obj: Any) -> Buffer | None:
            return bytes(obj)

    return Encoded


_DUMPERS = {kind: _dumper(kind.oid) for kind in (Uuids, Texts, Byteas, Integers, Smallints, Times)}


def _head(element: int, count: int) -> bytes:
    return pack(">5i", 1, 0, element, count, 1) if count else pack(">3i", 0, 0, element)


def _joined(items: Iterable[bytes]) -> bytes:
    return b"".join([part for item in items for part in (_SIZE(len(item)), item)])


def _sized(size: int, values: Sequence[int]) -> Iterable[int]:
    return chain.from_iterable(zip(repeat(size), values, strict=False))
