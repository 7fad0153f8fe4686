"""The decider: `@decides` and `@evolves` tie a rule book's functions to its state, by their annotations."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar, get_type_hints

from shared.contracts.event import Event, Noted
from shared.domain.given import Given
from shared.domain.refused import Refused
from shared.domain.state import Command, State

Events = Iterator[Event | Noted]
"""What `decide` yields: events, or events with a note for the envelope."""

C = TypeVar("C", bound=Callable[..., Any])


@dataclass
class Aggregate:
    """What a rule book declares about one state: who decides what, and how events change it."""

    state: type[State]
    deciders: dict[type[Command], Callable[[Any, Any, Given], Events]] = field(default_factory=dict)
    evolvers: dict[type[Event], Callable[[Any, Any], State]] = field(default_factory=dict)

    @property
    def commands(self) -> dict[str, type[Command]]:
        """The commands by their names in routes."""
        return {command.name: command for command in self.deciders}

    def decide(self, state: State, command: Command, given: Given) -> tuple[Noted, ...]:
        """The events that follow, each with its note. Raises Refused (a rule said no) or Unread (a rule needs more)."""
        if command.starts:
            state.must_not_exist()
        elif not state.exists:
            way_out = f"start it first: {', '.join(c.name for c in self.deciders if c.starts)}"
            raise Refused("exists", f"no {state.kind.replace('-', ' ')} {given.subject} is on record", way_out=way_out)
        decided = tuple(e if isinstance(e, Noted) else Noted(e) for e in self.deciders[type(command)](state, command, given))
        for noted in decided:
            if command.decides and not (noted.authority and noted.reason):
                raise TypeError(f"{command.name} decides: its events need an authority and a reason")
            state = self.evolve(state, noted.event)
        return decided

    def evolve(self, state: State, event: Event) -> State:
        """The state after `event`; raises KeyError when the rule book does not know the event."""
        return self.evolvers[type(event)](state, event)

    def fold(self, events: Iterable[Event], state: State | None = None) -> State:
        """The state after `events`, from the empty one unless told."""
        state = state or self.state()
        for event in events:
            state = self.evolve(state, event)
        return state


AGGREGATES: dict[type[State], Aggregate] = {}
"""Every rule book that was imported, by its state."""


def aggregate_of(state: type[State]) -> Aggregate:
    """The rule book of `state`."""
    return AGGREGATES.setdefault(state, Aggregate(state))


def _kinds(function: Callable[..., Any], count: int) -> list[Any]:
    hints = get_type_hints(function)
    parameters = function.__code__.co_varnames[: function.__code__.co_argcount]
    if len(parameters) != count:
        raise TypeError(f"{function.__qualname__} takes {count} parameters")
    return [hints[name] for name in parameters]


def decides(function: C) -> C:
    """Register `(state, command, given) -> Events` as the decision on that command."""
    state, command, _ = _kinds(function, 3)
    deciders = aggregate_of(state).deciders
    if command in deciders:
        raise TypeError(f"{command.__name__} is decided twice")
    deciders[command] = function
    return function


def evolves(function: C) -> C:
    """Register `(state, event) -> state` as what that event does to the state."""
    state, event = _kinds(function, 2)
    evolvers = aggregate_of(state).evolvers
    if event in evolvers:
        raise TypeError(f"{event.__name__} evolves {state.__name__} twice")
    evolvers[event] = function
    return function
