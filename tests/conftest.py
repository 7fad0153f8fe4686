"""Fixtures of the whole suite."""

from collections.abc import Iterator

import pytest

from deploy.kafka import Kafka
from deploy.postgres import Postgres
from tests.servers import running_kafka, running_postgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A running PostgreSQL, one for the whole run. `postgres.superuser_dsn` makes databases and roles."""
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def kafka() -> Iterator[Kafka]:
    """A running Kafka, one for the whole run. `kafka.bootstrap` is its address; nothing creates topics by itself."""
    with running_kafka() as server:
        yield server
