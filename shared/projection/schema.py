"""The tables of the projection in schema `view` of a service's own database. All of them can be made again from the logs."""

from typing import Any

from psycopg import AsyncConnection
from psycopg.sql import SQL, Identifier

from shared.projection.view import View

SCHEMA = "view"
BESIDE = "_beside"
_HISTORY = "_h"

_TABLES = """
-- Which table holds a view, and how often it was made again.
create table if not exists view.registry (
  view text primary key,
  log text not null,
  table_name text not null,
  history boolean not null,
  generation bigint not null default 1,
  made timestamptz not null default now()
);
-- How far a consumer has applied a shard of a log: all its records up to this position, none after it.
create table if not exists view.mark (
  consumer text not null,
  log text not null,
  shard smallint not null,
  position bigint not null,
  primary key (consumer, log, shard)
);
-- Keys whose records a consumer does not apply, from position (included) on, and why.
create table if not exists view.parked (
  consumer text not null,
  log text not null,
  key text collate "C" not null,
  shard smallint not null,
  position bigint not null,
  reason text not null,
  parked timestamptz not null default now(),
  primary key (consumer, log, key)
);
"""


async def install(connection: AsyncConnection[Any]) -> None:
    """Makes the tables that are missing, and schema `view` where there is none. Several processes may do so at once."""
    async with connection.transaction():
        # `if not exists` looks before it locks: two at once would both create.
        await connection.execute("select pg_advisory_xact_lock(hashtext('minutebook projection schema'))")
        # Only whoever may create schemas may say `create schema if not exists`, even where it exists.
        if not (await connection.execute("select from pg_namespace where nspname = 'view'")).rowcount:
            await connection.execute("create schema view")
        await connection.execute(_TABLES)


def current(table: str) -> Identifier:
    """The table of a view's rows as they are now."""
    return Identifier(SCHEMA, table)


def past(table: str) -> Identifier:
    """The table of the versions that held before, each with the positions [made, replaced) at which it did."""
    return Identifier(SCHEMA, table + _HISTORY)


async def create(connection: AsyncConnection[Any], view: View[Any], table: str) -> None:
    """Makes a view's tables, with no index but the keys."""
    fields = SQL("").join(SQL(", {} {}").format(Identifier(column.name), SQL(column.type)) for column in view.columns)
    await connection.execute(
        SQL(
            'create table {} (_key text collate "C" primary key, _owner text collate "C" not null,'
            " _position bigint not null, _recorded timestamptz not null{})"
        ).format(current(table), fields)
    )
    if view.history:
        await connection.execute(
            SQL(
                'create table {} (_key text collate "C", _position bigint, _recorded timestamptz not null,'
                " _valid int8range not null{}, primary key (_key, _position))"
            ).format(past(table), fields)
        )


async def index(connection: AsyncConnection[Any], view: View[Any], table: str) -> None:
    """Makes the indexes of the fields that are asked for, and the one that answers what was known at a position."""
    for name in view.indexed:
        await connection.execute(SQL("create index on {} ({}, _key)").format(current(table), Identifier(name)))
    if view.history:
        await connection.execute(SQL("create index on {} using gist (_valid)").format(past(table)))


async def drop(connection: AsyncConnection[Any], table: str) -> None:
    """Removes a view's tables, if they are there."""
    await connection.execute(SQL("drop table if exists {}, {}").format(current(table), past(table)))


async def rename(connection: AsyncConnection[Any], view: View[Any], table: str, name: str) -> None:
    """Gives a view's tables another name."""
    await connection.execute(SQL("alter table {} rename to {}").format(current(table), Identifier(name)))
    if view.history:
        await connection.execute(SQL("alter table {} rename to {}").format(past(table), Identifier(name + _HISTORY)))


async def register(connection: AsyncConnection[Any], view: View[Any]) -> None:
    """Says that the view is in its table from now on."""
    await connection.execute(
        "insert into view.registry (view, log, table_name, history) values (%s, %s, %s, %s)"
        " on conflict (view) do update set log = excluded.log, table_name = excluded.table_name, history = excluded.history,"
        " generation = registry.generation + 1, made = now()",
        (view.name, view.log, view.table, view.history),
    )


async def hold(connection: AsyncConnection[Any]) -> None:
    """Keeps every view in its table to the end of the transaction."""
    await connection.execute("lock table view.registry in access share mode")


async def hold_alone(connection: AsyncConnection[Any]) -> None:
    """Waits for those who hold the views in their tables, before these are replaced."""
    await connection.execute("lock table view.registry in access exclusive mode")


async def registered(connection: AsyncConnection[Any], views: list[str]) -> dict[str, tuple[str, int]]:
    """The table and the generation of each of these views that has been made."""
    cursor = await connection.execute("select view, table_name, generation from view.registry where view = any (%s)", (views,))
    return {name: (table, generation) for name, table, generation in await cursor.fetchall()}
