"""Timers: due once, whoever takes them, across restarts."""

from datetime import UTC, datetime, timedelta

from shared.stream.timers import command_id
from tests.shared.stream import post
from tests.shared.stream.branch import Branch, eventually, running

DUE = datetime(2030, 1, 1, 12, tzinfo=UTC)
LATER = DUE + timedelta(minutes=1)


async def scheduled(branch: Branch, parcels: int) -> None:
    """Parcels that are to be chased at DUE, heard of."""
    for number in range(parcels):
        await branch.do(post.Parcel, f"P-{number}", post.PostParcel(due=DUE))
    async with running(branch.relay().run(), branch.subscriber().run()):
        await eventually(branch.caught_up)


async def test_nothing_fires_before_it_is_due(branch: Branch) -> None:
    await scheduled(branch, 2)
    assert await branch.timers(DUE - timedelta(milliseconds=1)).fire_due() == 0
    assert await branch.timers(DUE).fire_due() == 2
    assert await branch.timers(LATER).fire_due() == 0


async def test_two_workers_fire_every_timer_once(branch: Branch) -> None:
    await scheduled(branch, 250)
    workers = [branch.timers(LATER), branch.timers(LATER)]
    async with running(*(worker.run() for worker in workers)):
        await eventually(lambda: _pending(branch, 0))
    chased = await branch.events("ParcelChased")
    assert len(chased) == len({envelope.subject for envelope in chased}) == 250


async def test_a_timer_whose_worker_died_after_the_append_acts_once(branch: Branch) -> None:
    await scheduled(branch, 3)
    assert await branch.timers(LATER).fire_due() == 3
    await branch.rows("update view.timer set fired = null returning 1")
    assert await branch.timers(LATER).fire_due() == 3
    assert len(await branch.events("ParcelChased")) == 3


async def test_a_cancelled_timer_does_not_fire(branch: Branch) -> None:
    await branch.do(post.Parcel, "P-1", post.PostParcel(due=DUE))
    await branch.do(post.Parcel, "P-1", post.MoveParcel())
    async with running(branch.relay().run(), branch.subscriber().run()):
        await eventually(branch.caught_up)
    assert await branch.timers(LATER).fire_due() == 0


async def test_what_a_timer_does_names_its_cause_and_its_due_time(branch: Branch) -> None:
    await scheduled(branch, 1)
    await branch.timers(LATER).fire_due()
    (posted,), (chased,) = await branch.events("ParcelPosted"), await branch.events("ParcelChased")
    assert chased.causationid == posted.id
    assert chased.commandid == str(command_id("chase parcel/P-0", DUE))
    assert (chased.actor, chased.role, chased.office) == ("service:post", "service", "hub")


async def test_a_timer_that_fails_waits_and_holds_up_no_other(branch: Branch) -> None:
    await scheduled(branch, 2)
    await branch.rows("update view.timer set command = 'no-such-command' where identity = 'P-0' returning 1")
    assert await branch.timers(LATER).fire_due() == 1
    assert await branch.rows("select identity from view.timer where fired is null and trouble like '%%no-such-command%%'") == [("P-0",)]
    assert await branch.timers(LATER).fire_due() == 0
    await branch.rows("update view.timer set command = 'chase-parcel' where identity = 'P-0' returning 1")
    assert await branch.timers(LATER + timedelta(minutes=1)).fire_due() == 1


async def _pending(branch: Branch, number: int) -> bool:
    return await branch.rows("select count(*) from view.timer where fired is null") == [(number,)]
