"""What goes into the log and what comes out of it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class NewRecord:
    """One event to append: its exact bytes (2 to 65,535), its shard, its `recordedtime`."""

    bytes: bytes
    shard: int
    recorded: datetime


@dataclass(frozen=True, slots=True)
class Disclosure:
    """What a digest in a record stands for. `digest` is spelt as in the record; it is stored sealed.

    `key_id` is `person/<id>` for personal data (see `person_key`), or None for a free text, which gets a key of its own.
    """

    digest: str
    key_id: str | None
    disclosure: bytes


def person_key(person: str) -> str:
    """The id of a person's key."""
    return f"person/{person}"


@dataclass(frozen=True, slots=True)
class Append:
    """What one command asks the log to write, all or nothing.

    `expected` is the version of `stream` that it was decided at (0: new); `given` are (stream, version) pairs of the
    same log that the rule read; `body_hash` a keyed hash of the command's body.
    """

    command: UUID
    actor: str
    body_hash: bytes
    stream: str
    expected: int
    records: tuple[NewRecord, ...]
    given: tuple[tuple[str, int], ...] = ()
    disclosures: tuple[Disclosure, ...] = ()


@dataclass(frozen=True, slots=True)
class Appended:
    """Written and durable, at positions first to last; the stream is now at version."""

    first: int
    last: int
    version: int


@dataclass(frozen=True, slots=True)
class Repeated:
    """The same command was written before; this is where."""

    first: int
    last: int
    version: int
    stream: str


@dataclass(frozen=True, slots=True)
class Mismatch:
    """The command's id was used before, by another actor or with another body."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """The stream is not at the expected version but at current."""

    current: int


@dataclass(frozen=True, slots=True)
class StaleGiven:
    """A stream that the rule read has moved on since, to current."""

    stream: str
    current: int


Verdict = Appended | Repeated | Mismatch | Conflict | StaleGiven


@dataclass(frozen=True, slots=True)
class Record:
    """One record as stored. `bytes` is the truth; the rest is an index made from it, or its place in the log."""

    position: int
    bytes: bytes
    stream: str
    version: int
    command: UUID
    batch: UUID
    index: int
    shard: int
    recorded: datetime


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command did, once."""

    actor: str
    body_hash: bytes
    stream: str
    version: int
    first: int
    last: int


class LogUnavailable(Exception):
    """The database did not answer in time. Whether the command was written is not known: send it again, same id."""


class ClockAhead(Exception):
    """A record claims a time over 5 s ahead of the database's clock."""


class NotDurable(Exception):
    """The server may lose what it has confirmed; no log is opened on it."""


class Forged(Exception):
    """The log holds something that was not appended by its service, or lacks something that was."""

    def __init__(self, position: int, what: str, way_out: str) -> None:
        super().__init__(f"position {position}: {what}. {way_out}")
        self.position = position
        self.what = what
        self.way_out = way_out
