"""Fixtures: a fresh log for every test."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from deploy.postgres import Postgres
from shared.ledger.log import Log
from tests.shared.ledger.office import Office


@pytest.fixture
def office(postgres: Postgres, tmp_path: Path) -> Iterator[Office]:
    """An office with an empty log."""
    founded = Office.found(postgres.superuser_dsn, tmp_path)
    yield founded
    founded.close()


@pytest.fixture
async def log(office: Office) -> AsyncIterator[Log]:
    """The office's log, open."""
    opened, keystore = await office.open()
    yield opened
    await opened.close()
    await keystore.close()


@pytest.fixture(scope="module")
def standing(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """An office shared by tests that only try what is refused."""
    founded = Office.found(postgres.superuser_dsn, tmp_path_factory.mktemp("standing"))
    yield founded
    founded.close()
