"""What stands beside a record in Kafka, and how a record is read again on the other side.

The value is the record's exact bytes (CloudEvents 1.0, structured mode). Headers are ASCII; the key is the initiative, else the subject.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

import orjson
from pydantic import ValidationError

from shared.contracts.envelope import Envelope, Heard, instant
from shared.contracts.event import Event, UnknownEvent
from shared.ledger.record import Record
from shared.ledger.shards import shard_of

Headers = list[tuple[str, bytes]]


class Foreign(ValueError):
    """Something in a topic that is no record of the topic's log."""


class Fed(NamedTuple):
    """A record as its owner's feed gives it out."""

    position: int
    predecessor: int
    bytes: bytes


@dataclass(frozen=True, slots=True)
class Incoming:
    """A record as it came. `heard` is None where `problem` says why, or where this release does not know the event (`unknown`)."""

    log: str
    position: int
    shard: int
    predecessor: int
    bytes: bytes
    key: str
    heard: Heard | None = None
    problem: str | None = None

    @property
    def unknown(self) -> bool:
        return self.heard is None and self.problem is None


def outgoing(record: Record, predecessor: int) -> tuple[bytes, Headers]:
    """The Kafka key and headers of a record of the log."""
    members = orjson.loads(record.bytes)
    headers = [
        ("position", b"%d" % record.position),
        ("shard", b"%d" % record.shard),
        ("predecessor", b"%d" % predecessor),
        ("ce_type", str(members.get("type", "")).encode("ascii", "backslashreplace")),
        ("traceparent", str(members.get("traceparent", "")).encode("ascii", "backslashreplace")),
        ("content-type", b"application/cloudevents+json"),
    ]
    return (members.get("initiative") or members["subject"]).encode(), headers


def arrived(log: str, value: bytes | None, headers: Iterable[tuple[str, bytes]]) -> Incoming:
    """Reads a Kafka record of the topic of `log`; raises Foreign."""
    stated = dict(headers)
    try:
        position, shard, predecessor = (int(stated[name]) for name in ("position", "shard", "predecessor"))
    except (KeyError, ValueError):
        raise Foreign("the headers position, shard and predecessor are missing or no numbers") from None
    incoming = read(log, position, predecessor, value or b"")
    if incoming.shard != shard:
        raise Foreign(f"the header says shard {shard}, the record belongs to shard {incoming.shard}")
    return incoming


def read(log: str, position: int, predecessor: int, record: bytes) -> Incoming:
    """Decodes and checks a record; raises Foreign where it names no stream, which nothing in a log lacks."""
    try:
        envelope = Envelope.decode(record)
        _require_typed(envelope)
    except (ValueError, TypeError) as error:
        key = _key(record)
        return Incoming(log, position, shard_of(key), predecessor, record, key, None, f"the record cannot be read: {error}")
    key, event, problem = envelope.key, None, None
    try:
        event = envelope.event()
    except UnknownEvent:
        pass
    except ValidationError as error:
        problem = f"{envelope.type} does not fit its declaration: {_first(error)}"
    except (LookupError, ValueError, TypeError) as error:
        problem = f"{envelope.type} does not fit its declaration: {error!r}"
    return Incoming(log, position, shard_of(key), predecessor, record, key, _heard(log, position, envelope, event), problem)


def _require_typed(envelope: Envelope) -> None:
    """Raises ValueError unless the id, the version and the times are what everything after this takes them for."""
    UUID(envelope.id)
    instant(envelope.time), instant(envelope.recordedtime), int(envelope.streamversion)


def _heard(log: str, position: int, envelope: Envelope, event: Event | None) -> Heard | None:
    return None if event is None else Heard(log, position, envelope, event)


def _key(record: bytes) -> str:
    try:
        members = orjson.loads(record)
        key = members.get("initiative") or members["subject"]
    except (ValueError, KeyError, AttributeError, TypeError):
        raise Foreign("the value is no CloudEvents object with a subject") from None
    return str(key)


def _first(error: ValidationError) -> str:
    found = error.errors(include_url=False, include_context=False, include_input=False)[0]
    return f"{'.'.join(str(part) for part in found['loc'])}: {found['msg']}"
