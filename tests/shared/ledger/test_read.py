"""What the log gives back."""

from datetime import timedelta
from uuid import uuid4

import pytest

from shared.ledger.log import Log
from shared.ledger.record import Forged, Outcome
from shared.ledger.shards import SHARDS, shard_of
from tests.shared.ledger.office import Office, appended, command, now


async def test_a_stream_is_read_in_order_from_any_version(log: Log) -> None:
    await appended(log, command("gate/1", records=3))
    await appended(log, command("gate/2"))
    await appended(log, command("gate/1", expected=3))
    assert [record.version for record in await log.stream("gate/1")] == [1, 2, 3, 4]
    assert [record.version for record in await log.stream("gate/1", after_version=3)] == [4]
    assert await log.stream("gate/3") == []


async def test_what_is_read_is_byte_for_byte_what_was_appended(log: Log) -> None:
    asked = command("gate/1", records=2)
    await appended(log, asked)
    assert [record.bytes for record in await log.stream("gate/1")] == [record.bytes for record in asked.records]


async def test_a_shard_is_read_in_order_and_each_shard_knows_its_last_position(log: Log) -> None:
    for number in range(100):
        await appended(log, command(f"gate/{number}"))
    for shard in (shard_of("gate/0"), shard_of("gate/1")):
        expected = [number + 1 for number in range(100) if shard_of(f"gate/{number}") == shard]
        assert [record.position for record in await log.by_shard(shard, 0)] == expected
        assert [record.position for record in await log.by_shard(shard, expected[0], limit=1)] == expected[1:2]
    before = await log.predecessors(50)
    assert set(before) == set(range(SHARDS))
    assert before[shard_of("gate/49")] == 50
    assert max(before.values()) == 50
    assert max((await log.predecessors(100)).values()) == await log.last_position() == 100


async def test_a_command_is_found_by_its_id_once_it_acted(log: Log) -> None:
    asked = command("gate/1", records=2)
    assert await log.find_command(asked.command) is None
    await appended(log, asked)
    assert await log.find_command(asked.command) == Outcome("ada", asked.body_hash, "gate/1", 2, 1, 2)
    assert await log.find_command(uuid4()) is None


async def test_an_empty_log_has_no_positions(log: Log) -> None:
    assert await log.last_position() == await log.position_at(now() + timedelta(days=1)) == 0
    assert await log.page(0) == []
    assert set((await log.predecessors(0)).values()) == {0}


async def test_a_decision_is_never_made_on_a_stream_that_was_tampered_with(office: Office, log: Log) -> None:
    await appended(log, command("gate/1", records=3))
    with office.as_superuser() as superuser:
        superuser.execute("delete from log.record where version = 2")
        with pytest.raises(Forged, match="no version 2"):
            await log.stream("gate/1")
        superuser.execute(
            "insert into log.record select 2, bytes, stream, 2, command, batch, 1, shard, recorded from log.record where version = 1"
        )
        with pytest.raises(Forged, match="position 2: the bytes are not what was signed"):
            await log.stream("gate/1")


def test_the_shard_of_a_key_never_changes() -> None:
    assert [shard_of(key) for key in ("gate/1", "initiative/7", "")] == [46, 51, 20]
