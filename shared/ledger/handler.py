"""From command to record: fold what is needed, let the rule decide, append, answer. The same command id is answered once and for ever."""

import hmac
import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, TypeVar, cast

from shared.contracts.envelope import Envelope, Source, instant, source_of
from shared.contracts.event import Noted
from shared.contracts.ids import uuid7
from shared.contracts.personal import PLAIN, Personal
from shared.contracts.values import rfc3339
from shared.domain.decider import aggregate_of
from shared.domain.given import Given, Unread
from shared.domain.refused import Refused
from shared.domain.state import Fact, State
from shared.ledger.intent import Conflicted, Intent, Mismatched, Receipt
from shared.ledger.log import Log
from shared.ledger.record import Append, Appended, Conflict, Disclosure, Mismatch, NewRecord, Repeated, StaleGiven, person_key
from shared.ledger.shards import shard_of
from shared.runtime.telemetry import continuing, traceparent

S = TypeVar("S", bound=State)
FactReader = Callable[[type[Fact], str], Awaitable[tuple[Fact | None, dict[str, int]]]]
"""A row of a table of facts heard, with the positions of the logs that the table had reached."""

_CACHED = 20_000
_ATTEMPTS = 6


@dataclass(slots=True)
class _Reading:
    """What one decision reads; `cached` says whether any of it came from memory and may be behind another process."""

    fresh: bool
    cached: bool = False
    versions: dict[str, int] = field(default_factory=dict)
    streams: dict[tuple[type[State], str], State] = field(default_factory=dict)
    facts: dict[tuple[type[Fact], str], Fact | None] = field(default_factory=dict)
    positions: dict[str, int] = field(default_factory=dict)


