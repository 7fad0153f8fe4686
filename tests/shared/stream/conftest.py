"""Fixtures: a branch of the post with a log, tables and topics of its own."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from deploy.kafka import Kafka
from deploy.postgres import Postgres
from tests.shared.ledger.office import Office
from tests.shared.stream import post
from tests.shared.stream.branch import Branch, some_topics


@pytest.fixture
def office(postgres: Postgres, tmp_path: Path) -> Iterator[Office]:
    founded = Office.found(postgres.superuser_dsn, tmp_path)
    yield founded
    founded.close()


@pytest.fixture
async def branch(office: Office, kafka: Kafka) -> AsyncIterator[Branch]:
    """A branch on the shared servers, with nothing running."""
    async with Branch.opened(office, some_topics(kafka)) as opened:
        yield opened
    post.BROKEN.clear()
