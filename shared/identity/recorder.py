"""Records denials, refused signed decisions and reads of audit data: the first of a minute at once, its repeats as one event with their
count when it is over.

So nobody can fill the record by being refused, and nothing goes uncounted: the counts of a minute add up to what happened.
"""

import asyncio
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol
from uuid import UUID, uuid4, uuid5

import structlog

from shared.contracts.conduct import AuditData
from shared.domain.given import Who
from shared.domain.refused import Refused
from shared.domain.state import Command
from shared.identity.conduct import Conduct, RecordAuditRead, RecordDenial, RecordRefusal
from shared.identity.policy import access_policy
from shared.identity.principal import HUB, SERVICE, NotAdmitted, is_service
from shared.ledger.intent import Intent, Mismatched, Receipt

ANONYMOUS = "anonymous"
"""The actor of a denial when the token did not hold."""
_SPACE = UUID("6d0f7c1e-51d7-5d0a-9a0b-6f3f2f0f5b5c")
_HELD = 2048
_PLAIN = re.compile(r"[A-Za-z0-9._:,/-]{1,200}")
"""Ids, numbers and names of ours: what else somebody types into a filter may be about a person, and stays out of the record."""
_log = structlog.get_logger("identity")

Writing = Callable[[str, int], Command]
"""The command that records something for a minute, so many times."""


class Handles(Protocol):
    """What of shared.ledger.handler.Handler is needed here."""

    async def handle(self, intent: Intent) -> Receipt: ...


@dataclass(slots=True)
class _Minute:
    """What one actor met at one place in one minute: `attempt` (a part and its count) is on its way to the record, `waiting` follow."""

    actor: str
    place: str
    minute: str
    writing: Writing
    attempt: tuple[str, int] | None
    waiting: int = 0


class ConductRecorder:
    """Records the conduct met by one process of a service. At most 2,048 actors and places are counted at a time."""

    def __init__(self, handler: Handles, service: str, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._handler, self._service, self._clock = handler, service, clock
        self._minutes: OrderedDict[tuple[str, str, str], _Minute] = OrderedDict()
        self._instance, self._parts = uuid4().hex, 0
        self._one_at_a_time = asyncio.Lock()
        self.who = Who(f"{SERVICE}:{service}", SERVICE, HUB, SERVICE)
        """As whom conduct is recorded."""

    async def denied(self, actor: str, route: str, denial: NotAdmitted) -> None:
        """Somebody was not let in at `route` (without ids). Never raises: a denial stands whether or not it can be recorded."""
        rule = denial.rule
        await self._met(actor, route, lambda minute, count: RecordDenial(route=route[:300], rule=rule, minute=minute, count=count))

    async def refused(self, who: Who, subject: str, command: type[Command], refusal: Refused) -> None:
        """A rule refused `command` for the stream `subject`; recorded if it is one that is signed. Never raises."""
        if command.signs is None:
            return
        because = refusal.because[:300]

        def writing(minute: str, count: int) -> Command:
            return RecordRefusal(subject=subject, command=command.name, rule=refusal.rule, because=because, minute=minute, count=count)

        await self._met(who.actor, command.name, writing)

    async def accessed(self, who: Who, what: AuditData, **asked: object) -> None:
        """A person reads audit data, by what was `asked` (parameters that are None are left out). Reads by services are not recorded.

        Never raises: like a denial, it is sent again when it could not be recorded."""
        if is_service(who.actor):
            return
        named = {name: str(value) for name, value in asked.items() if value is not None}
        filter_ = "&".join(f"{name}={value if _PLAIN.fullmatch(value) else '…'}" for name, value in named.items())[:300] or None

        def writing(minute: str, count: int) -> Command:
            return RecordAuditRead(what=what, filter=filter_, minute=minute, count=count)

        await self._met(who.actor, f"read {what}", writing)

    async def settle(self, everything: bool = False) -> None:
        """Record the repeats of the minutes that are over, or of all."""
        now = self._minute()
        for key, met in list(self._minutes.items()):
            if everything or met.minute != now:
                await self._repeats(met)
                if not met.waiting and not met.attempt:
                    self._minutes.pop(key, None)

    async def run(self, wait: Callable[[float], Awaitable[object]] = asyncio.sleep) -> None:
        """Settle every minute until cancelled, and then once more."""
        try:
            while True:
                await wait(60 - self._clock().timestamp() % 60)
                await self.settle()
        finally:
            await self.settle(everything=True)

    async def _met(self, actor: str, place: str, writing: Writing) -> None:
        minute = self._minute()
        key = (actor, place, minute)
        if met := self._minutes.get(key):
            met.waiting += 1
            return
        met = self._minutes[key] = _Minute(actor, place, minute, writing, attempt=("first", 1))
        if await self._send(met):
            met.waiting += 1
        while len(self._minutes) > _HELD:
            _, oldest = self._minutes.popitem(last=False)
            await self._repeats(oldest)

    async def _repeats(self, met: _Minute) -> None:
        await self._send(met)
        if met.attempt is None and met.waiting:
            self._parts += 1
            met.attempt, met.waiting = (f"{self._instance}.{self._parts}", met.waiting), 0
            await self._send(met)

    async def _send(self, met: _Minute) -> bool:
        """Record what is on its way. True when another process of the service had recorded the first of this minute."""
        if met.attempt is None:
            return False
        part, count = met.attempt
        command_id = uuid5(_SPACE, "\n".join((met.actor, met.place, met.minute, part)))
        policy = access_policy(self._service).hash
        intent = Intent(command_id, Conduct, met.actor, met.writing(met.minute, count), self.who, accesspolicy=policy)
        try:
            async with self._one_at_a_time:
                taken = (await self._handler.handle(intent)).repeated
        except Mismatched:
            taken = True
        except Exception:
            # Whatever stopped it, the person is refused all the same; it is sent again, with the same id, when the minute is over.
            _log.exception("conduct not recorded", actor=met.actor, count=count)
            return False
        met.attempt = None
        return taken

    def _minute(self) -> str:
        return self._clock().astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ")
