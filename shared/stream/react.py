"""Reactions: what a service does when it hears an event. A reaction is a pure function; the platform reads for it and acts for it.

    def authorise(event: GateDecided, heard: Heard, given: Given) -> Iterator[Do]: ...

The command id is made of the event's id and of what is done, so redelivery, restore and rebuild never act twice.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from types import UnionType
from typing import Any, Protocol, TypeVar, Union, get_args, get_origin, get_type_hints
from uuid import UUID, uuid5

from shared.contracts.envelope import Heard
from shared.contracts.event import Event
from shared.domain.given import Given, Unread, Who
from shared.domain.state import Command, Fact, State
from shared.ledger.intent import Intent, Receipt

S = TypeVar("S", bound=State)
FactReader = Callable[[type[Fact], str], Awaitable[tuple[Fact | None, dict[str, int]]]]


@dataclass(frozen=True, slots=True)
class Do:
    """A command for a stream of the service's own."""

    state: type[State]
    identity: str
    command: Command

    @property
    def stream(self) -> str:
        return self.state.stream(self.identity)


class Handles(Protocol):
    """What a reaction needs of the service's command handler (see shared.ledger.handler)."""

    async def handle(self, intent: Intent) -> Receipt: ...
    async def state(self, kind: type[S], identity: str) -> tuple[S, int]: ...


@dataclass(frozen=True, slots=True)
class Reaction:
    """A reaction function, the events it reacts to, and its name: <module>.<function>."""

    name: str
    events: frozenset[type[Event]]
    function: Callable[[Any, Heard, Given], Iterator[Do]]

    @classmethod
    def of(cls, function: Callable[..., Iterator[Do]]) -> "Reaction":
        """Reads the annotations `(event, heard, given)`; raises TypeError where they say something else."""
        return cls(name_of(function), first_events(function, 3), function)

    def commands(self, heard: Heard, dos: Iterable[Do]) -> list[tuple[UUID, Do]]:
        """What is to be done, each with its command id.

        The id names the stream and the command (and their count, if several are the same), not the place in the list: asked again after
        half of it was done, a reaction that looks at the state leaves that half out, and the rest keeps its ids.
        """
        seen: Counter[str] = Counter()
        named = []
        for do in dos:
            what = f"{do.stream}:{do.command.name}"
            named.append((uuid5(heard.id, f"{self.name}:{what}:{seen[what]}"), do))
            seen[what] += 1
        return named

    async def ask(self, heard: Heard, who: Who, handler: Handles, facts: FactReader | None) -> list[Do]:
        """What the reaction wants done, with everything read that it asks for, freshly. Raises what the function raises."""
        streams: dict[tuple[type[State], str], State] = {}
        known: dict[tuple[type[Fact], str], Fact | None] = {}
        now, command = heard.envelope.recorded, uuid5(heard.id, self.name)
        while True:
            given = Given(who, now, command, heard.envelope.subject, streams, known)
            try:
                return list(self.function(heard.event, heard, given))
            except Unread as unread:
                if issubclass(unread.kind, State):
                    streams[unread.kind, unread.key] = (await handler.state(unread.kind, unread.key))[0]
                elif facts is None:
                    raise LookupError(f"{self.name} asks for {unread.kind.__name__}, but this service hears no facts") from None
                else:
                    known[unread.kind, unread.key] = (await facts(unread.kind, unread.key))[0]


def acting_for(service: str, heard: Heard) -> Who:
    """A reaction or timer acts as its service, in the office of its cause."""
    return Who(actor=f"service:{service}", role="service", office=heard.envelope.office, authn="service")


def name_of(function: Callable[..., Any]) -> str:
    """The name that goes into command ids: <module>.<function>, without the packages, so that a flow may move."""
    return f"{function.__module__.rpartition('.')[2]}.{function.__name__}"


def first_events(function: Callable[..., Any], parameters: int) -> frozenset[type[Event]]:
    """The event types (one, or a union) that the first of so many parameters is annotated with; raises TypeError."""
    code, hints = function.__code__, get_type_hints(function)
    names = code.co_varnames[: code.co_argcount]
    if len(names) != parameters:
        raise TypeError(f"{name_of(function)} takes {parameters} parameters, the first of them an event")
    annotation = hints.get(names[0])
    kinds = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
    if not all(isinstance(kind, type) and issubclass(kind, Event) for kind in kinds):
        raise TypeError(f"{name_of(function)}: annotate {names[0]} with the event it reacts to")
    return frozenset(kinds)
