"""The second step: reactions act through the service's own handler, after the tables they read and before their marks are moved.

Keys are independent and run side by side; within a key everything is in order.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar
from uuid import UUID, uuid5

import structlog
from psycopg import AsyncConnection

from shared.contracts.conduct import ReactionRefused
from shared.contracts.envelope import Heard
from shared.contracts.event import Event
from shared.domain.refused import Refused
from shared.ledger.intent import Intent, Mismatched
from shared.runtime.telemetry import continuing, traceparent
from shared.stream.react import Do, FactReader, Handles, Reaction, acting_for
from shared.stream.retry import TRANSIENT, pauses
from shared.stream.step import REACTIONS, VIEWS, Failure

_log = structlog.get_logger(__name__)
T = TypeVar("T")
_SIDE_BY_SIDE = 32
_MEND = "mend the reaction that fails, then replay the key"

RecordRefusal = Callable[[UUID, ReactionRefused, Heard], Awaitable[None]]
"""Appends the event to the service's own log under that command id; a repeat of the id does nothing."""


class Reactions:
    """Runs the reactions of one service."""

    name = REACTIONS
    after: tuple[str, ...] = (VIEWS,)

    def __init__(
        self,
        service: str,
        functions: Iterable[Callable[..., Any]],
        handler: Handles,
        facts: FactReader | None,
        record_refusal: RecordRefusal,
    ) -> None:
        self._service, self._handler, self._facts, self._record_refusal = service, handler, facts, record_refusal
        self._by_event: dict[type[Event], list[Reaction]] = {}
        for reaction in map(Reaction.of, functions):
            for event in reaction.events:
                self._by_event.setdefault(event, []).append(reaction)
        self._slots = asyncio.Semaphore(_SIDE_BY_SIDE)

    async def apply(self, connection: AsyncConnection[Any], heard: Sequence[Heard]) -> list[Failure]:
        keys: dict[str, list[Heard]] = {}
        for one in heard:
            if type(one.event) in self._by_event:
                keys.setdefault(one.envelope.key, []).append(one)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._of_key(records)) for records in keys.values()]
        return [failure for task in tasks for failure in task.result()]

    def forget(self) -> None:
        """Reactions hold nothing in memory."""

    async def _of_key(self, records: list[Heard]) -> list[Failure]:
        """One initiative may be heard of in several logs; each log's part of the key is parked by itself."""
        failures: dict[str, Failure] = {}
        async with self._slots:
            for heard in records:
                if heard.log not in failures and (failure := await self._react(heard)):
                    failures[heard.log] = failure
        return list(failures.values())

    async def _react(self, heard: Heard) -> Failure | None:
        for reaction in self._by_event[type(heard.event)]:
            try:
                refusal = await self._act(reaction, heard) and await self._act(reaction, heard)
                if refusal is None:
                    continue
                refused, do = refusal
                await self._patiently(partial(self._note, reaction, heard, refused, do))
            except TRANSIENT:
                raise
            except Exception as error:
                _log.exception("reaction_failed", reaction=reaction.name, log=heard.log, position=heard.position)
                return Failure(heard, f"{reaction.name} failed: {error!r}", _MEND)
            because = f"{reaction.name} was refused by {refused.rule}: {refused.because}"
            return Failure(heard, because, refused.way_out or "make the refused command possible, then replay the key")
        return None

    async def _act(self, reaction: Reaction, heard: Heard) -> tuple[Refused, Do | None] | None:
        """Does what the reaction asks for; the refusal, if there is one, and of what."""
        return await self._patiently(partial(self._once, reaction, heard))

    async def _once(self, reaction: Reaction, heard: Heard) -> tuple[Refused, Do | None] | None:
        who, do = acting_for(self._service, heard), None
        with continuing(heard.envelope.traceparent, f"react {reaction.name}", log=heard.log, position=heard.position, by=self._service):
            try:
                for command_id, do in reaction.commands(heard, await reaction.ask(heard, who, self._handler, self._facts)):
                    intent = Intent(command_id, do.state, do.identity, do.command, who, cause=heard, traceparent=traceparent())
                    # Mismatched: it has acted; the state has moved on since, and the reaction now words the command differently.
                    with suppress(Mismatched):
                        await self._handler.handle(intent)
            except Refused as refused:
                return refused, do
        return None

    async def _note(self, reaction: Reaction, heard: Heard, refused: Refused, do: Do | None) -> None:
        event = ReactionRefused(
            reaction=reaction.name,
            cause=heard.envelope.id,
            cause_log=heard.log,
            cause_position=heard.position,
            subject=do.stream if do else heard.envelope.subject,
            command=do.command.name if do else "none",
            rule=refused.rule,
            because=refused.because[:300],
        )
        await self._record_refusal(uuid5(heard.id, f"{reaction.name}:refused"), event, heard)

    async def _patiently(self, action: Callable[[], Awaitable[T]]) -> T:
        """Repeats what fails by no fault of the record until it works."""
        async for attempt in pauses():
            try:
                return await action()
            except TRANSIENT as error:
                _log.warning("reaction_waits", service=self._service, attempt=attempt, trouble=f"{type(error).__name__}: {error}")
        raise AssertionError("unreachable")
