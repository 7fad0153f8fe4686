"""The PostgreSQL and the Kafka that an instance uses: its own, or ones that already run and are named by the environment."""

import os
import socket
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict

from deploy.ports import LOOPBACK
from deploy.postgres import require_durable
from deploy.problems import CannotStart
from shared.stream.access import Access


@dataclass(frozen=True)
class Database:
    """A PostgreSQL. The DSN is that of a role that may make databases and roles."""

    host: str
    port: int
    superuser_dsn: str = field(repr=False)


@dataclass(frozen=True)
class Servers:
    """What the services run on; `bootstrap` is Kafka's host:port, or several with commas.

    `users` is True for the Kafka of this instance, where each service has a user of its own.
    """

    database: Database
    bootstrap: str
    users: bool


def given_database() -> Database | None:
    """The server that MINUTEBOOK_DATABASE names, checked; None if it names none. Raises CannotStart."""
    dsn = os.environ.get("MINUTEBOOK_DATABASE")
    if not dsn:
        return None
    try:
        require_durable(dsn)
        facts = conninfo_to_dict(dsn)
    except psycopg.Error as error:
        reason = str(error).strip().splitlines()[-1]
        raise CannotStart(
            f"MINUTEBOOK_DATABASE names a PostgreSQL that does not answer ({reason}): start it, or unset the variable."
        ) from error
    return Database(str(facts.get("host") or LOOPBACK), int(facts.get("port") or 5432), dsn)


def superuser_dsn_file(data: Path) -> Path:
    """Where the launcher keeps the superuser's DSN of a running instance (0600): the services have no use for it."""
    return data / "secrets" / "superuser-dsn"


def given_kafka() -> str | None:
    """The brokers that MINUTEBOOK_KAFKA names, one of them reached; None if it names none. Raises CannotStart."""
    bootstrap = os.environ.get("MINUTEBOOK_KAFKA")
    if not bootstrap:
        return None
    for broker in bootstrap.split(","):
        host, _, port = broker.strip().rpartition(":")
        try:
            socket.create_connection((host, int(port)), timeout=5).close()
        except (OSError, ValueError):
            continue
        return bootstrap
    raise CannotStart(f"MINUTEBOOK_KAFKA is {bootstrap}, and nobody answers there: give host:port of a broker, or unset the variable.")


def given_access() -> Access | None:
    """Who signs in at the Kafka that MINUTEBOOK_KAFKA names; None if it asks nobody. Raises CannotStart."""
    user, secret = os.environ.get("MINUTEBOOK_KAFKA_USER"), os.environ.get("MINUTEBOOK_KAFKA_PASSWORD")
    if bool(user) != bool(secret):
        raise CannotStart("MINUTEBOOK_KAFKA_USER and MINUTEBOOK_KAFKA_PASSWORD go together: set both, or neither.")
    return Access(user, secret) if user and secret else None
