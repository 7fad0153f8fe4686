"""The tail reader passes on everything that was appended, and nothing else."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from uuid import UUID, uuid4

import psycopg
import pytest

from shared.ledger.log import Log
from shared.ledger.record import Forged, Record
from tests.shared.ledger.office import Office, appended, command, event

Deed = Callable[[psycopg.Connection], object]


async def follow(log: Log, until: int, after: int = 0) -> list[Record]:
    """What the tail gives out up to a position."""
    seen: list[Record] = []
    async with aclosing(log.tail(after)) as pages:
        async for page in pages:
            seen += page
            if seen[-1].position >= until:
                break
    return seen


async def passed_on(log: Log, after: int = 0) -> tuple[list[int], Forged]:
    """The positions that the tail gives out before it stops, and why it stops."""
    seen: list[int] = []
    try:
        async with aclosing(log.tail(after)) as pages:
            async for page in pages:
                seen += [record.position for record in page]
    except Forged as stopped:
        return seen, stopped
    raise AssertionError("the tail ended without a reason")


async def test_the_tail_gives_what_was_there_and_then_what_comes(log: Log) -> None:
    for number in range(5):
        await appended(log, command(f"gate/{number}"))
    following = asyncio.create_task(follow(log, until=8))
    for number in range(5, 8):
        await appended(log, command(f"gate/{number}"))
    assert [record.position for record in await following] == list(range(1, 9))
    assert [record.position for record in await follow(log, until=8, after=6)] == [7, 8]


async def test_the_tail_goes_on_after_its_connection_is_lost(office: Office, log: Log) -> None:
    async with aclosing(log.tail(0)) as pages:
        await appended(log, command("gate/1"))
        assert [record.position for record in await anext(pages)] == [1]
        waiting = asyncio.ensure_future(anext(pages))
        with office.as_superuser() as superuser:
            superuser.execute("select pg_terminate_backend(pid) from pg_stat_activity where usename = %s", (f"{office.service}_app",))
        await appended(log, command("gate/2"))
        assert [record.position for record in await waiting] == [2]


def insert_by_hand(superuser: psycopg.Connection, position: int, batch: UUID, index: int = 0) -> None:
    identity = uuid4()
    made = event("gate/forged", 1, identity)
    superuser.execute(
        "insert into log.record values (%s, %s, 'gate/forged', 1, %s, %s, %s, %s, now())",
        (position, made.bytes, identity, batch, index, made.shard),
    )


def insert_unsigned(superuser: psycopg.Connection) -> None:
    insert_by_hand(superuser, 6, uuid4())


def insert_with_own_signature(superuser: psycopg.Connection) -> None:
    batch = uuid4()
    superuser.execute("insert into log.batch select %s, key_id, signature, leaves, 6 from log.batch limit 1", (batch,))
    insert_by_hand(superuser, 6, batch)


def insert_under_a_genuine_batch(superuser: psycopg.Connection) -> None:
    row = superuser.execute("select batch from log.record where position = 5").fetchone()
    assert row
    insert_by_hand(superuser, 6, row[0], 1)


def repeat_a_genuine_record(superuser: psycopg.Connection) -> None:
    # Under another version, since the key of the table allows it only so; the columns are looked at after the place.
    superuser.execute(
        "insert into log.record select 6, bytes, stream, 2, command, batch, index_in_batch, shard, recorded"
        " from log.record where position = 2"
    )


def sql(statement: str) -> Deed:
    return lambda superuser: superuser.execute(statement.encode())


@pytest.mark.parametrize(
    ("deed", "position", "reason"),
    [
        pytest.param(insert_unsigned, 6, "not signed", id="a row inserted by hand"),
        pytest.param(insert_with_own_signature, 6, "not signed", id="a row with a signature from elsewhere"),
        pytest.param(insert_under_a_genuine_batch, 6, "not what was signed", id="a row added to a genuine batch"),
        pytest.param(repeat_a_genuine_record, 6, "outside the place of its batch", id="a genuine record repeated"),
        pytest.param(sql("update log.record set bytes = bytes || ' ' where position = 3"), 3, "not what was signed", id="altered bytes"),
        pytest.param(sql("update log.record set stream = 'gate/9' where position = 3"), 3, "its subject is gate/2", id="another stream"),
        pytest.param(sql("update log.record set version = 7 where position = 3"), 3, "its streamversion is 1", id="another version"),
        pytest.param(sql("update log.record set shard = (shard + 1) % 64 where position = 3"), 3, "belongs to shard", id="another shard"),
        pytest.param(sql("delete from log.record where position = 3"), 3, "no record stands here", id="a row deleted"),
        pytest.param(sql("delete from log.batch where first = 3"), 3, "missing or not signed", id="a batch deleted"),
        pytest.param(sql("update log.batch set leaves = leaves || leaves where first = 3"), 3, "not signed", id="leaves altered"),
        pytest.param(sql("update log.batch set key_id = 'none' where first = 3"), 3, "not signed", id="a key that is not ours"),
    ],
)
async def test_a_superusers_deed_stops_the_tail_where_it_was_done(office: Office, log: Log, deed: Deed, position: int, reason: str) -> None:
    for number in range(5):
        await appended(log, command(f"gate/{number}"))
    with office.as_superuser() as superuser:
        deed(superuser)
    reader, keystore = await office.open()
    seen, stopped = await passed_on(reader)
    await reader.close()
    await keystore.close()
    assert seen == list(range(1, position))
    assert stopped.position == position
    assert reason in stopped.what
    assert stopped.way_out


async def test_the_tail_stops_when_the_newest_records_are_gone(office: Office, log: Log) -> None:
    for number in range(5):
        await appended(log, command(f"gate/{number}"))
    with office.as_superuser() as superuser:
        superuser.execute("delete from log.record where position > 3")
    seen, stopped = await passed_on(log, after=5)
    assert seen == []
    assert stopped.position == 4
    assert "its newest records are gone" in stopped.what
