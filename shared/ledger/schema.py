"""Installs a log: its database, its roles, its objects, from numbered SQL files of one object each.

An installed file never changes: a change is a new file with the next number. Safe to run at every start and from several
processes at once.
"""

from hashlib import sha256
from pathlib import Path

import psycopg
from psycopg.sql import SQL, Identifier, Literal

HERE = Path(__file__).parent


class SchemaDrift(Exception):
    """The database was made by other files than these."""


def install(superuser: str, service: str, password: str) -> None:
    """Makes database `service` with its log.

    `<service>_owner` owns everything and cannot log in. `<service>_app` logs in with `password` (set at every call): it
    reads the log, appends by function, and may create tables in schema `view`. Nobody else may connect.
    Raises SchemaDrift.
    """
    _install(superuser, service, password, HERE / "sql")


def install_keys(superuser: str, service: str, password: str) -> None:
    """Makes database `<service>_keys` for the keys of disclosures, with roles of its own. Raises SchemaDrift."""
    _install(superuser, f"{service}_keys", password, HERE / "sql_keys")


def _install(superuser: str, database: str, password: str, files: Path) -> None:
    owner, app = Identifier(f"{database}_owner"), Identifier(f"{database}_app")
    with psycopg.connect(superuser, autocommit=True) as server:
        # Two installers at once would both find nothing and both create.
        server.execute("select pg_advisory_lock(hashtext('minutebook install'))")
        _make_role(server, f"{database}_owner", SQL("nologin"))
        _make_role(server, f"{database}_app", SQL("login password {}").format(Literal(password)))
        # A role that may create roles and databases will do; it then acts as the owner by SET ROLE.
        server.execute(SQL("grant {} to current_user").format(owner))
        if not server.execute("select from pg_database where datname = %s", (database,)).rowcount:
            server.execute(SQL("create database {} owner {} template template0 encoding 'UTF8'").format(Identifier(database), owner))
        server.execute(SQL("revoke all on database {} from public").format(Identifier(database)))
        server.execute(SQL("grant connect, temporary on database {} to {}").format(Identifier(database), app))
        with psycopg.connect(superuser, dbname=database) as connection:
            connection.execute(SQL("set role {}").format(owner))
            _migrate(connection, files)


def _make_role(server: psycopg.Connection, role: str, options: SQL | psycopg.sql.Composed) -> None:
    exists = server.execute("select from pg_roles where rolname = %s", (role,)).rowcount
    server.execute(SQL("{} role {} ").format(SQL("alter" if exists else "create"), Identifier(role)) + options)


def _migrate(connection: psycopg.Connection, files: Path) -> None:
    connection.execute(
        "create table if not exists migration"
        " (number integer primary key, name text not null, sha256 text not null, applied timestamptz not null default now())"
    )
    applied: dict[int, str] = dict(connection.execute("select number, sha256 from migration").fetchall())
    for path in sorted(files.glob("*.sql")):
        number, content = int(path.name[:3]), path.read_bytes()
        digest = sha256(content).hexdigest()
        if number not in applied:
            connection.execute(content)
            connection.execute("insert into migration (number, name, sha256) values (%s, %s, %s)", (number, path.stem, digest))
        elif applied[number] != digest:
            raise SchemaDrift(f"{path.name} is not what this database was made with: leave installed files as they are and add a new one")
