"""Fixtures: the council, running on a log of its own."""

from collections.abc import AsyncIterator

import pytest

from deploy.postgres import Postgres
from tests.shared.web.site import Council, council_at


@pytest.fixture(scope="session")
async def council(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Council]:
    """A council in session, one for all tests; each takes motions of its own."""
    async with council_at(postgres.superuser_dsn, tmp_path_factory.mktemp("council")) as running:
        yield running
