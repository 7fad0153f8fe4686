"""What every process opens of a service: its log, the keys of its disclosures, its tables, its handler."""

import importlib
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from psycopg_pool import AsyncConnectionPool

from cli._urls import run_file, service_urls
from deploy.databases import dsns
from deploy.instance import read_run_file
from deploy.kafka_users import access_of
from deploy.secret import password
from deploy.servers import given_access
from shared.contracts.conduct import ReactionRefused
from shared.contracts.envelope import Heard
from shared.domain.state import Fact
from shared.identity.conduct import Conduct, RecordReactionRefusal
from shared.identity.issuer import LocalIssuer
from shared.identity.recorder import ConductRecorder
from shared.ledger.disclose import KeyStore
from shared.ledger.handler import Handler
from shared.ledger.intent import Intent
from shared.ledger.log import Log
from shared.ledger.signing import BatchSigner
from shared.projection import schema
from shared.projection.fold import Projector
from shared.projection.reader import ViewReader
from shared.projection.view import view_of
from shared.stream import schema as stream_schema
from shared.stream.park import Quarantine
from shared.stream.reactions import Reactions, RecordRefusal
from shared.stream.step import Step
from shared.stream.tables import Tables
from shared.stream.timers import TimerTable
from shared.stream.topics import Topics
from shared.web.running import Running
from shared.web.service import Service


@dataclass(frozen=True)
class Instance:
    """The instance that this process belongs to: its data directory, Kafka, and where each service answers.

    `users` tells that its Kafka has a user for each service.
    """

    data: Path
    bootstrap: str
    users: bool
    urls: dict[str, str]
    issuer: LocalIssuer

    @classmethod
    def read(cls) -> "Instance":
        """From MINUTEBOOK_DATA, MINUTEBOOK_KAFKA and MINUTEBOOK_<SERVICE>_URL; what is not set, from the run.json of `up`."""
        data = Path(os.environ["MINUTEBOOK_DATA"])
        given, own = os.environ.get("MINUTEBOOK_KAFKA"), read_run_file(run_file(data)).get("kafka", {})
        users = not given and own.get("users", False)
        return cls(data, given or own.get("bootstrap", ""), users, service_urls(data), LocalIssuer(data))

    def topics(self, service: str) -> Topics:
        """The topics as a service may use them."""
        return Topics(self.bootstrap, access=access_of(self.data, service) if self.users else given_access())


@dataclass(frozen=True)
class Part:
    """One service as this process has it open. `pool` is for tables, marks and timers."""

    running: Running
    pool: AsyncConnectionPool[Any]
    dsn: str

    @property
    def service(self) -> Service:
        return self.running.service


def steps(service: Service, handler: Handler, recorder: ConductRecorder) -> tuple[Step, ...]:
    """What a consumer of the service does with records, in order. Each call makes its own: their memory is not shared."""
    tables = Tables(Projector(service.views), TimerTable(service.timers))
    return tables, Reactions(service.name, service.reactions, handler, handler.facts, refusals(handler, recorder))


def refusals(handler: Handler, recorder: ConductRecorder) -> RecordRefusal:
    """How a refused reaction or timer is put on record."""

    async def record(command_id: UUID, event: ReactionRefused, heard: Heard) -> None:
        who, command = recorder.who, RecordReactionRefusal(**dict(event))
        await handler.handle(Intent(command_id, Conduct, who.actor, command, who, cause=heard))

    return record


def declared(name: str) -> Service:
    """What is in a service: services/<name>/service.py."""
    return cast(Service, importlib.import_module(f"services.{name}.service").SERVICE)


@asynccontextmanager
async def opened(instance: Instance, name: str) -> AsyncIterator[Part]:
    """Open a service for this process; everything is closed at the end. Raises NotDurable, psycopg.OperationalError."""
    service, where = declared(name), dsns(instance.data, name)
    async with AsyncExitStack() as at_end:
        keystore = await KeyStore.open(where.keys)
        at_end.push_async_callback(keystore.close)
        log = await Log.open(where.log, name, BatchSigner.open(instance.data / "keys" / name), keystore)
        at_end.push_async_callback(log.close)
        pool: AsyncConnectionPool[Any] = AsyncConnectionPool(
            where.log, min_size=1, max_size=8, open=False, kwargs={"autocommit": True}, check=AsyncConnectionPool.check_connection
        )
        await pool.open(wait=True)
        at_end.push_async_callback(pool.close)
        # Whoever is first, api or worker, makes the tables that both ask.
        async with pool.connection() as connection:
            await schema.install(connection)
            await stream_schema.install(connection)
        views = ViewReader(pool)
        at_end.push_async_callback(views.close)

        async def facts(kind: type[Fact], key: str) -> tuple[Fact | None, dict[str, int]]:
            async with views.snapshot() as now:
                return await now.get(kind, key), await now.positions(view_of(kind))

        secret = password(instance.data / "secrets" / f"{name}.command").encode()
        handler = Handler(log, name, facts, secret)
        recorder = ConductRecorder(handler, name)
        quarantine = Quarantine(pool, steps(service, handler, recorder))
        yield Part(Running(service, handler, log, views, recorder, quarantine), pool, where.log)
