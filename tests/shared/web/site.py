"""The toy council as programs and people meet it over HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from fastapi import FastAPI
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from shared.contracts.envelope import Envelope, Heard
from shared.identity.guard import Identity
from shared.identity.issuer import LocalIssuer, directory
from shared.identity.policy import declare
from shared.identity.recorder import ConductRecorder
from shared.identity.routes import router
from shared.ledger.handler import Handler
from shared.ledger.shards import shard_of
from shared.projection import schema
from shared.projection.fold import Projector
from shared.projection.marks import VIEWS, Marks
from shared.projection.prepare import prepare
from shared.projection.reader import ViewReader
from shared.stream import schema as stream_schema
from shared.stream.park import Quarantine
from shared.stream.tables import Tables
from shared.stream.timers import TimerTable
from shared.web.app import create_app
from shared.web.new import minted
from shared.web.running import Running
from tests.shared.ledger.office import Office
from tests.shared.web.council import SERVICE, motions

HERE = "http://127.0.0.1:8421"
MOVE = {"office": "hub", "title": "A bridge", "need": "The ford floods.", "budget": {"amount": "1200.50", "currency": "GBP"}}


@dataclass(frozen=True)
class Council:
    """The running council: `http` is a program's client, without anybody signed in."""

    app: FastAPI
    running: Running
    issuer: LocalIssuer
    http: httpx.AsyncClient
    dsn: str
    data: Path

    def as_(self, person: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.issuer.cli_token(person)}"}

    async def post(self, path: str, body: Any = None, by: str = "p-haddad", **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.http.post(f"/council/motions/{path}", json=body or {}, headers=self.as_(by) | named)

    async def get(self, path: str, by: str = "p-okafor", **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.http.get(path, headers=self.as_(by) | named)

    async def move(self, **changes: Any) -> str:
        """A motion that was moved; its id."""
        identity = minted("I")
        answer = await self.post(f"{identity}/move-motion", MOVE | changes)
        assert answer.status_code == 201, answer.text
        return identity

    async def hear(self) -> None:
        """Fold everything that is in the log, as the worker does."""
        records = await self.running.log.page(0)
        heard = [Heard("council", r.position, (e := Envelope.decode(r.bytes)), e.event()) for r in records]
        async with await AsyncConnection.connect(self.dsn, autocommit=True) as connection, connection.transaction():
            marks = await Marks.lock(connection, VIEWS, "council", range(64))
            new = [record for record in heard if record.position > marks[shard_of(record.envelope.key)]]
            await Projector([motions]).apply(connection, new)
            await Marks.move(connection, VIEWS, "council", {shard_of(r.envelope.key): r.position for r in new})


@asynccontextmanager
async def council_at(superuser: str, directory_: Path) -> AsyncIterator[Council]:
    """A council on a new log and an empty data directory."""
    office = Office.found(superuser, directory_)
    views = f"views_{uuid4().hex[:8]}"
    async with await AsyncConnection.connect(superuser, autocommit=True) as server:
        await server.execute(f"create database {views}".encode())
    dsn = f"{superuser.rsplit('/', 1)[0]}/{views}" if "://" in superuser else f"{superuser} dbname={views}"
    log, keystore = await office.open()
    issuer = LocalIssuer(directory_)
    declare(SERVICE.name, SERVICE.aggregates)
    async with AsyncConnectionPool(dsn, min_size=1, max_size=4, open=False, kwargs={"autocommit": True}) as pool:
        async with pool.connection() as connection:
            await schema.install(connection)
            await stream_schema.install(connection)
            await prepare(connection, VIEWS, [motions])
        handler, reader = Handler(log, "council", None, b"secret"), ViewReader(pool)
        recorder = ConductRecorder(handler, "council")
        quarantine = Quarantine(pool, [Tables(Projector([motions]), TimerTable())])
        running = Running(SERVICE, handler, log, reader, recorder, quarantine)
        identity = Identity(issuer.verifier(), issuer.store, {"council": recorder})
        app = create_app([running], identity, people=lambda: directory(directory_), routers=[router(issuer)])
        transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=("127.0.0.1", 50000))
        async with httpx.AsyncClient(transport=transport, base_url=HERE) as http:
            yield Council(app, running, issuer, http, dsn, directory_)
        await reader.close()
    await log.close()
    await keystore.close()
    office.close()
    async with await AsyncConnection.connect(superuser, autocommit=True) as server:
        await server.execute(f"drop database {views} with (force)".encode())
