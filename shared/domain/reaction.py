"""What follows from an event: commands to give now, or when a time has come. Reactions and timers are pure and yield these."""

from dataclasses import dataclass
from datetime import datetime

from shared.domain.state import Command, State


@dataclass(frozen=True, slots=True)
class Do:
    """Give this command to that stream; the service acts."""

    state: type[State]
    identity: str
    command: Command


@dataclass(frozen=True, slots=True)
class Timer:
    """Do it when `due` has come, unless cancelled before; `id` is unique in the service, the same id again replaces it."""

    id: str
    due: datetime
    do: Do


@dataclass(frozen=True, slots=True)
class CancelTimer:
    """What the timer with this id waited for has happened."""

    id: str
