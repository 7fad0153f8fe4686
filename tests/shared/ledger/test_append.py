"""What the log answers to a command."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest

from shared.ledger.log import Log
from shared.ledger.record import Appended, ClockAhead, Conflict, Mismatch, Repeated, StaleGiven
from tests.shared.ledger.office import Office, appended, command, event, now, with_body


async def test_positions_are_dense_from_one_and_follow_the_order_of_asking(log: Log) -> None:
    verdicts = await asyncio.gather(*(log.append(command(f"gate/{n}", records=3)) for n in range(50)))
    assert verdicts == [Appended(3 * n + 1, 3 * n + 3, 3) for n in range(50)]
    page = await log.page(0)
    assert [record.position for record in page] == list(range(1, 151))
    assert [(record.stream, record.version) for record in page] == [(f"gate/{n}", v) for n in range(50) for v in (1, 2, 3)]


async def test_a_command_alone_and_a_command_in_company_are_answered_alike(log: Log) -> None:
    for company in (0, 5):

        async def ask(append: object, company: int = company) -> object:
            others = [log.append(command(f"other/{uuid4()}")) for _ in range(company)]
            return (await asyncio.gather(log.append(append), *others))[0]  # type: ignore[arg-type]

        stream = f"gate/{company}"
        first = command(stream, records=2)
        written = await ask(first)
        assert isinstance(written, Appended)
        assert written.version == 2
        assert await ask(first) == Repeated(written.first, written.last, 2, stream)
        assert await ask(with_body(first, b"another body")) == Mismatch()
        assert await ask(command(stream)) == Conflict(2)
        assert await ask(command(stream, expected=3)) == Conflict(2)
        assert await ask(command(f"new/{company}", given=((stream, 1),))) == StaleGiven(stream, 2)
        assert isinstance(await ask(command(f"new/{company}", given=((stream, 2), ("never/written", 0)))), Appended)
        with pytest.raises(ClockAhead, match="5 s ahead"):
            await ask(command(f"late/{company}", recorded=now() + timedelta(seconds=30)))


async def test_a_refused_command_takes_no_position_and_fails_no_other(log: Log) -> None:
    await appended(log, command("gate/1"))
    verdicts = await asyncio.gather(
        log.append(command("gate/2")), log.append(command("gate/1")), log.append(command("gate/3", records=2)),
        log.append(command("late/1", recorded=now() + timedelta(seconds=30))), log.append(command("gate/4")),
        return_exceptions=True,
    )  # fmt: skip
    assert list(verdicts[:3]) == [Appended(2, 2, 1), Conflict(1), Appended(3, 4, 2)]
    assert isinstance(verdicts[3], ClockAhead)
    assert verdicts[4] == Appended(5, 5, 1)
    assert len(await log.page(0)) == 5


async def test_a_command_that_the_database_cannot_store_fails_alone(log: Log) -> None:
    poisoned = replace(command("gate/1"), actor="a\0b")
    verdicts = await asyncio.gather(
        log.append(command("gate/2")), log.append(poisoned), log.append(command("gate/3")), return_exceptions=True
    )
    assert isinstance(verdicts[0], Appended)
    assert isinstance(verdicts[1], psycopg.DataError)
    assert isinstance(verdicts[2], Appended)


async def test_commands_on_one_stream_that_are_sent_without_waiting_keep_their_order(log: Log) -> None:
    verdicts = await asyncio.gather(*(log.append(command("gate/1", expected=n)) for n in range(20)))
    assert [verdict.version for verdict in verdicts if isinstance(verdict, Appended)] == list(range(1, 21))


async def test_of_many_commands_at_one_version_one_is_accepted(log: Log) -> None:
    verdicts = await asyncio.gather(*(log.append(command("gate/1")) for _ in range(20)))
    assert sum(isinstance(verdict, Appended) for verdict in verdicts) == 1
    assert verdicts.count(Conflict(1)) == 19


async def test_a_command_sent_twice_at_once_acts_once(log: Log) -> None:
    once = command("gate/1")
    verdicts = await asyncio.gather(log.append(once), log.append(once), log.append(once))
    assert sorted(type(verdict).__name__ for verdict in verdicts) == ["Appended", "Repeated", "Repeated"]
    assert len(await log.page(0)) == 1


async def test_a_given_written_just_before_by_another_caller_is_stale(log: Log) -> None:
    first, second = await asyncio.gather(log.append(command("authority/1")), log.append(command("gate/1", given=(("authority/1", 0),))))
    assert isinstance(first, Appended)
    assert second == StaleGiven("authority/1", 1)


async def test_recorded_never_falls_and_a_time_finds_its_position(log: Log) -> None:
    start = now() - timedelta(hours=1)
    for minute in (0, 10, 5, 20):
        await appended(log, command(f"gate/{minute}", recorded=start + timedelta(minutes=minute)))
    assert [(record.recorded - start).seconds // 60 for record in await log.page(0)] == [0, 10, 10, 20]
    found = [await log.position_at(start + timedelta(minutes=minute)) for minute in (-1, 0, 9, 10, 15, 30)]
    assert found == [0, 1, 1, 3, 3, 4]


@pytest.mark.parametrize("wrong", ["stream", "version", "command", "shard", "recorded", "size"])
async def test_a_record_that_contradicts_its_command_is_refused_before_it_is_sent(log: Log, wrong: str) -> None:
    asked = command("gate/1")
    record = {
        "stream": event("gate/2", 1, asked.command),
        "version": event("gate/1", 2, asked.command),
        "command": event("gate/1", 1, uuid4()),
        "shard": replace(asked.records[0], shard=(asked.records[0].shard + 1) % 64),
        "recorded": replace(asked.records[0], recorded=now() + timedelta(seconds=1)),
        "size": replace(asked.records[0], bytes=b" " * 65_536),
    }[wrong]
    with pytest.raises(ValueError, match=r"contradicts|65535"):
        await log.append(replace(asked, records=(record,)))


async def test_append_within_a_transaction_is_undone_with_it(office: Office, log: Log) -> None:
    async with await psycopg.AsyncConnection.connect(office.dsn) as connection:
        assert isinstance(await log.append_in(connection, command("gate/1")), Appended)
        await connection.rollback()
        assert await log.append_in(connection, command("gate/1")) == Appended(1, 1, 1)
        assert len(await log.stream("gate/1", connection=connection)) == 1
        await connection.commit()
    assert len(await log.stream("gate/1")) == 1


async def test_append_refuses_a_transaction_that_cannot_see_what_came_before(office: Office, log: Log) -> None:
    async with await psycopg.AsyncConnection.connect(office.dsn) as connection:
        await connection.set_isolation_level(psycopg.IsolationLevel.REPEATABLE_READ)
        with pytest.raises(psycopg.errors.RaiseException, match="read committed"):
            await log.append_in(connection, command("gate/1"))
