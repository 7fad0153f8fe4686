"""Whatever is killed, at the worst moment: nothing lost, nothing doubled."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from deploy.kafka import start_kafka
from deploy.postgres import start_postgres
from shared.domain.refused import Refused
from shared.ledger.record import LogUnavailable
from shared.stream.relay import Status
from tests.servers import temporary_data
from tests.shared.ledger.office import Office
from tests.shared.stream import post
from tests.shared.stream.branch import Branch, eventually, running, some_topics

PARCELS = tuple(f"P-{number}" for number in range(20))
DUE = datetime(2030, 1, 1, tzinfo=UTC)


@asynccontextmanager
async def worker(branch: Branch, *parts: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A worker process of the branch, killed with SIGKILL at the end of the block."""
    settings = {
        "superuser": branch.office.superuser,
        "service": branch.office.service,
        "directory": str(branch.office.directory),
        "bootstrap": branch.topics.bootstrap,
        "prefix": branch.topics.prefix,
        "user": branch.topics.access.user if branch.topics.access else "",
        "password": branch.topics.access.password if branch.topics.access else "",
    }
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.shared.stream.worker", json.dumps(settings), *parts)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        assert await process.wait() == -signal.SIGKILL


@asynccontextmanager
async def held(branch: Branch, table: str) -> AsyncIterator[None]:
    """Nobody can write to the table: who tries waits. At the end of the block, what still waits is ended with its connection."""
    async with branch.pool.connection() as connection, connection.transaction():
        await connection.execute(f"lock table {table} in share mode")
        yield
        # The server would carry out the statement of a dead client as soon as it can.
        await connection.execute(
            "select pg_terminate_backend(pid, 5000) from pg_locks where relation = %s::regclass and not granted", (table,)
        )


async def waits_for(branch: Branch, table: str) -> bool:
    found = await branch.rows(
        "select from pg_locks where relation = %s::regclass and not granted and database = (select oid from pg_database"
        " where datname = current_database())",
        table,
    )
    return bool(found)


async def test_a_relay_killed_between_sending_and_noting_it_sends_again_and_nothing_is_doubled(branch: Branch) -> None:
    await branch.post(*PARCELS, legs=1)
    async with held(branch, "view.relay"), worker(branch, "relay"):
        await eventually(lambda: waits_for(branch, "view.relay"))
    async with running(branch.relay().run(), branch.subscriber().run()):
        await eventually(branch.caught_up)
    assert len(await branch.in_kafka()) >= 80
    assert await branch.legs() == {f"parcel/{parcel}": 1 for parcel in PARCELS}
    assert len(await branch.events("ReceiptWritten")) == 20


async def test_a_reaction_acts_once_though_its_worker_is_killed_between_append_and_marks(branch: Branch) -> None:
    await branch.post(*PARCELS)
    async with running(branch.relay().run()):
        async with held(branch, "view.kafka_offset"), worker(branch, "subscriber"):
            await eventually(lambda: waits_for(branch, "view.kafka_offset"))
            acted = len(await branch.events("ReceiptWritten"))
        assert acted > 0
        assert await branch.rows("select from view.mark where consumer = 'reactions' and position > 0") == []
        async with running(branch.subscriber().run()):
            await eventually(branch.caught_up)
    assert len(await branch.events("ReceiptWritten")) == 20


async def test_a_timer_acts_once_though_its_worker_is_killed_before_it_is_noted(branch: Branch) -> None:
    for parcel in PARCELS[:5]:
        await branch.do(post.Parcel, parcel, post.PostParcel(due=DUE))
    async with running(branch.relay().run(), branch.subscriber().run()):
        await eventually(branch.caught_up)
    async with worker(branch, "timers"):
        await eventually(lambda: _chased(branch, 5))
    await branch.rows("update view.timer set fired = null returning 1")
    async with worker(branch, "timers"), worker(branch, "timers"):
        await eventually(lambda: _pending(branch, 0))
    assert len(await branch.events("ParcelChased")) == 5


@pytest.mark.timeout(300)
async def test_kafka_and_postgresql_are_killed_and_restarted_under_load(tmp_path: Path) -> None:
    with temporary_data() as data:
        database, broker = start_postgres(data), start_kafka(data)
        try:
            office = Office.found(database.superuser_dsn, tmp_path)
            async with Branch.opened(office, some_topics(broker)) as branch:
                relay, subscriber = branch.relay(), branch.subscriber()
                async with running(relay.run(), subscriber.run()):
                    await branch.post(*PARCELS, legs=1)
                    await eventually(branch.caught_up)

                    broker.kill9()
                    await branch.post("P-outage", legs=5)
                    broker = await asyncio.to_thread(start_kafka, data, broker.port)
                    await eventually(branch.caught_up, 120)

                    port = database.port
                    database.kill9()
                    database = await asyncio.to_thread(start_postgres, data, port)
                    await eventually(lambda: _answered(branch.post("P-after")))
                    await eventually(lambda: _answered(branch.caught_up()), 120)
                    assert relay.status == Status.RELAYING
                    legs = {f"parcel/{parcel}": 1 for parcel in PARCELS} | {"parcel/P-outage": 5, "parcel/P-after": 0}
                    assert await branch.legs() == legs
                    assert len(await branch.events("ReceiptWritten")) == 22

                # A broker with nothing on it: another cluster is filled from the log, and what is heard again changes nothing.
                broker.stop()
                await asyncio.to_thread(_wipe, data)
                broker = await asyncio.to_thread(start_kafka, data, broker.port)
                await branch.post("P-wiped")
                async with running(branch.relay().run(), branch.subscriber().run()):
                    await eventually(branch.caught_up, 120)
                    in_log = {record.position for record in await branch.records()}
                    assert {int(dict(one.headers)["position"]) for one in await branch.in_kafka()} == in_log
                assert await branch.legs() == legs | {"parcel/P-wiped": 0}
                assert len(await branch.events("ReceiptWritten")) == 23
        finally:
            broker.stop()
            database.stop()


def _wipe(data: Path) -> None:
    (data / "kafka" / "formatted").unlink()


async def _answered(question: Awaitable[object]) -> bool:
    """False for what is false, and for a question put to a connection of before."""
    try:
        answer = await question
    except (psycopg.OperationalError, LogUnavailable):
        return False
    except Refused as refused:
        # It was done, though the answer was lost.
        return refused.rule == "once"
    return answer is not False


async def _chased(branch: Branch, number: int) -> bool:
    return len(await branch.events("ParcelChased")) == number


async def _pending(branch: Branch, number: int) -> bool:
    return await branch.rows("select count(*) from view.timer where fired is null") == [(number,)]
