"""Continuity as a property: duplicated, missing and reordered deliveries change nothing about what is applied, and in which order."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.envelope import Envelope
from shared.stream.continuity import FeedBroken, Place, admit
from shared.stream.wire import Fed, Incoming, read

KEYS = ("post/a", "post/b", "post/c")


def record(position: int, key: str, predecessor: int) -> Incoming:
    """A record of a log, as read."""
    ids = "00000000-0000-7000-8000-000000000000"
    envelope = Envelope(
        id=ids,
        source="/offices/hub/post",
        type="minutebook.post.Unheard.v1",
        subject=key,
        time="2026-03-02T12:00:00.000Z",
        recordedtime="2026-03-02T12:00:00.000Z",
        streamversion="1",
        actor="p-ann",
        role="clerk",
        office="hub",
        authn="token",
        correlationid=ids,
        causationid=ids,
        commandid=ids,
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        classification="internal",
        data={"n": position},
    )
    return read("post", position, predecessor, envelope.encode())


def log_of(keys: Sequence[str]) -> list[Incoming]:
    """A log in which record n has key n."""
    before: dict[str, int] = {}
    made = []
    for position, key in enumerate(keys, 1):
        made.append(record(position, key, before.get(key, 0)))
        before[key] = position
    return made


@given(st.lists(st.sampled_from(KEYS), min_size=1, max_size=30), st.data())
def test_any_delivery_admits_a_gap_free_prefix_of_each_shard_once(keys: list[str], data: st.DataObject) -> None:
    log = log_of(keys)

    async def feed(_: str, shard: int, after: int) -> list[Fed]:
        page = [one for one in log if one.shard == shard and one.position > after]
        return [Fed(one.position, one.predecessor, one.bytes) for one in page][:3]

    batches = data.draw(st.lists(st.lists(st.sampled_from(log), max_size=12), max_size=8))
    marks: dict[Place, int] = {}
    applied: list[Incoming] = []
    for batch in batches:
        admitted = asyncio.run(admit(batch, marks, feed))
        assert not admitted.foreign
        applied += admitted.records
        marks |= admitted.marks
    for shard in {one.shard for one in log}:
        expected = [one.position for one in log if one.shard == shard and one.position <= marks.get(("post", shard), 0)]
        assert [one.position for one in applied if one.shard == shard] == expected


async def test_a_hole_larger_than_one_transaction_takes_is_filled_in_parts() -> None:
    log = log_of(["post/a"] * 6000)

    async def feed(_: str, shard: int, after: int) -> list[Fed]:
        return [Fed(one.position, one.predecessor, one.bytes) for one in log[after : after + 1000]]

    marks: dict[Place, int] = {}
    first = await admit([log[-1]], marks, feed)
    assert not first.complete
    marks |= first.marks
    second = await admit([log[-1]], marks, feed)
    assert second.complete
    assert [one.position for one in first.records + second.records] == list(range(1, 6001))


async def test_a_record_that_its_log_does_not_know_is_not_admitted() -> None:
    log = log_of(["post/a", "post/a"])

    async def feed(_: str, shard: int, after: int) -> list[Fed]:
        return [Fed(one.position, one.predecessor, one.bytes) for one in log if one.position > after]

    admitted = await admit([record(9, "post/a", 7)], {}, feed)
    assert [one.position for one in admitted.records] == [1, 2]
    assert [incoming.position for incoming, _ in admitted.foreign] == [9]


async def test_a_feed_that_contradicts_itself_is_not_believed() -> None:
    log = log_of(["post/a", "post/a", "post/a"])

    async def feed(_: str, shard: int, after: int) -> list[Fed]:
        return [Fed(log[1].position, log[1].predecessor, log[1].bytes)]

    with pytest.raises(FeedBroken, match="puts 2"):
        await admit([log[2]], {}, feed)
