"""From an uploaded file to the record: keep its bytes, receive the batch, accept its rows in chunks, complete it.

Every step looks at what is on record and goes on from there, and has a command id made of the batch and the step: an import that was
killed goes on from the kept bytes, or is sent again, and ends; a file that is on record already changes nothing.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from uuid import UUID, uuid5

import structlog

from services.reporting.feed import Feed, RegisterFeed
from services.reporting.feed_batch import AcceptRows, BatchStatus, CompleteBatch, FeedBatch, ReceiveBatch, batch_id, must_be_past
from services.reporting.mapping.library import mapping_for
from services.reporting.mapping.mapper import Mapped, map_file
from services.reporting.mapping.rows import MappedRow, UnmappedRow
from services.reporting.mapping.table import Mapping
from shared.contracts.envelope import Envelope, Heard
from shared.domain.given import Who
from shared.domain.refused import Refused
from shared.domain.state import Command, State
from shared.ledger.handler import Handler
from shared.ledger.intent import Intent, Mismatched
from shared.runtime.blobs import Blobs
from shared.runtime.clock import now

CHUNK = 100
"""Rows of one command: small enough that no append holds up others."""
_STEPS = UUID("9d3c8a52-1c0f-5b53-8d2f-7a6f6d2e1b11")
_log = structlog.get_logger("ingest")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as somebody sends it. `feed` is the source that it comes from, `effective` the date as at which it reports."""

    raw: bytes
    file: str
    mapping: str
    effective: date
    feed: str


@dataclass(frozen=True, slots=True)
class Received:
    """Where an upload went: the batch, whether its file was on record before, which headers the mapping does not read."""

    batch: str
    repeated: bool
    unread: tuple[str, ...]


