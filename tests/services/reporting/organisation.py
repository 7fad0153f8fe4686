"""The four services without Kafka: each with its own real log; what one says is handed to the others in order, and to the tables."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection, connect
from psycopg.conninfo import make_conninfo
from psycopg_pool import AsyncConnectionPool

from services.benefits.service import SERVICE as BENEFITS
from services.gates.seed import SEED, WHO, command_ids
from services.gates.service import SERVICE as GATES
from services.intake.service import SERVICE as INTAKE
from services.reporting.service import SERVICE as REPORTING
from shared.contracts.conduct import ReactionRefused
from shared.contracts.envelope import Envelope, Heard
from shared.ledger.handler import Handler
from shared.ledger.intent import Intent
from shared.ledger.shards import SHARDS, shard_of
from shared.projection.fold import Projector
from shared.projection.marks import VIEWS, Marks
from shared.projection.prepare import prepare
from shared.projection.reader import ViewReader
from shared.projection.schema import install
from shared.stream.reactions import Reactions
from tests.shared.ledger.office import Office

SERVICES = (REPORTING, GATES, INTAKE, BENEFITS)


async def _refused(command: UUID, event: ReactionRefused, cause: Heard) -> None:
    raise AssertionError(f"{event.reaction} was refused by {event.rule}: {event.because}")


@dataclass
class Organisation:
    """Handlers by service, and the tables of reporting in a database of their own."""

    handlers: dict[str, Handler]
    reactions: dict[str, Reactions]
    connection: AsyncConnection[Any]
    reader: ViewReader
    pool: AsyncConnectionPool[Any]
    projector: Projector = field(default_factory=lambda: Projector(REPORTING.views))
    heard: dict[str, int] = field(default_factory=dict)

    @property
    def reporting(self) -> Handler:
        return self.handlers["reporting"]

    async def settle(self) -> None:
        """Hand on what was said until nobody has anything to add."""
        while any([await self._hand_on(log) for log in self.handlers]):
            pass

    async def _hand_on(self, log: str) -> bool:
        after = self.heard.get(log, 0)
        records = await self.handlers[log].log.page(after)
        envelopes = [(record.position, Envelope.decode(record.bytes)) for record in records]
        batch = [Heard(log, position, envelope, envelope.event()) for position, envelope in envelopes]
        if not batch:
            return False
        self.heard[log] = batch[-1].position
        for reactions in self.reactions.values():
            assert await reactions.apply(self.connection, batch) == []
        async with self.connection.transaction():
            await Marks.lock(self.connection, VIEWS, log, range(SHARDS))
            await self.projector.apply(self.connection, batch)
            await Marks.move(self.connection, VIEWS, log, {shard_of(one.envelope.key): one.position for one in batch})
        return True


@asynccontextmanager
async def organisation(superuser: str, directory: Path) -> AsyncIterator[Organisation]:
    """Found it, with nothing on record but what it begins with; everything is gone afterwards."""
    async with AsyncExitStack() as stack:
        handlers, reactions = {}, {}
        for service in SERVICES:
            (directory / service.name).mkdir()
            office = Office.found(superuser, directory / service.name)
            stack.callback(office.close)
            log, keystore = await office.open()
            stack.push_async_callback(keystore.close)
            stack.push_async_callback(log.close)
            handler = handlers[service.name] = Handler(log, service.name, None, b"of this test")
            reactions[service.name] = Reactions(service.name, service.reactions, handler, None, _refused)
        name = f"views_{office.service}"
        with connect(superuser, autocommit=True) as server:
            server.execute(f"create database {name}".encode())
        stack.callback(_drop, superuser, name)
        dsn = make_conninfo(superuser, dbname=name)
        connection = await stack.enter_async_context(await AsyncConnection.connect(dsn, autocommit=True))
        await install(connection)
        assert await prepare(connection, VIEWS, REPORTING.views) == []
        pool = await stack.enter_async_context(AsyncConnectionPool(dsn, min_size=1, max_size=3, open=False, kwargs={"autocommit": True}))
        reader = ViewReader(pool)
        stack.push_async_callback(reader.close)
        for command_id, (state, identity, command) in zip(command_ids(), SEED, strict=True):
            await handlers["gates"].handle(Intent(command_id, state, identity, command, WHO))
        yield Organisation(handlers, reactions, connection, reader, pool)


def _drop(superuser: str, name: str) -> None:
    with connect(superuser, autocommit=True) as server:
        server.execute(f"drop database if exists {name} with (force)".encode())
