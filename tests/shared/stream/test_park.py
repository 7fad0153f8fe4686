"""Quarantine: a record that cannot be applied holds up its own key and nothing else, and is mended by replay."""

from typing import Annotated

import pytest
from pydantic import BaseModel, Field

from shared.ledger.shards import shard_of
from shared.stream.park import UNREADABLE, Replayed
from tests.shared.stream import post
from tests.shared.stream.branch import Branch, eventually, running

BAD = "parcel/P-bad"


async def test_a_poisoned_record_parks_its_key_while_others_go_on_and_replay_heals(branch: Branch) -> None:
    post.BROKEN.add(BAD)
    async with running(branch.relay().run(), branch.subscriber().run()):
        await branch.post("P-bad", "P-1", "P-2", legs=3)
        await eventually(branch.caught_up)
        assert await branch.legs() == {BAD: 0, "parcel/P-1": 3, "parcel/P-2": 3}
        parked = await branch.rows("select log, key, position, reason from view.parked where consumer = 'views'")
        assert [(log, key) for log, key, _, _ in parked] == [("post", BAD)]
        assert "this fold is broken" in parked[0][3]
        # Later records wait behind it, also those of later batches, and the other keys still go on.
        await branch.do(post.Parcel, "P-bad", post.MoveParcel())
        await branch.do(post.Parcel, "P-1", post.MoveParcel())
        await eventually(branch.caught_up)
        assert await branch.legs() == {BAD: 0, "parcel/P-1": 4, "parcel/P-2": 3}
        waiting = await branch.rows("select position, reason, way_out from view.parked_record where consumer = 'views' order by position")
        assert len(waiting) == 4
        assert "replay" in waiting[0][2] and "waits behind" in waiting[1][1]

        still = await branch.quarantine().replay("post", BAD)
        assert (still.applied, still.left) == (0, 4)

        post.BROKEN.clear()
        healed = await branch.quarantine().replay("post", BAD)
        assert healed.left == 0
        assert (await branch.legs())[BAD] == 4
        assert await branch.rows("select from view.parked") == await branch.rows("select from view.parked_record") == []
        # The worker has remembered an older row; it does not use it.
        await branch.do(post.Parcel, "P-bad", post.MoveParcel())
        await eventually(branch.caught_up)
        assert (await branch.legs())[BAD] == 5
    copies = await branch.in_kafka(branch.topics.quarantine)
    assert {copy.key for copy in copies} == {BAD.encode()}
    assert "this fold is broken" in dict(copies[0].headers)["reason"].decode()
    assert len(await branch.events("ReceiptWritten")) == 3


async def test_a_reaction_does_not_run_ahead_of_a_table_that_waits(branch: Branch) -> None:
    post.BROKEN.add(BAD)
    await branch.post("P-bad", legs=1)
    async with running(branch.relay().run(), branch.subscriber().run()):
        await eventually(branch.caught_up)
        assert await branch.events("ReceiptWritten") == []
        post.BROKEN.clear()
        assert await branch.quarantine().replay("post", BAD) == Replayed(3, 0)
        assert len(await branch.events("ReceiptWritten")) == 1


async def test_a_refused_reaction_is_recorded_and_parks_its_key_until_it_is_possible(branch: Branch) -> None:
    await branch.do(post.Window, "P-1", post.ShutWindow())
    await branch.post("P-1", "P-2")
    async with running(branch.relay().run(), branch.subscriber().run()):
        await eventually(branch.caught_up)
        (refusal,) = branch.refusals
        assert (refusal.reaction, refusal.rule, refusal.command) == ("post.acknowledge", "window", "write-receipt")
        assert refusal.subject == "post-receipt/P-1"
        parked = await branch.rows("select consumer, key, shard, reason from view.parked")
        assert parked == [("reactions", "parcel/P-1", shard_of("parcel/P-1"), parked[0][3])]
        assert "the window of P-1 is shut" in parked[0][3]
        assert [envelope.data["parcel"] for envelope in await branch.events("ReceiptWritten")] == ["P-2"]
        assert (await branch.quarantine().replay("post", "parcel/P-1")).left == 1


async def test_a_record_that_this_release_cannot_read_parks_its_key(branch: Branch) -> None:
    await branch.post("P-1", "P-2")
    async with running(branch.subscriber().run()):
        bad = await branch.first("parcel/P-1")
        await branch.publish(bad, 0, bad.bytes.replace(b'"due"', b'"dew"'))
        good = await branch.first("parcel/P-2")
        await branch.publish(good, 0)
        await eventually(lambda: _reaction_marks(branch, 2))
    assert set(await branch.legs()) == {"parcel/P-2"}
    rows = await branch.rows("select consumer, key, reason from view.parked order by consumer desc")
    assert [(consumer, key) for consumer, key, _ in rows] == [("views", "parcel/P-1"), ("reactions", "parcel/P-1")]
    assert "dew: Extra inputs are not permitted" in rows[0][2]


async def _reaction_marks(branch: Branch, number: int) -> bool:
    return len(await branch.rows("select from view.mark where consumer = 'reactions' and position > 0")) >= number


async def test_a_record_that_only_a_later_release_can_read_is_read_by_it(branch: Branch, monkeypatch: pytest.MonkeyPatch) -> None:
    """The earlier release takes two legs at most; what it could not read waits for both consumers, and nothing else does."""

    class ParcelMoved(BaseModel):
        leg: Annotated[int, Field(le=2)]

    await branch.post("P-far", legs=3)
    await branch.post("P-1", "P-2", legs=2)
    read = post.ParcelMoved.read
    with monkeypatch.context() as earlier:
        earlier.setattr(post.ParcelMoved, "read", lambda data: read(ParcelMoved.model_validate(data).model_dump()))
        async with running(branch.relay().run(), branch.subscriber().run()):
            await eventually(branch.caught_up)
            assert await branch.legs() == {"parcel/P-far": 2, "parcel/P-1": 2, "parcel/P-2": 2}
            parked = await branch.quarantine().parked()
            assert [(one.consumer, one.key) for one in parked] == [("views", "parcel/P-far"), ("reactions", "parcel/P-far")]
            assert parked[0].records == 1
            assert "leg: Input should be less than or equal to 2" in parked[0].reason and parked[0].way_out == UNREADABLE
            (still,) = (await branch.quarantine().replay_all()).values()
            assert (still.applied, still.left, still.reason) == (0, 1, parked[0].reason)

    async with running(branch.relay().run(), branch.subscriber().run()):
        (healed,) = (await branch.quarantine().replay_all()).values()
        assert healed.applied >= 2 and healed.left == 0
        assert await branch.quarantine().parked() == []
        await branch.do(post.Parcel, "P-far", post.MoveParcel())
        await eventually(branch.caught_up)
    # What a fold of the log says.
    folded = {one.subject: one.data["leg"] for one in await branch.events("ParcelMoved")}
    assert await branch.legs() == folded == {"parcel/P-far": 4, "parcel/P-1": 2, "parcel/P-2": 2}
    assert sorted(one.data["parcel"] for one in await branch.events("ReceiptWritten")) == ["P-1", "P-2", "P-far"]
