"""The subscriber: tables and reactions follow the log without gap or repeat, whatever Kafka delivers."""

from aiokafka import AIOKafkaProducer

from shared.stream.wire import outgoing
from tests.shared.stream import post
from tests.shared.stream.branch import Branch, eventually, running

PARCELS = tuple(f"P-{number}" for number in range(40))


async def test_tables_and_reactions_follow_the_log_once(branch: Branch) -> None:
    async with running(branch.relay().run(), branch.subscriber().run()):
        await branch.post(*PARCELS, legs=3)
        await eventually(lambda: _receipts(branch, 40))
        await eventually(branch.caught_up)
    assert await branch.legs() == {f"parcel/{parcel}": 3 for parcel in PARCELS}
    assert len(await branch.events("ReceiptWritten")) == 40


async def test_a_second_worker_shares_the_load_and_takes_over(branch: Branch) -> None:
    async with running(branch.relay().run(), branch.subscriber().run()):
        await branch.post(*PARCELS[:20], legs=2)
        async with running(branch.subscriber().run()):
            await branch.post(*PARCELS[20:], legs=2)
            await eventually(lambda: _receipts(branch, 40))
        for parcel in PARCELS:
            await branch.do(post.Parcel, parcel, post.MoveParcel())
        await eventually(branch.caught_up)
    assert await branch.legs() == {f"parcel/{parcel}": 3 for parcel in PARCELS}
    assert len(await branch.events("ReceiptWritten")) == 40


async def test_records_that_come_again_change_nothing(branch: Branch) -> None:
    async with running(branch.relay().run(), branch.subscriber().run()):
        await branch.post(*PARCELS, legs=1)
        await eventually(lambda: _receipts(branch, 40))
        await eventually(branch.caught_up)
    await branch.rows("delete from view.relay returning 1")
    async with running(branch.relay().run(), branch.subscriber().run()):
        await branch.post("P-last", legs=1)
        await eventually(branch.caught_up)
    assert len(await branch.in_kafka()) > len(await branch.records())
    assert await branch.legs() == {f"parcel/{parcel}": 1 for parcel in (*PARCELS, "P-last")}
    assert len(await branch.events("ReceiptWritten")) == 41


async def test_a_hole_in_kafka_is_fetched_from_the_owners_feed(branch: Branch) -> None:
    await branch.post("P-1", legs=250)
    records = await branch.records()
    # Of one shard's records only the first and the last come by Kafka.
    await branch.publish(records[0], 0)
    await branch.publish(records[-1], records[-2].position)
    async with running(branch.subscriber().run()):
        await eventually(lambda: _legs(branch, 250))
    assert [("post", records[0].shard, records[0].position)] == branch.fetched[:1]
    assert len(await branch.events("ReceiptWritten")) == 1


async def test_what_is_no_record_of_the_log_is_set_aside(branch: Branch) -> None:
    await branch.post("P-1")
    genuine = (await branch.records())[0]
    await branch.topics.ensure(branch.topics.of("post"), branch.topics.quarantine)
    async with AIOKafkaProducer(**branch.topics.options) as producer:
        place = {"topic": branch.topics.of("post"), "partition": genuine.shard % 4}
        await producer.send_and_wait(**place, value=b"\xff", headers=[("binary", b"\xff\xfe")])
        await producer.send_and_wait(**place, key=b"P-1", value=None)
        _, headers = outgoing(genuine, 77)
        await producer.send_and_wait(**place, value=genuine.bytes, headers=[("position", b"99"), *headers[1:]])
    async with running(branch.relay().run(), branch.subscriber().run()):
        await branch.post("P-2")
        await eventually(lambda: _receipts(branch, 2))
        await eventually(branch.caught_up)
    assert set(await branch.legs()) == {"parcel/P-1", "parcel/P-2"}
    copies = await branch.in_kafka(branch.topics.quarantine)
    reasons = {dict(copy.headers)["reason"].decode() for copy in copies}
    assert any("headers position, shard and predecessor" in reason for reason in reasons)
    assert any("knows no record at position 99" in reason for reason in reasons)
    assert await branch.rows("select from view.parked") == []


async def test_offsets_go_with_the_topic_and_marks_with_the_log(branch: Branch) -> None:
    async with running(branch.relay().run(), branch.subscriber().run()):
        await branch.post(*PARCELS)
        await eventually(branch.caught_up)
    ends = {one.partition: one.offset + 1 for one in await branch.in_kafka()}
    kept = dict(await branch.rows("select partition, next_offset from view.kafka_offset"))
    assert kept == ends
    # Another topic under the same name: everything is read again, and nothing applied twice.
    await branch.rows("update view.kafka_offset set topic_id = 'another' returning 1")
    async with running(branch.relay().run(), branch.subscriber().run()):
        await branch.do(post.Parcel, "P-1", post.MoveParcel())
        await eventually(branch.caught_up)
    assert (await branch.legs())["parcel/P-1"] == 1
    assert len(await branch.events("ReceiptWritten")) == 40


async def test_an_event_of_a_later_release_is_skipped(branch: Branch) -> None:
    await branch.post("P-1")
    (record,) = await branch.records()
    await branch.publish(record, 0, record.bytes.replace(b"post.ParcelPosted.v1", b"post.ParcelScented.v1"))
    async with running(branch.subscriber().run()):
        await eventually(branch.caught_up)
    assert await branch.legs() == {}
    assert await branch.rows("select from view.parked") == []


async def _receipts(branch: Branch, number: int) -> bool:
    return len(await branch.events("ReceiptWritten")) >= number


async def _legs(branch: Branch, number: int, parcel: str = "parcel/P-1") -> bool:
    return (await branch.legs()).get(parcel) == number
