"""The four services with real logs and tables and no Kafka: what relays would send is handed out by the test, well or badly."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg_pool import AsyncConnectionPool

from cli._parts import refusals, steps
from services.benefits.service import SERVICE as BENEFITS
from services.gates.service import SERVICE as GATES
from services.intake.service import SERVICE as INTAKE
from services.reporting.service import SERVICE as REPORTING
from shared.domain.state import Fact
from shared.identity.recorder import ConductRecorder
from shared.ledger.handler import Handler
from shared.ledger.log import Log
from shared.ledger.signing import BatchSigner
from shared.projection import schema as tables
from shared.projection.prepare import prepare
from shared.projection.reader import ViewReader
from shared.projection.view import view_of
from shared.stream import schema as stream
from shared.stream.batch import Passage
from shared.stream.continuity import Fetch
from shared.stream.park import Quarantine
from shared.stream.step import VIEWS, Step, Stuck
from shared.stream.timers import Timers
from shared.web.service import Service
from tests.properties.faults import Connection, Place, WorkerHandler, breakable
from tests.shared.ledger.office import Office

SERVICES = (INTAKE, GATES, BENEFITS, REPORTING)
_SECRET = b"of this test"


@dataclass
class Worker:
    """What a worker process of a service holds in memory. It is dropped when the process dies."""

    handler: WorkerHandler
    steps: Sequence[Step]
    passage: Passage
    quarantine: Quarantine


@dataclass
class Site:
    """One service: its databases, made once, with two processes that write to its log."""

    service: Service
    office: Office
    log: Log
    workers_log: Log
    pool: AsyncConnectionPool[Any]
    reader: ViewReader
    superuser: psycopg.Connection
    folds_fail: dict[Place, int]
    """The places whose folds fail, each from a position on."""
    reactions_fail: set[Place]
    """The places whose reactions fail."""

    @property
    def name(self) -> str:
        return self.service.name

    async def facts(self, kind: type[Fact], key: str) -> tuple[Fact | None, dict[str, int]]:
        async with self.reader.snapshot() as now:
            return await now.get(kind, key), await now.positions(view_of(kind))

    def api(self) -> Handler:
        """The handler of a new process that takes commands."""
        return Handler(self.log, self.name, self.facts, _SECRET)

    def worker(self, fetch: Fetch) -> Worker:
        """A new worker process; `fetch` asks the feeds."""
        handler = WorkerHandler(self.workers_log, self.name, self.facts, _SECRET)
        handler.broken = self.reactions_fail
        recorder = ConductRecorder(handler, self.name)
        quarantine = Quarantine(self.pool, steps(self.service, handler, recorder))
        return Worker(handler, steps(self.service, handler, recorder), Passage(self.name, fetch, _not_copied), quarantine)

    def timers(self, worker: Worker, now: Any) -> Timers:
        recorder = ConductRecorder(worker.handler, self.name)
        return Timers(self.name, self.pool, worker.handler, refusals(worker.handler, recorder), lambda: now)

    def empty(self) -> None:
        """As on the first day, but for the tables themselves."""
        self.superuser.execute("truncate log.record, log.batch, log.command, log.disclosure")
        rows = self.superuser.execute("select tablename from pg_tables where schemaname = 'view' and tablename <> 'registry'")
        for (table,) in rows.fetchall():
            self.superuser.execute(f'delete from view."{table}"'.encode())
        self.folds_fail.clear()
        self.reactions_fail.clear()


async def _not_copied(stuck: Sequence[Stuck]) -> None:
    """There is no quarantine topic here; the records wait in view.parked_record. Nothing foreign is ever sent."""
    assert not any("knows no record" in one.reason for one in stuck)


@asynccontextmanager
async def opened(superuser: str, directory: Path) -> AsyncIterator[dict[str, Site]]:
    """The sites by service; everything is gone afterwards."""
    async with AsyncExitStack() as stack:
        sites = {}
        for service in SERVICES:
            (directory / service.name).mkdir()
            office = Office.found(superuser, directory / service.name)
            stack.callback(office.close)
            log, keystore = await office.open()
            stack.push_async_callback(keystore.close)
            stack.push_async_callback(log.close)
            workers_log = await Log.open(office.dsn, log.name, BatchSigner.open(office.directory), keystore)
            stack.push_async_callback(workers_log.close)
            pool: AsyncConnectionPool[Any] = AsyncConnectionPool(
                office.dsn, connection_class=Connection, min_size=1, max_size=6, open=False, kwargs={"autocommit": True}
            )
            await stack.enter_async_context(pool)
            async with pool.connection() as connection:
                await tables.install(connection)
                await stream.install(connection)
                assert await prepare(connection, VIEWS, service.views) == []
            reader = ViewReader(pool)
            stack.push_async_callback(reader.close)
            admin = stack.enter_context(office.as_superuser())
            folds: dict[Place, int] = {}
            stack.enter_context(breakable(service.name, service.views, folds))
            sites[service.name] = Site(service, office, log, workers_log, pool, reader, admin, folds, set())
        yield sites
