"""The envelope: a CloudEvents 1.0 object in canonical form. These bytes are the record; everything else is derived from them."""

from dataclasses import MISSING, dataclass, field, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

import orjson

from shared.contracts.event import Event, event_type
from shared.contracts.profile import canonical, parse
from shared.contracts.values import rfc3339

Source = dict[str, Any]
"""What a rule read beyond its stream: {"log", "stream", "version"} or {"log", "position"}."""

_REQUIRED = (
    "specversion id source type subject time recordedtime streamversion actor role office authn correlationid causationid commandid"
    " traceparent classification data"
).split()


@dataclass(frozen=True, kw_only=True)
class Envelope:
    """The attributes by their wire names; `None` means absent. Times are RFC 3339 UTC strings with milliseconds."""

    id: str
    source: str
    type: str
    subject: str
    time: str
    recordedtime: str
    streamversion: str
    actor: str
    role: str
    office: str
    authn: str
    correlationid: str
    causationid: str
    commandid: str
    traceparent: str
    classification: str
    data: dict[str, Any]
    initiative: str | None = None
    onbehalfof: str | None = None
    authority: str | None = None
    reason: str | None = None
    frameworkversion: str | None = None
    accesspolicy: str | None = None
    given: list[Source] = field(default_factory=list)
    specversion: str = "1.0"

    if not TYPE_CHECKING:

        def __init__(self, **attributes: Any) -> None:
            # What the dataclass would write sets 25 attributes one by one; a rebuild reads millions of envelopes.
            held = self.__dict__
            held.update(_ABSENT)
            held["given"] = []
            held.update(attributes)
            if held.keys() != _NAMES:
                missing, unknown = sorted(_NAMES - held.keys()), sorted(held.keys() - _NAMES)
                raise TypeError(f"an envelope lacks {', '.join(missing) or 'nothing'}; it does not know {', '.join(unknown) or 'nothing'}")

    def encode(self) -> bytes:
        """The canonical bytes; raises ProfileError outside the profile."""
        document = {name: value for name, value in self.__dict__.items() if value is not None}
        if not self.given:
            del document["given"]
        return canonical(document)

    @classmethod
    def decode(cls, encoded: bytes) -> "Envelope":
        """Read a record; raises ProfileError (not canonical) or ValueError (an attribute is missing, unknown or of the wrong type)."""
        document = parse(encoded)
        for name in _REQUIRED:
            if name not in document:
                raise ValueError(f"the envelope lacks {name}")
        for name, value in document.items():
            if name not in _NAMES:
                raise ValueError(f"the envelope has an unknown attribute {name}")
            if name == "data" and not isinstance(value, dict):
                raise ValueError("data is not an object")
            if name == "given" and not isinstance(value, list):
                raise ValueError("given is not a list")
            if name not in ("data", "given") and not isinstance(value, str):
                raise ValueError(f"{name} is not text")
        return cls(**document)

    @classmethod
    def trusted(cls, encoded: bytes) -> "Envelope":
        """Read a record that was verified against its signature: its form was checked before it was signed."""
        return cls(**orjson.loads(encoded))

    def event(self) -> Event:
        """The event inside; raises UnknownEvent or pydantic.ValidationError."""
        return event_type(self.type).read(self.data)

    @property
    def version(self) -> int:
        return int(self.streamversion)

    @property
    def occurred(self) -> datetime:
        return instant(self.time)

    @property
    def recorded(self) -> datetime:
        return instant(self.recordedtime)

    @property
    def key(self) -> str:
        """The key of order and continuity outside the log: the initiative, else the subject."""
        return self.initiative or self.subject


NAMES = tuple(sorted(attribute.name for attribute in fields(Envelope)))
_NAMES = frozenset(NAMES)
_ABSENT = {attribute.name: attribute.default for attribute in fields(Envelope) if attribute.default is not MISSING}


def instant(text: str) -> datetime:
    """The instant that an RFC 3339 text names."""
    return datetime.fromisoformat(text).astimezone(UTC)


class Heard(NamedTuple):
    """A record as a consumer meets it: its envelope, its event, the log it stands in and its place there."""

    log: str
    position: int
    envelope: Envelope
    event: Event

    @property
    def id(self) -> UUID:
        return UUID(self.envelope.id)


def source_of(office: str, service: str) -> str:
    """The CloudEvents source of what `service` records for `office`."""
    return f"/offices/{office}/{service}"


__all__ = ["NAMES", "Envelope", "Heard", "Source", "instant", "rfc3339", "source_of"]
