"""A command on its way to the record, and the answer that it gets."""

from dataclasses import dataclass
from uuid import UUID

from shared.contracts.envelope import Heard
from shared.domain.given import Who
from shared.domain.state import Command, State


@dataclass(frozen=True, slots=True)
class Intent:
    """One command of one actor for one stream.

    `expected` is the version the caller saw (If-Match), None for whatever is current. `body` is what the caller sent, in one spelling
    for the same content; its keyed hash tells a repeat from another command with the same id. `cause` is the event that led to it.
    """

    command_id: UUID
    state: type[State]
    identity: str
    command: Command
    who: Who
    expected: int | None = None
    body: bytes = b""
    cause: Heard | None = None
    accesspolicy: str | None = None
    traceparent: str | None = None

    @property
    def stream(self) -> str:
        return self.state.stream(self.identity)


@dataclass(frozen=True, slots=True)
class Receipt:
    """Where the command's events stand; positions `first` to `last` of `log`, the stream now (or then) at `version`."""

    log: str
    stream: str
    version: int
    first: int
    last: int
    event_ids: tuple[str, ...]
    repeated: bool = False


class Conflicted(Exception):
    """The stream is not at the version that the caller saw."""

    def __init__(self, stream: str, current: int, expected: int | None) -> None:
        seen = f", not at {expected}" if expected is not None else ""
        super().__init__(f"{stream} is at version {current}{seen}; read it again and decide on what it says now")
        self.stream, self.current, self.expected = stream, current, expected


class Mismatched(Exception):
    """The command's id was used before for something else."""

    def __init__(self, command_id: UUID) -> None:
        super().__init__(f"command {command_id} was used before with another content or by another actor; take a new id")
        self.command_id = command_id
