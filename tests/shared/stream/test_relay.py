"""The relay: what is in the log is in Kafka, byte for byte, in order, with its place beside it."""

import asyncio
from itertools import groupby

from kafka import KafkaAdminClient

from shared.ledger.shards import shard_of
from shared.stream.relay import Status
from tests.shared.stream import post
from tests.shared.stream.branch import Branch, eventually, running


async def relayed(branch: Branch) -> bool:
    last = await branch.log.last_position()
    return [(last,)] == await branch.rows("select position from view.relay")


async def test_every_record_is_in_kafka_once_in_order_with_its_predecessor(branch: Branch) -> None:
    await branch.post(*(f"P-{number}" for number in range(30)), legs=3)
    async with running(branch.relay().run()):
        await eventually(lambda: relayed(branch))
    sent = await branch.in_kafka()
    records = {record.position: record for record in await branch.records()}
    assert sorted(int(dict(one.headers)["position"]) for one in sent) == sorted(records)
    for one in sent:
        headers = {name: value.decode("ascii") for name, value in one.headers}
        record = records[int(headers["position"])]
        assert one.value == record.bytes
        assert int(headers["shard"]) == record.shard == shard_of(record.stream)
        assert one.partition == record.shard % 4
        assert one.key == record.stream.encode()
        assert headers["ce_type"].startswith("minutebook.post.Parcel")
        assert headers["traceparent"].startswith("00-")
    by_shard = sorted(sent, key=lambda one: int(dict(one.headers)["shard"]))
    for _, shard in groupby(by_shard, key=lambda one: dict(one.headers)["shard"]):
        before = 0
        for one in shard:
            assert int(dict(one.headers)["predecessor"]) == before
            before = int(dict(one.headers)["position"])


async def test_one_relay_works_and_another_takes_over(branch: Branch) -> None:
    first, second = branch.relay(), branch.relay()
    async with running(second.run()):
        async with running(first.run()):
            await eventually(lambda: _is(first.status == Status.RELAYING or second.status == Status.RELAYING))
            await branch.post("P-1", "P-2")
            await eventually(lambda: relayed(branch))
            assert {first.status, second.status} == {Status.RELAYING, Status.STANDBY}
        await branch.post("P-3")
        await eventually(lambda: relayed(branch))
    assert len(await branch.in_kafka()) == 3


async def test_a_topic_that_was_made_again_is_filled_from_the_start(branch: Branch) -> None:
    await branch.post("P-1", "P-2", legs=1)
    async with running(branch.relay().run()):
        await eventually(lambda: relayed(branch))
    await asyncio.to_thread(_delete, branch)
    await branch.post("P-3")
    async with running(branch.relay().run()):
        await eventually(lambda: relayed(branch))
        assert {int(dict(one.headers)["position"]) for one in await branch.in_kafka()} == set(range(1, 6))


async def test_a_topic_that_lost_its_end_is_filled_again(branch: Branch) -> None:
    await branch.post("P-1", "P-2", legs=1)
    async with running(branch.relay().run()):
        await eventually(lambda: relayed(branch))
    await branch.rows("update view.relay set ends = (select jsonb_object_agg(key, value::int + 1) from jsonb_each(ends)) returning 1")
    async with running(branch.relay().run()):
        await eventually(lambda: _count(branch, 8))
    assert {int(dict(one.headers)["position"]) for one in await branch.in_kafka()} == set(range(1, 5))


async def test_a_forged_row_stops_the_relay_before_it_and_reaches_neither_kafka_nor_a_table(branch: Branch) -> None:
    await branch.post("P-1", "P-2")
    with branch.office.as_superuser() as superuser:
        superuser.execute(
            "insert into log.record select 3, bytes, stream, 2, gen_random_uuid(), batch, 0, shard, recorded"
            " from log.record where position = 2"
        )
    relay = branch.relay()
    async with running(branch.subscriber().run()):
        await asyncio.wait_for(relay.run(), 60)
        await eventually(lambda: _has_rows(branch, 2))
    assert relay.status == Status.FORGED
    assert relay.position == 2
    assert "position 3" in (relay.trouble or "")
    assert len(await branch.in_kafka()) == 2
    assert await branch.rows("select max(_position) from view." + post.parcels.table) == [(2,)]


def _delete(branch: Branch) -> None:
    admin = KafkaAdminClient(**branch.topics.options)
    admin.delete_topics([branch.topics.of("post")])
    admin.close()


async def _has_rows(branch: Branch, number: int) -> bool:
    return len(await branch.legs()) == number


async def _is(value: bool) -> bool:
    return value


async def _count(branch: Branch, number: int) -> bool:
    return len(await branch.in_kafka()) == number
