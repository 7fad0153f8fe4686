"""A database of its own, with the tables of the projection and empty views."""

from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import AsyncConnection
from psycopg.conninfo import make_conninfo
from psycopg_pool import AsyncConnectionPool

from deploy.postgres import Postgres
from shared.projection.marks import VIEWS
from shared.projection.prepare import prepare
from shared.projection.reader import ViewReader
from shared.projection.schema import install
from tests.shared.projection.toys import parts, toys


@pytest.fixture(scope="session")
def projection_dsn(postgres: Postgres) -> Iterator[str]:
    name = f"projection_{uuid4().hex[:8]}"
    with psycopg.connect(postgres.superuser_dsn, autocommit=True) as server:
        server.execute(f"create database {name}".encode())
    yield make_conninfo(postgres.superuser_dsn, dbname=name)
    with psycopg.connect(postgres.superuser_dsn, autocommit=True) as server:
        server.execute(f"drop database {name} with (force)".encode())


async def clear(connection: AsyncConnection[Any]) -> None:
    """As on the first day: nothing heard, empty tables."""
    await connection.execute("delete from view.mark; delete from view.parked")
    await prepare(connection, VIEWS, [toys, parts])
    for table in (toys.table, toys.table + "_h", parts.table):
        await connection.execute(f"delete from view.{table}".encode())


@pytest.fixture
async def connection(projection_dsn: str) -> AsyncIterator[AsyncConnection[Any]]:
    async with await AsyncConnection.connect(projection_dsn, autocommit=True) as connection:
        await install(connection)
        await clear(connection)
        yield connection


@pytest.fixture
async def pool(projection_dsn: str, connection: AsyncConnection[Any]) -> AsyncIterator[AsyncConnectionPool[Any]]:
    async with AsyncConnectionPool(projection_dsn, min_size=1, max_size=4, open=False, kwargs={"autocommit": True}) as pool:
        yield pool


@pytest.fixture
async def reader(pool: AsyncConnectionPool[Any]) -> AsyncIterator[ViewReader]:
    reader = ViewReader(pool)
    yield reader
    await reader.close()
