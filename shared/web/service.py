"""What is in a service, on one page: services/<name>/service.py declares one `Service`."""

from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import Any, get_args, get_type_hints

from fastapi import APIRouter

from shared.contracts.event import Event
from shared.domain.state import State
from shared.projection.view import View


@dataclass(frozen=True)
class Service:
    """A service: `name` in routes, topics and logs, `title` on screens; what it decides, does when it hears others, shows.

    `upkeep`: what its api does beside answering, given what is running (shared.web.running.Running), until it is cancelled.
    """

    name: str
    title: str
    aggregates: tuple[type[State], ...]
    reactions: tuple[Callable[..., Any], ...] = ()
    timers: tuple[Callable[..., Any], ...] = ()
    views: tuple[View[Any], ...] = ()
    pages: tuple[APIRouter, ...] = ()
    upkeep: tuple[Callable[[Any], Coroutine[Any, Any, None]], ...] = ()

    def hears(self) -> frozenset[str]:
        """The logs that its reactions, timers and views read; its own is one of them where it listens to itself."""
        heard = {event.service for function in (*self.reactions, *self.timers) for event in events_of(function)}
        return frozenset(heard | {view.log for view in self.views})

    def aggregate(self, plural: str) -> type[State] | None:
        """The aggregate with that name in routes."""
        return next((state for state in self.aggregates if state.plural == plural), None)


def events_of(function: Callable[..., Any]) -> tuple[type[Event], ...]:
    """The events that a reaction's or a timer's first parameter names: one, or a union."""
    name = function.__code__.co_varnames[0]
    return tuple(_events(get_type_hints(function)[name]))


def _events(hint: Any) -> Iterable[type[Event]]:
    if isinstance(hint, type) and issubclass(hint, Event):
        yield hint
    for argument in get_args(hint):
        yield from _events(argument)