class Handler:
    """Handles the commands of one service. `secret` keys the hash of bodies; it is the same in every process of the service."""

    def __init__(
        self, log: Log, service: str, facts: FactReader | None, secret: bytes, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.log, self.service = log, service
        self.facts, self._secret, self._clock = facts, secret, clock
        self._folded: OrderedDict[str, tuple[int, State]] = OrderedDict()

    async def handle(self, intent: Intent) -> Receipt:
        """Decide and record. Raises Refused, Conflicted, Mismatched, or LogUnavailable (send it again with the same id)."""
        parent = intent.traceparent or (intent.cause.envelope.traceparent if intent.cause else None)
        with continuing(parent, f"append {intent.state.kind}/{intent.command.name}", log=self.service):
            return await self._handle(intent)

    async def _handle(self, intent: Intent) -> Receipt:
        for attempt in range(_ATTEMPTS):
            reading = _Reading(fresh=attempt > 0)
            try:
                state, version, noted = await self._decide(intent, reading)
            except (Refused, Conflicted):
                if reading.cached:
                    continue
                if first := await self._first_answer(intent):
                    return first
                raise
            after = aggregate_of(intent.state).fold((n.event for n in noted), state)
            if not noted:
                return Receipt(self.service, intent.stream, version, 0, 0, ())
            append, ids = self._written(intent, version, noted, after, reading)
            verdict = await self.log.append(append)
            match verdict:
                case Appended(first=start, last=end, version=now):
                    self._remember(intent.stream, now, after)
                    return Receipt(self.service, intent.stream, now, start, end, ids)
                case Repeated():
                    return await self._repeat(verdict)
                case Mismatch():
                    raise Mismatched(intent.command_id)
                case Conflict() | StaleGiven():
                    continue
        raise Conflicted(intent.stream, (await self.state(intent.state, intent.identity))[1], intent.expected)

    async def state(self, kind: type[S], identity: str) -> tuple[S, int]:
        """The state of a stream, folded now, and its version (0: it has not begun)."""
        state, version = await self._fold(kind, identity, fresh=True)
        return cast(S, state), version

    async def _decide(self, intent: Intent, reading: _Reading) -> tuple[State, int, tuple[Noted, ...]]:
        cached = intent.stream in self._folded and not reading.fresh
        state, version = await self._fold(intent.state, intent.identity, reading.fresh)
        reading.cached = cached
        if intent.expected is not None and intent.expected != version:
            raise Conflicted(intent.stream, version, intent.expected)
        rules, now = aggregate_of(intent.state), self._clock()
        while True:
            given = Given(intent.who, now, intent.command_id, intent.identity, reading.streams, reading.facts)
            try:
                return state, version, rules.decide(state, intent.command, given)
            except Unread as unread:
                await self._read(unread, reading)

    async def _read(self, unread: Unread, reading: _Reading) -> None:
        if issubclass(unread.kind, State):
            stream = unread.kind.stream(unread.key)
            reading.cached |= stream in self._folded and not reading.fresh
            state, version = await self._fold(unread.kind, unread.key, reading.fresh)
            reading.streams[unread.kind, unread.key] = state
            reading.versions[stream] = version
        elif self.facts is None:
            raise LookupError(f"{self.service} hears no facts, but a rule asks for {unread.kind.__name__}")
        else:
            fact, positions = await self.facts(unread.kind, unread.key)
            reading.facts[unread.kind, unread.key] = fact
            for log, position in positions.items():
                reading.positions[log] = min(position, reading.positions.get(log, position))

    async def _fold(self, kind: type[State], identity: str, fresh: bool) -> tuple[State, int]:
        stream = kind.stream(identity)
        version, state = self._folded.get(stream, (0, kind()))
        if version and not fresh:
            self._folded.move_to_end(stream)
            return state, version
        records = await self.log.stream(stream, version)
        if records:
            state = aggregate_of(kind).fold((Envelope.trusted(record.bytes).event() for record in records), state)
            version = records[-1].version
            self._remember(stream, version, state)
        return state, version

    def _remember(self, stream: str, version: int, state: State) -> None:
        if version >= self._folded.get(stream, (0, state))[0]:
            self._folded[stream] = (version, state)
            self._folded.move_to_end(stream)
        while len(self._folded) > _CACHED:
            self._folded.popitem(last=False)

    def _written(
        self, intent: Intent, version: int, noted: tuple[Noted, ...], after: State, reading: _Reading
    ) -> tuple[Append, tuple[str, ...]]:
        cause, who = intent.cause.envelope if intent.cause else None, intent.who
        now = rfc3339(self._clock())
        recorded = max(now, cause.recordedtime) if cause else now
        given: list[Source] = [{"log": self.service, "stream": stream, "version": at} for stream, at in sorted(reading.versions.items())]
        given += [{"log": log, "position": at} for log, at in sorted(reading.positions.items())]
        records, disclosures, ids = [], [], []
        for step, note in enumerate(noted, version + 1):
            data, personal = note.event.written()
            envelope = Envelope(
                id=str(uuid7()),
                source=source_of(who.office, self.service),
                type=note.event.wire,
                subject=intent.stream,
                time=rfc3339(note.occurred) if note.occurred else recorded,
                recordedtime=recorded,
                streamversion=str(step),
                initiative=getattr(note.event, "initiative", None) or after.about(),
                actor=who.actor,
                role=who.role,
                office=who.office,
                onbehalfof=who.on_behalf_of,
                authn=who.authn,
                authority=note.authority,
                reason=note.reason.digest if note.reason else None,
                correlationid=cause.correlationid if cause else str(intent.command_id),
                causationid=cause.id if cause else str(intent.command_id),
                commandid=str(intent.command_id),
                traceparent=traceparent() or _root(),
                frameworkversion=note.framework,
                accesspolicy=intent.accesspolicy,
                classification=note.event.classification,
                given=given,
                data=data,
            )
            records.append(NewRecord(envelope.encode(), shard_of(envelope.key), instant(recorded)))
            disclosures += [_disclosed(value) for value in personal]
            ids.append(envelope.id)
        append = Append(
            command=intent.command_id,
            actor=who.actor,
            body_hash=self._body_hash(intent),
            stream=intent.stream,
            expected=version,
            records=tuple(records),
            given=tuple(sorted(reading.versions.items())),
            disclosures=tuple(disclosures),
        )
        return append, tuple(ids)

    def _body_hash(self, intent: Intent) -> bytes:
        body = intent.body or intent.command.model_dump_json(context=PLAIN).encode()
        return hmac.digest(self._secret, f"{intent.stream}\n{intent.command.name}\n".encode() + body, sha256)

    async def _first_answer(self, intent: Intent) -> Receipt | None:
        outcome = await self.log.find_command(intent.command_id)
        if outcome is None:
            return None
        if outcome.actor != intent.who.actor or outcome.body_hash != self._body_hash(intent):
            raise Mismatched(intent.command_id)
        return await self._repeat(Repeated(outcome.first, outcome.last, outcome.version, outcome.stream))

    async def _repeat(self, first: Repeated) -> Receipt:
        records = await self.log.page(first.first - 1, first.last - first.first + 1) if first.last else []
        ids = tuple(Envelope.trusted(record.bytes).id for record in records)
        return Receipt(self.service, first.stream, first.version, first.first, first.last, ids, repeated=True)


def _disclosed(value: Personal[Any]) -> Disclosure:
    key = person_key(value.subject) if value.subject else None
    return Disclosure(value.digest, key, (value.disclosure or "").encode())


def _root() -> str:
    """A trace of its own (W3C Trace Context), for where nobody traces."""
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"
