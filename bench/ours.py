"""The ledger under load: every append through signature, command table, verdict and group commit."""

import asyncio
import hashlib
import secrets
from pathlib import Path
from time import perf_counter
from uuid import uuid4

from bench.events import record
from shared.ledger.disclose import KeyStore
from shared.ledger.log import Log
from shared.ledger.record import Append, Appended, Disclosure
from shared.ledger.signing import BatchSigner

_REASON = b"WyI2Y1VoN3pnV0ZFUlJhcFRyIiwidGV4dCIsImJlbmVmaXRzIG5vIGxvbmdlciBjb3ZlciB0aGUgY29zdCJd"


def commands(count: int, events: int, disclosed: bool) -> list[Append]:
    """Commands that each write so many events to a new stream, each event with one disclosed text if `disclosed`."""
    made = []
    for _ in range(count):
        command, stream = uuid4(), f"gate-review/{uuid4()}"
        records = tuple(record(stream, version, command) for version in range(1, events + 1))
        texts = tuple(Disclosure(secrets.token_urlsafe(32), None, _REASON) for _ in range(events)) if disclosed else ()
        body_hash = hashlib.sha256(command.bytes).digest()
        made.append(Append(command, "person-0001", body_hash, stream, 0, records, (), texts))
    return made


async def seconds(dsn: str, keys_dsn: str, directory: Path, work: list[Append], callers: int) -> float:
    """How long so many callers take to have all of it answered."""
    keystore = await KeyStore.open(keys_dsn)
    log = await Log.open(dsn, "/offices/hub/bench", BatchSigner.open(directory), keystore)
    rest = iter(work)

    async def call() -> None:
        for append in rest:
            verdict = await log.append(append)
            if not isinstance(verdict, Appended):
                raise RuntimeError(f"the load is made to be accepted, but the log answered {verdict}")

    start = perf_counter()
    await asyncio.gather(*(call() for _ in range(callers)))
    taken = perf_counter() - start
    await log.close()
    await keystore.close()
    return taken
