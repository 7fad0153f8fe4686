"""The call of the append function: commands in, verdicts out, in one round trip."""

from collections.abc import Sequence
from itertools import repeat
from typing import Any
from uuid import uuid4

from psycopg import AsyncConnection

from shared.ledger.arrays import byteas, integers, smallints, texts, times, uuids
from shared.ledger.columns import MAX_BYTES, disagreement
from shared.ledger.disclose import KeyStore
from shared.ledger.record import (
    Append,
    Appended,
    ClockAhead,
    Conflict,
    Mismatch,
    Repeated,
    StaleGiven,
    Verdict,
)
from shared.ledger.signing import BatchSigner, leaf_hash
from shared.ledger.verify import Verifier

MAX_RECORDS = 5000

_ONE = "select * from log.append_one(%b, %t, %b, %b, %b, %t, %b, %t, %b::integer" + ", %b" * 8 + ")"
_MANY = "select * from log.append(%b, %t, %b, %b" + ", %b" * 17 + ")"


class Writer:
    """Seals, signs and sends batches of one log over connections that the caller provides."""

    def __init__(self, log: str, signer: BatchSigner, keystore: KeyStore, verifier: Verifier) -> None:
        self._log = log
        self._signer = signer
        self._keystore = keystore
        self._verifier = verifier

    async def write(self, connection: AsyncConnection[Any], appends: Sequence[Append]) -> list[Verdict | ClockAhead]:
        """One batch, in the connection's transaction if it is in one. Streams and ids are distinct. Raises KeyDestroyed."""
        disclosures = [item for append in appends for item in append.disclosures]
        sealed = await self._keystore.seal(disclosures) if disclosures else []
        records = [record.bytes for append in appends for record in append.records]
        batch = uuid4()
        leaves = b"".join(map(leaf_hash, records))
        signed = (batch, self._signer.key_id, self._signer.sign(self._log, batch, leaves), leaves)
        stored = (
            texts([item.digest for item in sealed]),
            texts([item.key_id for item in sealed]),
            byteas([item.sealed for item in sealed]),
        )
        sql, parameters = _one(appends[0]) if len(appends) == 1 else _many(appends)
        cursor = connection.cursor(binary=True)
        await cursor.execute(sql, (*signed, *parameters, *stored), prepare=True)
        verdicts = [_verdict(*row) for row in await cursor.fetchall()]
        first = next((verdict.first for verdict in verdicts if isinstance(verdict, Appended)), None)
        if first is not None:
            self._verifier.trust(batch, leaves, first)
        return verdicts


def require_wellformed(append: Append) -> None:
    """Raises ValueError for what the tail reader would refuse once it is in the log."""
    if not append.records or len(append.records) > MAX_RECORDS:
        raise ValueError(f"a command writes 1 to {MAX_RECORDS} records, not {len(append.records)}")
    if len({stream for stream, _ in append.given}) < len(append.given):
        raise ValueError("given names a stream twice: a rule reads a stream at one version")
    command = str(append.command)
    for version, record in enumerate(append.records, append.expected + 1):
        if not 2 <= len(record.bytes) <= MAX_BYTES:
            raise ValueError(f"a record has 2 to {MAX_BYTES} bytes, not {len(record.bytes)}: put large content beside it")
        wrong = disagreement(record.bytes, append.stream, version, command, record.shard, record.recorded)
        if wrong:
            raise ValueError(f"record {version} of {append.stream} contradicts its command: {wrong}")


def _one(append: Append) -> tuple[str, tuple[Any, ...]]:
    return _ONE, (
        append.command,
        append.actor,
        append.body_hash,
        append.stream,
        append.expected,
        *_records(append.records),
        texts([stream for stream, _ in append.given]),
        integers([version for _, version in append.given]),
    )


def _many(appends: Sequence[Append]) -> tuple[str, tuple[Any, ...]]:
    numbered = list(enumerate(appends, 1))
    given = [(number, stream, version) for number, append in numbered for stream, version in append.given]
    return _MANY, (
        uuids([append.command for append in appends]),
        texts([append.actor for append in appends]),
        byteas([append.body_hash for append in appends]),
        texts([append.stream for append in appends]),
        integers([append.expected for append in appends]),
        integers([len(append.records) for append in appends]),
        _numbers([len(append.records) for append in appends]),
        *_records([record for append in appends for record in append.records]),
        integers([number for number, _, _ in given]),
        texts([stream for _, stream, _ in given]),
        integers([version for _, _, version in given]),
        _numbers([len(append.disclosures) for append in appends]),
    )


def _records(records: Sequence[Any]) -> tuple[Any, ...]:
    return (
        byteas([record.bytes for record in records]),
        smallints([record.shard for record in records]),
        times([record.recorded for record in records]),
    )


def _numbers(counts: Sequence[int]) -> Any:
    return integers([number for number, count in enumerate(counts, 1) for number in repeat(number, count)])


def _verdict(code: int, first: int, last: int, version: int, stream: str) -> Verdict | ClockAhead:
    match code:
        case 0:
            return Appended(first, last, version)
        case 1:
            return Repeated(first, last, version, stream)
        case 2:
            return Mismatch()
        case 3:
            return Conflict(version)
        case 4:
            return StaleGiven(stream, version)
    return ClockAhead(f"a record of {stream} claims a time over 5 s ahead of the database's clock: set this machine's clock right")
