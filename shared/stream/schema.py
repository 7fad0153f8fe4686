"""The tables of the stream in schema `view` of a service's database. All of them can be lost: the log fills them again."""

from typing import Any

from psycopg import AsyncConnection

_TABLES = """
-- How far the relay of a log has come in a topic of a cluster. ends: the offset at which each partition continues.
create table if not exists view.relay (
  log text primary key,
  cluster text not null,
  topic text not null,
  position bigint not null,
  ends jsonb not null
);
-- Where a consumer group continues in a partition of a topic; another topic id means from the start.
create table if not exists view.kafka_offset (
  consumer_group text not null,
  topic text not null,
  topic_id text not null,
  partition integer not null,
  next_offset bigint not null,
  primary key (consumer_group, topic, partition)
);
-- What is due and when. fired: the due time at which it has acted. again: when to try after trouble.
create table if not exists view.timer (
  id text primary key,
  due timestamptz not null,
  state text not null,
  identity text not null,
  command text not null,
  body jsonb not null,
  log text not null,
  position bigint not null,
  cause bytea not null,
  fired timestamptz,
  again timestamptz,
  trouble text
);
create index if not exists timer_due on view.timer (due) where fired is null;
-- The records that wait for a consumer, in order per key; the keys themselves are in view.parked.
create table if not exists view.parked_record (
  consumer text not null,
  log text not null,
  key text collate "C" not null,
  position bigint not null,
  predecessor bigint not null,
  reason text not null,
  way_out text not null,
  bytes bytea not null,
  parked_at timestamptz not null default now(),
  primary key (consumer, log, key, position)
);
"""


async def install(connection: AsyncConnection[Any]) -> None:
    """Makes the tables that are missing. Several processes may do so at once."""
    async with connection.transaction():
        # `if not exists` looks before it locks: two at once would both create.
        await connection.execute("select pg_advisory_xact_lock(hashtext('minutebook stream schema'))")
        await connection.execute(_TABLES)
