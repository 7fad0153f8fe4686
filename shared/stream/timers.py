"""Timers: a table of what is due, built from events; each acts once, whoever of several workers takes it.

def remind(event: GateScheduled, heard: Heard) -> Iterator[Timer | CancelTimer]: ...
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import orjson
import structlog
from psycopg import AsyncConnection
from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool

from shared.contracts.conduct import ReactionRefused
from shared.contracts.envelope import Envelope, Heard
from shared.contracts.event import Event
from shared.contracts.personal import RECORD
from shared.contracts.values import rfc3339
from shared.domain.decider import AGGREGATES
from shared.domain.refused import Refused
from shared.ledger.intent import Intent, Mismatched
from shared.stream import counts
from shared.stream.react import Do, Handles, acting_for, first_events, name_of
from shared.stream.reactions import RecordRefusal
from shared.stream.retry import TRANSIENT, pauses

_log = structlog.get_logger(__name__)
_POLL_SECONDS = 1.0
_AT_ONCE = 100
_AGAIN = timedelta(seconds=30)

_SET = """
insert into view.timer (id, due, state, identity, command, body, log, position, cause)
select * from unnest(%s::text[], %s::timestamptz[], %s::text[], %s::text[], %s::text[], %s::jsonb[], %s::text[], %s::bigint[], %b::bytea[])
on conflict (id) do update set due = excluded.due, state = excluded.state, identity = excluded.identity, command = excluded.command,
  body = excluded.body, log = excluded.log, position = excluded.position, cause = excluded.cause,
  fired = case when timer.due = excluded.due then timer.fired end, again = null, trouble = null
"""
_DUE = """
select id, due, state, identity, command, body, log, position, cause from view.timer
where fired is null and coalesce(again, due) <= %s order by due limit %s for update skip locked
"""


@dataclass(frozen=True, slots=True)
class Timer:
    """`do` is to be done at `due`. The same id again moves it."""

    id: str
    due: datetime
    do: Do


@dataclass(frozen=True, slots=True)
class CancelTimer:
    """The timer of that id is not to act."""

    id: str


class TimerTable:
    """Keeps the due table by the service's timer functions."""

    def __init__(self, functions: Iterable[Callable[..., Iterator[Timer | CancelTimer]]] = ()) -> None:
        self._by_event: dict[type[Event], list[Callable[[Any, Heard], Iterator[Timer | CancelTimer]]]] = {}
        for function in functions:
            for event in first_events(function, 2):
                self._by_event.setdefault(event, []).append(function)

    async def apply(self, connection: AsyncConnection[Any], heard: Sequence[Heard]) -> None:
        """What the events set and cancel, in the caller's transaction: one statement for each of the two."""
        last: dict[str, tuple[Timer, Heard] | None] = {}
        for one in heard:
            for function in self._by_event.get(type(one.event), ()):
                for change in _changes(function, one):
                    last[change.id] = (change, one) if isinstance(change, Timer) else None
        if cancelled := [name for name, change in last.items() if change is None]:
            await connection.execute("delete from view.timer where id = any (%s)", (cancelled,))
        if rows := [_row(*change) for change in last.values() if change]:
            await connection.execute(_SET, [list(column) for column in zip(*rows, strict=True)])


class TimerFailed(Exception):
    """A timer function cannot take the record `heard`; the cause says why."""

    def __init__(self, name: str, heard: Heard, because: object) -> None:
        super().__init__(f"timer {name} cannot take {heard.envelope.type} at {heard.log} {heard.position}: {because}")
        self.heard = heard


def _changes(function: Callable[[Any, Heard], Iterator[Timer | CancelTimer]], heard: Heard) -> list[Timer | CancelTimer]:
    try:
        changes = list(function(heard.event, heard))
        if any(isinstance(change, Timer) and change.due.tzinfo is None for change in changes):
            raise ValueError("a timer is due at an instant, with its offset")
    except Exception as error:
        raise TimerFailed(name_of(function), heard, repr(error)) from error
    return changes


def _row(timer: Timer, heard: Heard) -> tuple[Any, ...]:
    do = timer.do
    body = Jsonb(do.command.model_dump(mode="json", exclude_none=True))
    cause = heard.envelope.encode()
    return timer.id, timer.due, do.state.kind, do.identity, do.command.name, body, heard.log, heard.position, cause


def command_id(timer: str, due: datetime) -> UUID:
    """The id of the command that a timer sends when it is due."""
    return uuid5(uuid5(NAMESPACE_URL, f"minutebook:timer:{timer}"), rfc3339(due))


class Timers:
    """Lets due timers of one service act. `now` is the clock."""

    def __init__(
        self,
        service: str,
        pool: AsyncConnectionPool[Any],
        handler: Handles,
        record_refusal: RecordRefusal,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._service, self._pool, self._handler, self._record_refusal, self._now = service, pool, handler, record_refusal, now

    async def run(self) -> None:
        """Fires what is due, every second, until cancelled."""
        while True:
            async for attempt in pauses():
                try:
                    fired = await self.fire_due()
                    break
                except TRANSIENT as error:
                    _log.warning("timers_wait", service=self._service, attempt=attempt, trouble=f"{type(error).__name__}: {error}")
            if fired < _AT_ONCE:
                await asyncio.sleep(_POLL_SECONDS)

    async def fire_due(self) -> int:
        """Fires up to 100 timers that are due and that no other worker holds; how many acted. One that fails is tried again in 30 s."""
        async with self._pool.connection() as connection, connection.transaction():
            now = self._now()
            rows = await (await connection.execute(_DUE, (now, _AT_ONCE))).fetchall()
            results = await asyncio.gather(*(self._fire(*row) for row in rows), return_exceptions=True)
            acted = [row[0] for row, result in zip(rows, results, strict=True) if result is None]
            if acted:
                await connection.execute("update view.timer set fired = due, trouble = null where id = any (%s)", (acted,))
            for row, result in zip(rows, results, strict=True):
                if isinstance(result, Exception):
                    _log.error("timer_failed", service=self._service, timer=row[0], trouble=repr(result))
                    again = now + _AGAIN
                    await connection.execute("update view.timer set again = %s, trouble = %s where id = %s", (again, repr(result), row[0]))
        counts.TIMERS.labels(self._service).inc(len(acted))
        return len(acted)

    async def _fire(
        self, name: str, due: datetime, kind: str, identity: str, command: str, body: Any, log: str, position: int, cause: bytes
    ) -> None:
        envelope = Envelope.trusted(bytes(cause))
        heard, do_id = Heard(log, position, envelope, envelope.event()), command_id(name, due)
        state = next(state for state in AGGREGATES if state.kind == kind)
        asked = AGGREGATES[state].commands[command].model_validate(body, context=RECORD)
        raw = orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
        try:
            await self._handler.handle(Intent(do_id, state, identity, asked, acting_for(self._service, heard), body=raw, cause=heard))
        except Mismatched:
            # It has acted, with what an earlier release made of the same timer.
            return
        except Refused as refused:
            event = ReactionRefused(
                reaction=f"timer {name}",
                cause=envelope.id,
                cause_log=log,
                cause_position=position,
                subject=state.stream(identity),
                command=command,
                rule=refused.rule,
                because=refused.because[:300],
            )
            await self._record_refusal(uuid5(do_id, "refused"), event, heard)
