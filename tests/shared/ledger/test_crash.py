"""Nothing that was answered is lost, and nothing acts twice, whatever is killed."""

import asyncio
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, contextmanager
from pathlib import Path

import psycopg
import pytest

from deploy.postgres import Postgres, start_postgres
from shared.ledger.log import Log
from shared.ledger.record import Appended, NotDurable, Repeated
from tests.servers import temporary_data
from tests.shared.ledger.office import Office, command
from tests.shared.ledger.writer import numbered, order

Answers = dict[int, tuple[int, int]]


@contextmanager
def writing(office: Office, name: str, callers: int) -> Iterator[subprocess.Popen[str]]:
    """A process that appends, killed at the end at the latest."""
    with subprocess.Popen(order(office, name, callers), stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def answers(process: subprocess.Popen[str], count: int | None = None) -> Answers:
    """The next answers that the process got; all that are left when no count is given."""
    assert process.stdout
    found: Answers = {}
    for line in process.stdout:
        number, first, last = map(int, line.split())
        found[number] = first, last
        if len(found) == count:
            break
    return found


async def require_whole(log: Log, office: Office, name: str, answered: Answers) -> None:
    """Positions are dense and genuine, each command wrote all or nothing, and what was answered is there, as answered."""
    records = []
    async with aclosing(log.tail(0)) as pages:
        async for page in pages:
            records += page
            if records[-1].position == await log.last_position():
                break
    written: dict[str, list[int]] = {}
    for record in records:
        written.setdefault(record.stream, []).append(record.position)
    assert {f"{name}/{number}": list(range(first, last + 1)) for number, (first, last) in answered.items()}.items() <= written.items()
    assert all(len(positions) == 2 for positions in written.values())
    with psycopg.connect(office.dsn) as app:
        assert app.execute("select count(*) from log.command").fetchone() == (len(written),)
        assert app.execute("select count(*) from log.disclosure").fetchone() == (len(written),)


@pytest.mark.parametrize("callers", [1, 16])
async def test_a_writer_that_is_killed_loses_nothing_and_its_commands_act_once(office: Office, log: Log, callers: int) -> None:
    for kill in range(3):
        name = f"killed-{callers}-{kill}"
        with writing(office, name, callers) as process:
            answered = answers(process, 10 + 7 * kill)
            process.send_signal(signal.SIGKILL)
            answered |= answers(process)
        written = [record.stream for record in await log.page(0) if record.stream.startswith(f"{name}/")]
        for number in range(max(answered) + callers + 1):
            again = await log.append(numbered(name, number))
            assert isinstance(again, Appended if f"{name}/{number}" not in written else Repeated)
            assert number not in answered or again == Repeated(*answered[number], 2, f"{name}/{number}")
        await require_whole(log, office, name, answered)


async def test_two_processes_write_to_one_log(office: Office, log: Log) -> None:
    with writing(office, "east", 8) as east, writing(office, "west", 8) as west:
        answered = {name: answers(process, 200) for name, process in (("east", east), ("west", west))}
        east.kill()
        west.kill()
        answered["east"] |= answers(east)
        answered["west"] |= answers(west)
    for name, of in answered.items():
        await require_whole(log, office, name, of)


@pytest.fixture
async def mortal(tmp_path: Path) -> AsyncIterator[tuple[Postgres, Path]]:
    """A server of this test's own, to be killed."""
    with temporary_data() as data:
        server = start_postgres(data)
        yield server, data
        start_postgres(data, server.port).stop()


async def test_a_killed_server_loses_nothing_and_callers_wait_for_its_return(mortal: tuple[Postgres, Path], tmp_path: Path) -> None:
    server, data = mortal
    office = Office.found(server.superuser_dsn, tmp_path)
    log, keystore = await office.open()
    answered: Answers = {}
    some = asyncio.Event()
    numbers = iter(range(400))

    async def call() -> None:
        for number in numbers:
            verdict = await log.append(numbered("gate", number))
            # Written before the kill and asked for again after it, a command is repeated.
            assert isinstance(verdict, Appended | Repeated)
            answered[number] = verdict.first, verdict.last
            if len(answered) % 100 == 50:
                some.set()

    calling = asyncio.gather(*(call() for _ in range(16)))
    for _ in range(2):
        await some.wait()
        some.clear()
        await asyncio.to_thread(server.kill9)
        server = await asyncio.to_thread(start_postgres, data, server.port)
    await calling
    assert len(answered) == 400
    await require_whole(log, office, "gate", answered)
    await log.close()
    await keystore.close()
    server.stop()


async def test_a_server_that_may_lose_a_commit_is_refused(own_office: Office) -> None:
    with psycopg.connect(own_office.superuser, autocommit=True) as superuser:
        superuser.execute(f"alter role {own_office.service}_app set synchronous_commit = off")
    with pytest.raises(NotDurable, match="synchronous_commit off"):
        await own_office.open()


async def test_what_waits_is_settled_when_the_log_is_closed(office: Office) -> None:
    log, keystore = await office.open()
    waiting = [asyncio.ensure_future(log.append(command(f"gate/{number}"))) for number in range(10)]
    await asyncio.sleep(0)
    await log.close()
    await keystore.close()
    assert [verdict.first for verdict in await asyncio.gather(*waiting) if isinstance(verdict, Appended)] == list(range(1, 11))
