"""Fixtures: an empty log for every test."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.postgres import Postgres
from shared.ledger.log import Log
from tests.shared.ledger.office import Office


@pytest.fixture(scope="session")
def founded(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """One office for all tests: to make databases takes longer than most tests."""
    office = Office.found(postgres.superuser_dsn, tmp_path_factory.mktemp("office"))
    yield office
    office.close()


@pytest.fixture
def office(founded: Office, tmp_path: Path) -> Office:
    """An office with an empty log and a new signing key."""
    founded.empty()
    return replace(founded, directory=tmp_path)


@pytest.fixture
def own_office(postgres: Postgres, tmp_path: Path) -> Iterator[Office]:
    """An office whose schema or roles a test may spoil."""
    office = Office.found(postgres.superuser_dsn, tmp_path)
    yield office
    office.close()


@pytest.fixture
async def log(office: Office) -> AsyncIterator[Log]:
    """The office's log, open."""
    opened, keystore = await office.open()
    yield opened
    await opened.close()
    await keystore.close()
