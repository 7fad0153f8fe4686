"""What others use to keep events in PostgreSQL, under the same load: one event a commit, so many callers at once.

Each function installs what it needs in a database of its own and returns events per second.
"""

import asyncio
import os
import queue
import shutil
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from uuid import uuid4

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from bench.events import record

_FILLED = 2_000


def sample() -> bytes:
    """One event as stored by the ledger; peers store the same bytes."""
    return record(f"gate-review/{uuid4()}", 1, uuid4()).bytes


def create(superuser: str, database: str) -> str:
    """An empty database; returns its address."""
    with psycopg.connect(superuser, autocommit=True) as server:
        server.execute(f"drop database if exists {database} with (force)".encode())
        server.execute(f"create database {database}".encode())
    return make_conninfo(superuser, dbname=database)


def eventsourcing(superuser: str, events: int, callers: int) -> float:
    """eventsourcing's PostgreSQL recorder as it comes, a thread for each caller. Raises ImportError where it is not installed."""
    from eventsourcing.persistence import InfrastructureFactory, StoredEvent
    from eventsourcing.utils import Environment

    at = conninfo_to_dict(create(superuser, "peer_eventsourcing"))
    environment = Environment(
        env={
            "PERSISTENCE_MODULE": "eventsourcing.postgres",
            "POSTGRES_DBNAME": "peer_eventsourcing",
            "POSTGRES_HOST": str(at["host"]),
            "POSTGRES_PORT": str(at["port"]),
            "POSTGRES_USER": str(at["user"]),
            "POSTGRES_PASSWORD": str(at["password"]),
        }
    )
    recorder = InfrastructureFactory.construct(environment).application_recorder()
    work: queue.SimpleQueue[StoredEvent] = queue.SimpleQueue()
    for _ in range(events):
        work.put(StoredEvent(uuid4(), 1, "GateDecided", sample()))

    def call() -> None:
        while True:
            try:
                event = work.get_nowait()
            except queue.Empty:
                return
            recorder.insert_events([event])

    threads = [threading.Thread(target=call) for _ in range(callers)]
    start = perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return events / (perf_counter() - start)


def fetch_message_db(into: Path) -> Path | None:
    """The SQL files of message-db, by npm; None where npm is not found or cannot fetch them."""
    npm = shutil.which("npm")
    if npm is None:
        return None
    command = [npm, "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(into), "@eventide/message-db@1.3.1"]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        return None
    return into / "node_modules" / "@eventide" / "message-db" / "database"


def install_message_db(superuser: str, files: Path, binaries: Path) -> str:
    """A fresh message store, made by its own script; returns its address."""
    at = conninfo_to_dict(create(superuser, "peer_message_db"))
    environment = {
        **os.environ,
        "PATH": f"{binaries}:{os.environ['PATH']}",
        "PGHOST": str(at["host"]),
        "PGPORT": str(at["port"]),
        "PGUSER": str(at["user"]),
        "PGPASSWORD": str(at["password"]),
        "DATABASE_NAME": "peer_message_db",
        "CREATE_DATABASE": "off",
    }
    # The extension is for gen_random_uuid, which PostgreSQL has had in its core since 13; not every server ships it.
    (files / "extensions" / "pgcrypto.sql").write_text("")
    subprocess.run(["bash", files / "install.sh"], env=environment, check=True, capture_output=True)
    return make_conninfo(superuser, dbname="peer_message_db", options="-c search_path=message_store")


async def message_db(dsn: str, events: int, callers: int) -> float:
    """message-db's write_message over a connection for each caller, prepared."""
    query = "select write_message(%s, %s, %s, %s::jsonb, null, -1)"
    rows = [(str(uuid4()), f"gateReview-{uuid4()}", "GateDecided", sample().decode()) for _ in range(events + _FILLED)]
    async with await psycopg.AsyncConnection.connect(dsn) as connection, connection.cursor() as cursor:
        await cursor.executemany(query, rows[events:])
        # Its functions would keep the plans that suit an empty table.
        await cursor.execute("analyze message_store.messages")
    rest = iter(rows[:events])
    connections = [await psycopg.AsyncConnection.connect(dsn, autocommit=True) for _ in range(callers)]

    async def call(connection: psycopg.AsyncConnection) -> None:
        for row in rest:
            await connection.execute(query, row, prepare=True)

    start = perf_counter()
    await asyncio.gather(*map(call, connections))
    taken = perf_counter() - start
    for connection in connections:
        await connection.close()
    return events / taken


def bare_insert(superuser: str, binaries: Path, directory: Path, seconds: int, callers: int) -> float:
    """pgbench: one bare INSERT a commit into a table with a key and the bytes, nothing else."""
    dsn = create(superuser, "peer_bare")
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("create table event (position bigserial primary key, bytes bytea not null)")
    script = directory / "insert.sql"
    literal = f"'\\x{sample().hex()}'"
    script.write_text(f"insert into event (bytes) values ({literal});\n")  # noqa: S608
    command = [str(binaries / "pgbench"), "-n", "-M", "prepared", "-c", str(callers), "-j", "2"]
    command += ["-T", str(seconds), "-f", str(script), dsn]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return next(float(line.split()[2]) for line in told.splitlines() if line.startswith("tps"))


def copy_binary(superuser: str, rows: Sequence[tuple[object, ...]], chunk: int) -> float:
    """COPY BINARY of the rows of a log into a table of the same columns and keys, so many a commit."""
    dsn = create(superuser, "peer_copy")
    types = ["int8", "bytea", "text", "int4", "uuid", "uuid", "int4", "int2", "timestamptz"]
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(
            'create table record (position bigint primary key, bytes bytea not null, stream text collate "C" not null,'
            " version integer not null, command uuid not null, batch uuid not null, index_in_batch integer not null,"
            " shard smallint not null, recorded timestamptz not null, unique (stream, version))"
        )
        connection.execute("create index on record (shard, position)")
        start = perf_counter()
        for first in range(0, len(rows), chunk):
            with connection.cursor() as cursor, cursor.copy("copy record from stdin (format binary)") as copy:
                copy.set_types(types)
                for row in rows[first : first + chunk]:
                    copy.write_row(row)
        return len(rows) / (perf_counter() - start)
