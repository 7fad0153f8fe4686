"""Verification of what is read: every record is covered by the signature of its batch, and its columns say what it says."""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import AsyncConnection

from shared.ledger.columns import disagreement
from shared.ledger.record import Forged, Record
from shared.ledger.signing import KeyRing, leaf_hash

_REMEMBERED = 20_000
_LEAF = 32

NOT_OURS = (
    "Nothing at or after this position is passed on. Find who wrote to the database, remove what was forged or bring back"
    " what is missing from a backup or the Kafka copy, then start again"
)


class Batch(NamedTuple):
    """A batch whose signature holds."""

    leaves: bytes
    first: int


class Verifier:
    """Verifies records of one log. Batches are verified once and remembered, those signed by this process at once."""

    def __init__(self, log: str, ring: KeyRing) -> None:
        self._log = log
        self._ring = ring
        self._batches: OrderedDict[UUID, Batch] = OrderedDict()

    def trust(self, batch: UUID, leaves: bytes, first: int) -> None:
        """Remembers a batch that this process signed and stored, its first record at `first`."""
        self._batches[batch] = Batch(leaves, first)
        if len(self._batches) > _REMEMBERED:
            self._batches.popitem(last=False)

    async def check(self, connection: AsyncConnection[Any], records: Sequence[Record]) -> Forged | None:
        """What is wrong with the first record that is not genuine; None if all are."""
        known = await self._known(connection, {record.batch for record in records})
        return next((wrong for record in records if (wrong := self._wrong(record, known))), None)

    async def _known(self, connection: AsyncConnection[Any], wanted: Iterable[UUID]) -> dict[UUID, Batch]:
        known = {batch: self._batches[batch] for batch in wanted if batch in self._batches}
        if missing := [batch for batch in wanted if batch not in known]:
            cursor = await connection.cursor(binary=True).execute(
                "select id, key_id, signature, leaves, first from log.batch where id = any (%s)", (missing,)
            )
            for batch, key_id, signature, leaves, first in await cursor.fetchall():
                if self._ring.verifies(self._log, key_id, batch, leaves, signature):
                    self.trust(batch, leaves, first)
                    known[batch] = Batch(leaves, first)
        return known

    def _wrong(self, record: Record, known: dict[UUID, Batch]) -> Forged | None:
        batch = known.get(record.batch)
        at = record.index * _LEAF
        if batch is None:
            what = f"batch {record.batch} is missing or not signed by a key of {self._log}"
        elif record.index < 0 or batch.leaves[at : at + _LEAF] != leaf_hash(record.bytes):
            what = f"the bytes are not what was signed as number {record.index} of batch {record.batch}"
        elif not 0 <= record.position - batch.first <= record.index:
            what = f"the record stands outside the place of its batch {record.batch}, which begins at {batch.first}"
        elif wrong := disagreement(record.bytes, record.stream, record.version, str(record.command), record.shard):
            what = f"the columns are not those of the bytes: {wrong}"
        else:
            return None
        return Forged(record.position, what, NOT_OURS)
