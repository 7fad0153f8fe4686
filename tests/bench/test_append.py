"""What `minutebook bench append` concludes from its rounds, and that its load is one that the ledger accepts."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import append, ours
from deploy.postgres import Postgres
from tests.shared.ledger.office import Office


def test_ratios_are_medians_of_rounds_not_ratios_of_medians() -> None:
    told = append.summary({append.LEDGER: [90.0, 1_000.0, 95.0], append.INSERT: [100.0, 500.0, 100.0]})
    assert told["ratios"] == [{"ours": append.LEDGER, "peer": append.INSERT, "ratio": 0.95, "target": 0.9, "met": True}]
    assert told["events_per_second"] == {append.LEDGER: 95, append.INSERT: 100}


def test_a_peer_that_was_skipped_is_compared_with_nothing() -> None:
    assert append.summary({append.LEDGER: [1.0]})["ratios"] == []


@pytest.fixture
def office(postgres: Postgres, tmp_path: Path) -> Iterator[Office]:
    founded = Office.found(postgres.superuser_dsn, tmp_path)
    yield founded
    founded.close()


async def test_the_load_is_accepted_and_stored_with_its_disclosures(office: Office) -> None:
    await ours.seconds(office.dsn, office.keys_dsn, office.directory, ours.commands(40, 3, True), callers=8)
    with office.as_superuser() as superuser:
        assert superuser.execute("select (select count(*) from log.record), (select count(*) from log.disclosure)").fetchone() == (120, 120)
