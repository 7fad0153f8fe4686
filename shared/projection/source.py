"""Where a rebuild reads a log: the service's own, or another's feed by shard. Only the events that the view folds are decoded."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, Protocol, cast

import orjson
from pydantic import ValidationError

from shared.contracts.envelope import Envelope, Heard
from shared.contracts.event import Event
from shared.ledger.log import Log
from shared.ledger.read import PAGE
from shared.ledger.shards import SHARDS
from shared.projection.changes import Unreadable
from shared.projection.view import View


class Stored(Protocol):
    """A record as its log or its owner's feed gives it out."""

    @property
    def position(self) -> int: ...
    @property
    def bytes(self) -> bytes: ...


Fetch = Callable[[int, int], Awaitable[Sequence[Stored]]]
"""(shard, after) → the next records of that shard in position order, none at its end."""


class OwnLog:
    """The service's own log, in position order; all records are verified."""

    def __init__(self, log: Log, view: View[Any]) -> None:
        self._log, self._view, self._position = log, view, 0

    async def read(self, upto: int) -> AsyncIterator[Sequence[Heard]]:
        """See shared.projection.rebuild.Source. Raises Forged."""
        while self._position < upto:
            records = await self._log.page(self._position, min(PAGE, upto - self._position))
            if not records:
                return
            self._position = records[-1].position
            # The reader has verified that the service signed these bytes, so their form is not checked again.
            yield _heard(self._view, records, lambda record: Envelope(**orjson.loads(record)))


class ByShard:
    """A log that its owner gives out by shard."""

    def __init__(self, fetch: Fetch, view: View[Any]) -> None:
        self._fetch, self._view = fetch, view
        self._positions = dict.fromkeys(range(SHARDS), 0)

    async def read(self, upto: int) -> AsyncIterator[Sequence[Heard]]:
        """See shared.projection.rebuild.Source. Raises what the fetch raises, and ValueError for what is no record."""
        for shard, after in list(self._positions.items()):
            while after < upto:
                records = [record for record in await self._fetch(shard, after) if record.position <= upto]
                if not records:
                    break
                after = self._positions[shard] = records[-1].position
                yield _heard(self._view, records, Envelope.decode)


def _heard(view: View[Any], records: Sequence[Stored], decode: Callable[[bytes], Envelope]) -> list[Heard]:
    events = {event.wire: event for event in view.folds}
    found = []
    for record in records:
        envelope = decode(record.bytes)
        if event := events.get(envelope.type):
            found.append(Heard(view.log, record.position, envelope, _read(event, envelope)))
    return found


def _read(event: type[Event], envelope: Envelope) -> Event:
    try:
        return event.read(envelope.data)
    except (ValidationError, LookupError, ValueError, TypeError) as error:
        # The consumer has parked it, so nobody will fold it.
        return cast(Event, Unreadable(repr(error)))
