"""Marks: one consumer at a time, never back."""

import asyncio
from typing import Any

import pytest
from psycopg import AsyncConnection

from shared.projection.marks import MarkMovedBack, Marks
from shared.projection.schema import install


async def test_nothing_heard_is_position_0(connection: AsyncConnection[Any]) -> None:
    async with connection.transaction():
        assert await Marks.lock(connection, "fresh", "toys", [7, 3]) == {3: 0, 7: 0}


async def test_marks_are_where_they_were_moved_to(connection: AsyncConnection[Any]) -> None:
    async with connection.transaction():
        await Marks.lock(connection, "c", "toys", [1, 2])
        await Marks.move(connection, "c", "toys", {1: 10, 2: 12})
    async with connection.transaction():
        assert await Marks.lock(connection, "c", "toys", [1]) == {1: 10}
        assert await Marks.lock(connection, "other", "toys", [1]) == {1: 0}
    assert (await Marks.read(connection, "c", "toys"))[2] == 12


async def test_a_mark_does_not_move_back(connection: AsyncConnection[Any]) -> None:
    async with connection.transaction():
        await Marks.lock(connection, "c", "toys", [1])
        await Marks.move(connection, "c", "toys", {1: 10})
    with pytest.raises(MarkMovedBack, match="not every mark rises"):
        await Marks.move(connection, "c", "toys", {1: 9})


async def test_a_mark_that_nobody_locked_does_not_move(connection: AsyncConnection[Any]) -> None:
    with pytest.raises(MarkMovedBack):
        await Marks.move(connection, "stranger", "toys", {1: 9})


async def test_a_mark_moves_with_its_transaction_or_not_at_all(connection: AsyncConnection[Any]) -> None:
    async with connection.transaction(force_rollback=True):
        await Marks.lock(connection, "c", "toys", [1])
        await Marks.move(connection, "c", "toys", {1: 10})
    assert (await Marks.read(connection, "c", "toys")).get(1, 0) == 0


async def test_the_second_consumer_waits_and_sees_what_the_first_did(connection: AsyncConnection[Any], projection_dsn: str) -> None:
    async def lock(shards: list[int]) -> dict[int, int]:
        async with await AsyncConnection.connect(projection_dsn, autocommit=True) as other, other.transaction():
            return await Marks.lock(other, "c", "toys", shards)

    async with connection.transaction():
        await Marks.lock(connection, "c", "toys", [5])
        waiting = asyncio.create_task(lock([1, 5]))
        await Marks.move(connection, "c", "toys", {5: 1})
    assert await waiting == {1: 0, 5: 1}


async def test_consumers_that_start_at_once_do_not_block_each_other_for_ever(connection: AsyncConnection[Any], projection_dsn: str) -> None:
    async def start(shards: list[int]) -> None:
        async with await AsyncConnection.connect(projection_dsn, autocommit=True) as other, other.transaction():
            marks = await Marks.lock(other, "crowd", "toys", shards)
            await Marks.move(other, "crowd", "toys", {shard: position + 1 for shard, position in marks.items()})

    await asyncio.gather(*(start(shards) for shards in ([1, 2, 3], [3, 2], [2, 63], [63, 1])))
    marks = await Marks.read(connection, "crowd", "toys")
    assert {shard: marks[shard] for shard in (1, 2, 3, 63)} == {1: 2, 2: 3, 3: 2, 63: 2}


async def test_the_tables_are_made_once_however_often_they_are_asked_for(connection: AsyncConnection[Any], projection_dsn: str) -> None:
    async def make() -> None:
        async with await AsyncConnection.connect(projection_dsn) as other:
            await install(other)

    await asyncio.gather(make(), make(), make())
    await install(connection)
