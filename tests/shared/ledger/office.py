"""An office that appends: a log of its own for a test, and events to put into it."""

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import orjson
import psycopg

from shared.ledger.disclose import KeyStore
from shared.ledger.log import Log
from shared.ledger.record import Append, Appended, Disclosure, NewRecord
from shared.ledger.schema import install, install_keys
from shared.ledger.shards import shard_of
from shared.ledger.signing import BatchSigner

PASSWORD = "for this test"


@dataclass(frozen=True)
class Office:
    """Where one log lives."""

    superuser: str
    service: str
    directory: Path

    @classmethod
    def found(cls, superuser: str, directory: Path) -> "Office":
        office = cls(superuser, f"t_{uuid4().hex[:12]}", directory)
        install(superuser, office.service, PASSWORD)
        install_keys(superuser, office.service, PASSWORD)
        return office

    @property
    def dsn(self) -> str:
        return self._dsn(self.service)

    @property
    def keys_dsn(self) -> str:
        return self._dsn(f"{self.service}_keys")

    def _dsn(self, database: str) -> str:
        return psycopg.conninfo.make_conninfo(self.superuser, dbname=database, user=f"{database}_app", password=PASSWORD)

    async def open(self) -> tuple[Log, KeyStore]:
        keystore = await KeyStore.open(self.keys_dsn)
        return await Log.open(self.dsn, f"/offices/hub/{self.service}", BatchSigner.open(self.directory), keystore), keystore

    def as_superuser(self) -> psycopg.Connection:
        """A connection that no rule of the database holds back."""
        connection = psycopg.connect(self.superuser, dbname=self.service, autocommit=True)
        connection.execute("set session_replication_role = replica")
        return connection

    def empty(self) -> None:
        """As it was when it was founded."""
        with self.as_superuser() as superuser:
            superuser.execute("truncate log.record, log.batch, log.command, log.disclosure")
        with psycopg.connect(self.superuser, dbname=f"{self.service}_keys") as superuser:
            superuser.execute("truncate person_key, text_keys")

    def close(self) -> None:
        with psycopg.connect(self.superuser, autocommit=True) as server:
            for database in (self.service, f"{self.service}_keys"):
                server.execute(f"drop database if exists {database} with (force)")
                server.execute(f"drop role {database}_app, {database}_owner")


def now() -> datetime:
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def event(stream: str, version: int, command: UUID, recorded: datetime | None = None, **data: object) -> NewRecord:
    """A record that the log accepts: the members it reads, and data."""
    recorded = recorded or now()
    members = {
        "commandid": str(command),
        "data": data,
        "recordedtime": recorded.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "streamversion": str(version),
        "subject": stream,
    }
    return NewRecord(orjson.dumps(members, option=orjson.OPT_SORT_KEYS), shard_of(stream), recorded)


def command(
    stream: str,
    expected: int = 0,
    records: int = 1,
    given: tuple[tuple[str, int], ...] = (),
    disclosures: tuple[Disclosure, ...] = (),
    recorded: datetime | None = None,
    identity: UUID | None = None,
) -> Append:
    """A command of one person that writes so many events to one stream."""
    identity = identity or uuid4()
    events = tuple(event(stream, expected + n, identity, recorded) for n in range(1, records + 1))
    return Append(identity, "ada", hashlib.sha256(stream.encode()).digest(), stream, expected, events, given, disclosures)


def with_body(append: Append, body: bytes) -> Append:
    """The same command id with another body."""
    return replace(append, body_hash=hashlib.sha256(body).digest())


async def appended(log: Log, append: Append) -> Appended:
    """Appends what must be accepted."""
    verdict = await log.append(append)
    assert isinstance(verdict, Appended)
    return verdict
