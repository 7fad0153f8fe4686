"""A real log as the source of a rebuild, with the rights of the service only."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from psycopg import AsyncConnection

from deploy.postgres import Postgres
from shared.contracts.event import Event
from shared.ledger.log import Log
from shared.ledger.record import Append, Appended, NewRecord
from shared.ledger.shards import shard_of
from shared.projection.digest import digest
from shared.projection.fold import Projector
from shared.projection.marks import VIEWS
from shared.projection.prepare import prepare
from shared.projection.rebuild import rebuild
from shared.projection.schema import install
from shared.projection.source import OwnLog
from tests.shared.ledger.office import Office
from tests.shared.projection.toys import Broken, Discounted, Looked, PartAdded, deliver, doll, heard, parts, toys


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
    toy_events = (doll(), PartAdded(part="wheel"), Discounted(by=1), Looked())
    await append(log, "T-1", *toy_events)
    await append(log, "T-2", doll("ball"), Broken(), doll("ball again"))
    async with await AsyncConnection.connect(office.dsn, autocommit=True) as connection:
        await install(connection)
        assert await prepare(connection, VIEWS, [toys, parts]) == []
        every = [found async for batch in OwnLog(log, toys).read(7) for found in batch]
        every += [found async for batch in OwnLog(log, parts).read(7) for found in batch]
        assert [found.position for found in every] == [1, 3, 4, 5, 6, 7, 2]
        await deliver(connection, Projector([toys, parts]), sorted(every, key=_position))
        before = [await digest(connection, view) for view in (toys, parts)]
        assert [await rebuild(connection, VIEWS, view, OwnLog(log, view)) for view in (toys, parts)] == [7, 7]
        assert [await digest(connection, view) for view in (toys, parts)] == before
    await log.close()
    await keystore.close()


def _position(record: Any) -> int:
    return int(record.position)
