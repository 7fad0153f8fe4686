"""Reactions: named, found by their annotations, and the same command under the same id however often they are asked."""

from collections.abc import Iterator

import pytest

from shared.contracts.envelope import Envelope, Heard
from shared.domain.given import Given
from shared.stream.react import Do, Reaction
from shared.stream.reactions import Reactions
from tests.shared.stream import post
from tests.shared.stream.branch import Branch, eventually, running
from tests.shared.stream.test_continuity import record


def twice(event: post.ParcelPosted | post.ParcelMoved, heard: Heard, given: Given) -> Iterator[Do]:
    identity = post.identity_of(heard)
    if not given.of(post.PostReceipt, identity).exists:
        yield Do(post.PostReceipt, identity, post.WriteReceipt(parcel=identity))
    yield Do(post.Parcel, identity, post.ChaseParcel())
    yield Do(post.Parcel, identity, post.ChaseParcel())


def heard_of() -> Heard:
    envelope = record(1, "parcel/P-1", 0)
    return Heard("post", 1, Envelope.decode(envelope.bytes), post.ParcelPosted())


def test_a_reaction_is_found_by_its_annotation_also_for_several_events() -> None:
    reaction = Reaction.of(twice)
    assert reaction.name == "test_react.twice"
    assert {event.__name__ for event in reaction.events} == {"ParcelPosted", "ParcelMoved"}


def test_a_function_that_names_no_event_is_no_reaction() -> None:
    def wrong(event: str, heard: Heard, given: Given) -> Iterator[Do]:
        yield from ()

    def short(event: post.ParcelPosted) -> Iterator[Do]:
        yield from ()

    with pytest.raises(TypeError, match="annotate event"):
        Reaction.of(wrong)
    with pytest.raises(TypeError, match="takes 3 parameters"):
        Reaction.of(short)


def test_what_is_left_to_do_keeps_its_command_ids() -> None:
    reaction, heard = Reaction.of(twice), heard_of()
    receipt = Do(post.PostReceipt, "P-1", post.WriteReceipt(parcel="P-1"))
    chase = Do(post.Parcel, "P-1", post.ChaseParcel())
    all_of_it = [command for command, _ in reaction.commands(heard, [receipt, chase, chase])]
    assert len(set(all_of_it)) == 3
    assert [command for command, _ in reaction.commands(heard, [chase, chase])] == all_of_it[1:]


async def test_a_reaction_that_was_half_done_is_finished(branch: Branch) -> None:
    """The worker dies after the first of three commands; asked again, the reaction leaves that one out."""
    await branch.post("P-1")
    async with running(branch.relay().run(), branch.subscriber().run()):
        await eventually(branch.caught_up)
    assert len(await branch.events("ReceiptWritten")) == 1
    reactions = Reactions("post", [twice], branch.handler, None, branch.record)
    (envelope,) = await branch.events("ParcelPosted")
    heard = Heard("post", 1, envelope, envelope.event())
    async with branch.pool.connection() as connection:
        for _ in range(3):
            assert await reactions.apply(connection, [heard]) == []
    assert len(await branch.events("ParcelChased")) == 2


async def test_a_refusal_that_a_fresh_look_heals_is_none(branch: Branch) -> None:
    """Somebody else writes the receipt between the reaction's look and its command."""
    asked = 0

    def late(event: post.ParcelPosted, heard: Heard, given: Given) -> Iterator[Do]:
        nonlocal asked
        asked += 1
        if asked == 1 or not given.of(post.PostReceipt, "P-1").exists:
            yield Do(post.PostReceipt, "P-1", post.WriteReceipt(parcel="P-1"))

    await branch.post("P-1")
    await branch.do(post.PostReceipt, "P-1", post.WriteReceipt(parcel="P-1"))
    (envelope,) = await branch.events("ParcelPosted")
    reactions = Reactions("post", [late], branch.handler, None, branch.record)
    async with branch.pool.connection() as connection:
        assert await reactions.apply(connection, [Heard("post", 1, envelope, envelope.event())]) == []
    assert branch.refusals == []