class Ingest:
    """Imports files through the handler of reporting. One for a process; it carries at most one import of a batch at a time."""

    def __init__(self, handler: Handler, blobs: Blobs) -> None:
        self._handler, self._blobs = handler, blobs
        self._running: dict[str, asyncio.Task[None]] = {}
        self.failed: dict[str, str] = {}
        """Why the rows of a batch stopped coming, until it goes on."""

    async def receive(self, upload: Upload, who: Who) -> Received:
        """Put the batch on record and start on its rows. Raises Refused: nothing is recorded of a file that cannot be read."""
        must_be_past(upload.effective, now().date())
        mapping = mapping_for(upload.mapping, upload.effective)
        mapped = await asyncio.to_thread(map_file, upload.raw, mapping, upload.effective)
        digest = sha256(upload.raw).hexdigest()
        identity = batch_id(upload.feed, digest)
        batch, _ = await self._handler.state(FeedBatch, identity)
        repeated = batch.exists
        if not repeated:
            batch = await self._record(identity, digest, upload, mapping, mapped, who)
        _same(batch, upload, mapping)
        if batch.status is BatchStatus.RECEIVING and identity not in self._running:
            self.failed.pop(identity, None)
            task = asyncio.create_task(self._follow(identity, mapped.rows))
            self._running[identity] = task
            task.add_done_callback(lambda done: self._running.pop(identity, None))
        return Received(identity, repeated and batch.status is BatchStatus.COMPLETE, mapped.unread)

    async def finish(self, identity: str) -> None:
        """Wait until nothing more is done for a batch in this process."""
        if task := self._running.get(identity):
            await asyncio.wait([task])

    async def resume(self, identity: str) -> None:
        """Carry on from the kept bytes with a batch that came to a halt, to its end. Raises BlobMissing, BlobDamaged, Refused."""
        batch, _ = await self._handler.state(FeedBatch, identity)
        if batch.status is not BatchStatus.RECEIVING or batch.effective is None:
            return
        raw = await self._blobs.get(batch.sha256 or "")
        mapping = mapping_for(batch.mapping or "", batch.effective)
        await self._rows(identity, (await asyncio.to_thread(map_file, raw, mapping, batch.effective)).rows)

    async def _record(self, identity: str, digest: str, upload: Upload, mapping: Mapping, mapped: Mapped, who: Who) -> FeedBatch:
        feed, _ = await self._handler.state(Feed, upload.feed)
        if not feed.exists:
            # The first file of a source registers it, with whoever sends it as its owner.
            await self._once(Feed, upload.feed, RegisterFeed(office=who.office, title=mapping.title, mapping=mapping.id), who, "register")
            feed, _ = await self._handler.state(Feed, upload.feed)
        await self._blobs.put(upload.raw)
        command = ReceiveBatch(
            office=feed.office or who.office,
            feed=upload.feed,
            sha256=digest,
            size=len(upload.raw),
            file=upload.file,
            rows=len(mapped.rows),
            mapping=mapping.id,
            mapping_version=mapping.version,
            effective=upload.effective,
        )
        await self._once(FeedBatch, identity, command, who, "receive")
        return (await self._handler.state(FeedBatch, identity))[0]

    async def _follow(self, identity: str, rows: Sequence[MappedRow | UnmappedRow]) -> None:
        try:
            await self._rows(identity, rows)
        except Exception as error:
            _log.exception("import stopped", batch=identity)
            self.failed[identity] = f"{error}; it is tried again in a moment; send the file again if it stays"

    async def _rows(self, identity: str, rows: Sequence[MappedRow | UnmappedRow]) -> None:
        batch, _ = await self._handler.state(FeedBatch, identity)
        cause = await self._arrival(identity)
        # A batch that was put on record by hand did not arrive here: no person and no office but the hub's stand behind its rows.
        sent = cause.envelope if cause else None
        sender, office = (sent.onbehalfof or sent.actor, sent.office) if sent else (None, "hub")
        who = Who("service:reporting", "service", batch.office or office, "service", sender)
        for chunk in _chunks([row for row in rows if row.row > batch.last_row]):
            command = AcceptRows(
                accepted=tuple(row for row in chunk if isinstance(row, MappedRow)),
                quarantined=tuple(row for row in chunk if isinstance(row, UnmappedRow)),
            )
            await self._send(FeedBatch, identity, command, who, f"rows {chunk[0].row}-{chunk[-1].row}", cause)
        await self._send(FeedBatch, identity, CompleteBatch(), who, "complete", cause)

    async def _arrival(self, identity: str) -> Heard | None:
        """The record of the batch's arrival, from which everything that follows descends."""
        outcome = await self._handler.log.find_command(_step(FeedBatch, identity, "receive"))
        if outcome is None:
            return None
        record = (await self._handler.log.page(outcome.first - 1, 1))[0]
        envelope = Envelope.trusted(record.bytes)
        return Heard(self._handler.service, record.position, envelope, envelope.event())

    async def _once(self, state: type[State], identity: str, command: Command, who: Who, step: str) -> None:
        """Send a command that begins a stream; that somebody else has begun it meanwhile is as good."""
        try:
            await self._send(state, identity, command, who, step)
        except (Refused, Mismatched):
            begun, _ = await self._handler.state(state, identity)
            if not begun.exists:
                raise

    async def _send(self, state: type[State], identity: str, command: Command, who: Who, step: str, cause: Heard | None = None) -> None:
        await self._handler.handle(Intent(_step(state, identity, step), state, identity, command, who, cause=cause))


def _step(state: type[State], identity: str, step: str) -> UUID:
    return uuid5(_STEPS, f"{state.stream(identity)} {step}")


def _chunks(rows: Sequence[MappedRow | UnmappedRow]) -> Iterator[Sequence[MappedRow | UnmappedRow]]:
    for start in range(0, len(rows), CHUNK):
        yield rows[start : start + CHUNK]


def _same(batch: FeedBatch, upload: Upload, mapping: Mapping) -> None:
    read, asked = (batch.mapping, batch.effective), (mapping.id, upload.effective)
    if read != asked:
        raise Refused(
            "same-file",
            f"this file is on record as batch {batch.batch}, read by mapping {batch.mapping} as at {batch.effective}",
            field="effective" if batch.mapping == mapping.id else "mapping",
            way_out="a file speaks of one date: correct the file, or send it to another feed",
        )
