"""What a rule knows beyond its own stream. What it reads is written into the record, at the version it was read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar, cast
from uuid import UUID, uuid5

from shared.domain.state import Fact, State

S = TypeVar("S", bound=State)
F = TypeVar("F", bound=Fact)


@dataclass(frozen=True, slots=True)
class Who:
    """The acting person or service: opaque ids; `on_behalf_of` names the person for whom a delegate acts."""

    actor: str
    role: str
    office: str
    authn: str = "token"
    on_behalf_of: str | None = None

    @property
    def person(self) -> str:
        """Whose act it counts as."""
        return self.on_behalf_of or self.actor


class Unread(LookupError):
    """The rule asked for something not yet read; the platform reads it and asks the rule again (rules are pure)."""

    def __init__(self, kind: type[State] | type[Fact], key: str) -> None:
        super().__init__(f"{kind.__name__} {key}")
        self.kind, self.key = kind, key


@dataclass(frozen=True, slots=True)
class Given:
    """Handed to `decide`. `now` is the instant of the command; `streams` and `facts` hold what was read."""

    who: Who
    now: datetime
    command: UUID
    subject: str
    """The id of the stream that the command is for."""
    streams: Mapping[tuple[type[State], str], State] = field(default_factory=dict)
    facts: Mapping[tuple[type[Fact], str], Fact | None] = field(default_factory=dict)

    def of(self, kind: type[S], identity: str) -> S:
        """Another stream of the same service, folded; the empty state if it has none. Checked again when the command is appended."""
        try:
            return cast(S, self.streams[kind, identity])
        except KeyError:
            raise Unread(kind, identity) from None

    def fact(self, kind: type[F], key: str) -> F | None:
        """A row of a table of facts heard from another service; None if nothing was heard."""
        try:
            return cast("F | None", self.facts[kind, key])
        except KeyError:
            raise Unread(kind, key) from None

    def new_id(self, name: str) -> str:
        """An id that a retry of the same command mints again."""
        return str(uuid5(self.command, name))


__all__ = ["Given", "Unread", "Who"]
