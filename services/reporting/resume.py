"""Imports that came to a halt, because a process was killed or the log did not answer, go on by themselves."""

import asyncio
from contextlib import suppress

import structlog

from services.reporting.feed_batch import BatchStatus, FeedBatch
from services.reporting.ingest import Ingest
from services.reporting.mapping.sheet import MAX_BYTES
from services.reporting.views.batches import BatchRow
from shared.projection.reader import NotMade
from shared.runtime.blobs import Blobs
from shared.runtime.settings import Settings
from shared.web.running import Running

LOOK = 3.0
"""Seconds between two looks. A batch that has not moved from one to the next has nobody who works on it; if somebody does after all,
both send the same commands, and each acts once."""
_log = structlog.get_logger("ingest")


async def resume_imports(running: Running) -> None:
    """Look after batches that are not complete, until cancelled."""
    ingest = Ingest(running.handler, Blobs(Settings.read().blobs, MAX_BYTES))
    before: dict[str, int] = {}
    while True:
        try:
            found = await _open(running)
            for batch in [batch for batch, row in found.items() if before.get(batch) == row]:
                _log.info("import_resumed", batch=batch, after_row=found[batch])
                await ingest.resume(batch)
            before = found
        except Exception as error:
            _log.warning("import_waits", trouble=f"{type(error).__name__}: {error}")
        await asyncio.sleep(LOOK)


async def _open(running: Running) -> dict[str, int]:
    """The batches that are not complete, each with the row that was put on record last."""
    found = {}
    with suppress(NotMade):
        for row in await running.views.rows(BatchRow, where={"completed": None}):
            batch, _ = await running.handler.state(FeedBatch, row.batch)
            if batch.status is BatchStatus.RECEIVING:
                found[row.batch] = batch.last_row
    return found
