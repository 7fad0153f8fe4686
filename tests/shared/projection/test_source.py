"""A real log as the source of a rebuild, with the rights of the service only."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from decimal import Decimal
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from psycopg import AsyncConnection

from deploy.postgres import Postgres
from shared.contracts.envelope import Envelope
from shared.contracts.event import Event
from shared.ledger.log import Log
from shared.ledger.record import Append, Appended, NewRecord
from shared.ledger.shards import shard_of
from shared.projection.changes import FoldFailed
from shared.projection.digest import digest
from shared.projection.fold import Projector
from shared.projection.marks import VIEWS
from shared.projection.prepare import prepare
from shared.projection.reader import ViewReader
from shared.projection.rebuild import rebuild
from shared.projection.schema import install
from shared.projection.source import ByShard, OwnLog
from tests.shared.ledger.office import Office
from tests.shared.projection.toys import Broken, Discounted, Looked, PartAdded, ToyRow, deliver, doll, heard, park, parts, toys


@pytest.fixture
async def office(postgres: Postgres, tmp_path: Path) -> AsyncIterator[Office]:
    founded = Office.found(postgres.superuser_dsn, tmp_path)
    yield founded
    founded.close()


async def append(log: Log, toy: str, *events: Event) -> None:
    """Writes events of one toy, new to the log."""
    records = []
    command = UUID(int=await log.last_position() + 1)
    for version, event in enumerate(events, 1):
        envelope = replace(heard(version, toy, event).envelope, data=event.written()[0], streamversion=str(version), commandid=str(command))
        records.append(NewRecord(envelope.encode(), shard_of(toy), envelope.recorded))
    assert isinstance(await log.append(Append(command, "p-ann", b"", f"toy/{toy}", 0, tuple(records))), Appended)


async def test_the_services_own_log_makes_the_rows_that_were_folded(office: Office) -> None:
    log, keystore = await office.open()
    toy_events = (doll(), PartAdded(part="wheel"), Discounted(by=Decimal(1)), Looked())
    await append(log, "T-1", *toy_events)
    await append(log, "T-2", doll("ball"), Broken(), doll("ball again"))
    async with await AsyncConnection.connect(office.dsn, autocommit=True) as connection:
        await install(connection)
        assert await prepare(connection, VIEWS, [toys, parts]) == []
        every = [found async for batch in OwnLog(log, toys).read(7) for found in batch]
        every += [found async for batch in OwnLog(log, parts).read(7) for found in batch]
        assert [found.position for found in every] == [1, 3, 4, 5, 6, 7, 2]
        await deliver(connection, Projector([toys, parts]), sorted(every, key=attrgetter("position")))
        before = [await digest(connection, view) for view in (toys, parts)]
        assert [await rebuild(connection, VIEWS, view, OwnLog(log, view)) for view in (toys, parts)] == [7, 7]
        assert [await digest(connection, view) for view in (toys, parts)] == before
    await log.close()
    await keystore.close()


class Given(NamedTuple):
    position: int
    bytes: bytes


def fed(position: int, toy: str, event: Event, **data: Any) -> Given:
    """A record as a feed gives it out."""
    return Given(position, replace(heard(position, toy, event).envelope, data=event.written()[0] | data).encode())


class Feed:
    """Another service's log, given out by shard in small pages."""

    def __init__(self, *records: Given) -> None:
        self.records = records

    async def __call__(self, shard: int, after: int) -> Sequence[Given]:
        wanted = [record for record in self.records if shard_of(Envelope.decode(record.bytes).key) == shard]
        return [record for record in wanted if record.position > after][:4]


async def test_a_log_that_is_given_out_by_shard_makes_the_same_rows(connection: AsyncConnection[Any]) -> None:
    records = [(number, f"T-{number % 9}", doll(f"doll {number}")) for number in range(1, 101)]
    await deliver(connection, Projector([toys]), [heard(*record) for record in records])
    before = await digest(connection, toys)
    feed = Feed(*(fed(*record) for record in records))
    assert await rebuild(connection, VIEWS, toys, ByShard(feed, toys)) == 100
    assert await digest(connection, toys) == before


async def test_a_record_that_cannot_be_read_is_left_out_where_it_is_parked(connection: AsyncConnection[Any], reader: ViewReader) -> None:
    await deliver(connection, Projector([toys]), [heard(1, "T-1", doll()), heard(2, "T-1", Looked())])
    feed = Feed(fed(1, "T-1", doll()), fed(2, "T-1", Discounted(by=Decimal(1)), by="much"))
    with pytest.raises(FoldFailed, match="at toys 2"):
        await rebuild(connection, VIEWS, toys, ByShard(feed, toys))
    await park(connection, "T-1", 2)
    await rebuild(connection, VIEWS, toys, ByShard(feed, toys))
    assert [row.price for row in await reader.rows(ToyRow)] == [Decimal("10.50")]
