"""Where a rebuild reads a log: the service's own, or another's feed by shard."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import orjson

from shared.contracts.envelope import Envelope, Heard
from shared.ledger.log import Log
from shared.ledger.read import PAGE
from shared.ledger.record import Record
from shared.ledger.shards import SHARDS
from shared.projection.view import View


class OwnLog:
    """The service's own log, in position order. Gives out the records that `view` folds; all of them are verified."""

    def __init__(self, log: Log, view: View[Any]) -> None:
        self._log, self._name, self._position = log, view.log, 0
        self._events = {event.wire: event for event in view.folds}

    async def read(self, upto: int) -> AsyncIterator[Sequence[Heard]]:
        """See shared.projection.rebuild.Source. Raises Forged."""
        while self._position < upto:
            records = await self._log.page(self._position, min(PAGE, upto - self._position))
            if not records:
                return
            self._position = records[-1].position
            yield [heard for record in records if (heard := self._heard(record))]

    def _heard(self, record: Record) -> Heard | None:
        # The reader has verified that these are the bytes that the service signed, so their form is not checked again.
        document = orjson.loads(record.bytes)
        event = self._events.get(document["type"])
        return Heard(self._name, record.position, Envelope(**document), event.read(document["data"])) if event else None


Fetch = Callable[[int, int], Awaitable[Sequence[Heard]]]
"""(shard, after) → the next records of that shard in position order, none at its end."""


class ByShard:
    """A log whose owner gives it out by shard."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._read = dict.fromkeys(range(SHARDS), 0)

    async def read(self, upto: int) -> AsyncIterator[Sequence[Heard]]:
        """See shared.projection.rebuild.Source."""
        for shard, after in list(self._read.items()):
            while after < upto:
                batch = [heard for heard in await self._fetch(shard, after) if heard.position <= upto]
                if not batch:
                    break
                after = self._read[shard] = batch[-1].position
                yield batch
