"""Rebuilding: the new table is the old one byte for byte, and nobody waits for it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import AsyncConnection

from shared.contracts.envelope import Heard
from shared.domain.state import Fact
from shared.projection.changes import FoldFailed
from shared.projection.digest import digest
from shared.projection.fold import Projector
from shared.projection.marks import VIEWS
from shared.projection.prepare import prepare
from shared.projection.reader import NotMade, ViewReader
from shared.projection.rebuild import Progress, rebuild
from shared.projection.schema import create, drop, registered
from shared.projection.view import View
from tests.shared.projection.conftest import clear
from tests.shared.projection.toys import Broken, Made, Shelf, ToyRow, deliver, deliveries, doll, heard, log_of, logs, park, parts, toys

few = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


class TitleRow(Fact):
    title: str
    length: int


titles = View("titles", TitleRow, log="toys")


@titles.on
def titled(row: TitleRow | None, event: Made, heard: Heard) -> TitleRow:
    return TitleRow(title=event.title, length=len(event.title))


class LoudTitleRow(Fact):
    title: str
    loud: bool = True


loud_titles = View("titles", LoudTitleRow, log="toys", history=True)


@loud_titles.on
def titled_loudly(row: LoudTitleRow | None, event: Made, heard: Heard) -> LoudTitleRow:
    return LoudTitleRow(title=event.title.upper())


@loud_titles.on
def silenced(row: LoudTitleRow | None, event: Broken, heard: Heard) -> LoudTitleRow | None:
    if row and row.title == "STUBBORN":
        raise ValueError("never")
    return None


@few
@given(data=st.data())
async def test_rebuilt_equals_incremental_byte_for_byte(connection: AsyncConnection[Any], data: st.DataObject) -> None:
    await clear(connection)
    log = data.draw(logs)
    if data.draw(st.booleans()):
        await park(connection, "T-2", data.draw(st.integers(1, len(log))))
    projector = Projector([toys, parts])
    batches = data.draw(deliveries(log))
    heard_of = data.draw(st.integers(0, len(batches)))
    for batch in batches[:heard_of]:
        await deliver(connection, projector, batch)
    before = [await digest(connection, view) for view in (toys, parts)]
    await rebuild(connection, VIEWS, toys, Shelf(log))
    await rebuild(connection, VIEWS, parts, Shelf(log))
    assert [await digest(connection, view) for view in (toys, parts)] == before
    for batch in batches[heard_of:]:
        await deliver(connection, projector, batch)
    after = await digest(connection, toys)
    await rebuild(connection, VIEWS, toys, Shelf(log))
    assert await digest(connection, toys) == after


async def test_a_damaged_table_is_mended(connection: AsyncConnection[Any], reader: ViewReader) -> None:
    log = log_of(("T-1", doll()), ("T-2", doll()))
    await deliver(connection, Projector([toys]), log)
    before = await digest(connection, toys)
    await connection.execute(f"update view.{toys.table} set title = 'forged'".encode())
    assert await digest(connection, toys) != before
    await rebuild(connection, VIEWS, toys, Shelf(log))
    assert await digest(connection, toys) == before


async def test_a_view_of_another_shape_is_made_from_the_log_and_swapped_in(connection: AsyncConnection[Any], reader: ViewReader) -> None:
    log = log_of(("T-1", doll("one")), ("T-2", doll("two")), ("T-1", doll("three")))
    assert await prepare(connection, VIEWS, [titles]) == []
    await deliver(connection, Projector([titles]), log)
    assert await prepare(connection, VIEWS, [titles]) == []
    assert await prepare(connection, VIEWS, [loud_titles]) == [loud_titles]
    with pytest.raises(NotMade, match="view titles is being made from the log of toys"):
        await reader.rows(LoudTitleRow)
    steps: list[Progress] = []
    await rebuild(connection, VIEWS, loud_titles, Shelf(log, size=2), steps.append)
    assert [(step.position, step.goal) for step in steps] == [(2, 3), (3, 3)]
    assert [row.title for row in await reader.rows(LoudTitleRow)] == ["THREE", "TWO"]
    assert [known.until for known in await reader.history(LoudTitleRow, "T-1")] == [3, None]
    assert await prepare(connection, VIEWS, [loud_titles]) == []
    with pytest.raises(NotMade):
        await reader.rows(TitleRow)


async def test_a_view_that_waits_for_its_rebuild_is_left_alone(connection: AsyncConnection[Any], reader: ViewReader) -> None:
    log = log_of(("T-1", doll("one")), ("T-2", doll("two")))
    await deliver(connection, Projector([toys]), log[:1])
    await connection.execute("delete from view.registry where view = 'titles'")
    assert await prepare(connection, VIEWS, [loud_titles]) == [loud_titles]
    projector = Projector([toys, loud_titles])
    assert await deliver(connection, projector, log[1:]) == 1
    await rebuild(connection, VIEWS, loud_titles, Shelf(log))
    await deliver(connection, projector, [heard(3, "T-3", doll("three"))])
    assert [row.title for row in await reader.rows(LoudTitleRow)] == ["ONE", "TWO", "THREE"]


async def test_a_failed_rebuild_leaves_the_old_table(connection: AsyncConnection[Any], reader: ViewReader) -> None:
    log = log_of(("T-1", doll("stubborn")), ("T-1", Broken()))
    await connection.execute("delete from view.registry where view = 'titles'")
    await prepare(connection, VIEWS, [titles])
    await deliver(connection, Projector([titles]), log)
    with pytest.raises(FoldFailed, match="never"):
        await rebuild(connection, VIEWS, loud_titles, Shelf(log))
    assert [row.title for row in await reader.rows(TitleRow)] == ["stubborn"]


async def test_what_an_interrupted_rebuild_left_is_swept_away(connection: AsyncConnection[Any]) -> None:
    log = log_of(("T-1", doll()))
    await deliver(connection, Projector([toys]), log)
    await create(connection, toys, toys.table + "_beside")
    await rebuild(connection, VIEWS, toys, Shelf(log))
    await drop(connection, toys.table + "_beside")
    assert (await registered(connection, ["toys"]))["toys"][0] == toys.table


async def test_a_rebuild_stops_neither_appends_nor_readers(
    connection: AsyncConnection[Any], reader: ViewReader, projection_dsn: str
) -> None:
    log: list[Heard] = log_of(*[(f"T-{number}", doll()) for number in range(50)])
    projector = Projector([toys])
    await deliver(connection, projector, log)
    done = asyncio.Event()

    async def grow() -> None:
        async with await AsyncConnection.connect(projection_dsn, autocommit=True) as other:
            for position in count(51):
                log.append(heard(position, f"T-{position % 50}", doll(f"doll {position}")))
                await deliver(other, projector, log[-1:])
                if done.is_set():
                    return

    async def look() -> int:
        looks = 0
        while not done.is_set():
            async with reader.snapshot() as snapshot:
                assert await snapshot.count(ToyRow) == 50
                assert await snapshot.count(ToyRow, at=50) == 50
            assert len(await reader.rows(ToyRow)) == 50
            looks += 1
        return looks

    growing, looking = asyncio.create_task(grow()), asyncio.create_task(look())
    for _ in range(5):
        assert await rebuild(connection, VIEWS, toys, Shelf(log)) >= 50
    done.set()
    await growing
    assert await looking > 0
    incremental = await digest(connection, toys)
    await rebuild(connection, VIEWS, toys, Shelf(log))
    assert await digest(connection, toys) == incremental
    assert len(log) > 60


async def test_a_long_reader_keeps_the_swap_waiting_and_the_consumer_not(
    connection: AsyncConnection[Any], reader: ViewReader, projection_dsn: str
) -> None:
    log = log_of(("T-1", doll("one")), ("T-2", doll("two")))
    await deliver(connection, Projector([toys]), log)
    async with await AsyncConnection.connect(projection_dsn, autocommit=True) as other:

        async def swap_waits() -> bool:
            found = await other.execute("select from pg_locks where relation = 'view.registry'::regclass and not granted")
            return bool(found.rowcount)

        async with reader.snapshot() as snapshot:
            assert await snapshot.count(ToyRow) == 2
            rebuilding = asyncio.create_task(rebuild(connection, VIEWS, toys, Shelf(log)))
            while not await swap_waits():  # noqa: ASYNC110 - only the server knows
                await asyncio.sleep(0.01)
            log.append(heard(3, "T-1", doll("three")))
            await deliver(other, Projector([toys]), log[2:])
            assert [row.title for row in await snapshot.rows(ToyRow)] == ["one", "two"]
        incremental = await digest(other, toys)
        assert await rebuilding == 3
        assert await digest(other, toys) == incremental


async def test_a_key_released_during_a_rebuild_is_in_the_new_table(connection: AsyncConnection[Any], reader: ViewReader) -> None:
    log = log_of(("T-1", doll("one")), ("T-2", doll("two")), ("T-1", doll("mended")), ("T-2", doll("three")))
    await park(connection, "T-1", 3)
    projector = Projector([toys])
    await deliver(connection, projector, log)

    class Releasing(Shelf):
        async def read(self, upto: int) -> AsyncIterator[Sequence[Heard]]:
            async for batch in super().read(upto):
                yield batch
                async with connection.transaction():
                    if (await connection.execute("delete from view.parked where key = 'T-1'")).rowcount:
                        await projector.apply(connection, [log[2]])

    await rebuild(connection, VIEWS, toys, Releasing(log))
    rebuilt = await digest(connection, toys)
    assert [row.title for row in await reader.rows(ToyRow)] == ["mended", "three"]
    await rebuild(connection, VIEWS, toys, Shelf(log))
    assert await digest(connection, toys) == rebuilt
