-- The record: the exact bytes of an event. All other columns are an index that can be made again from the bytes,
-- but for position (dense, from 1), batch and index_in_batch (where its signature is).
-- recorded: running maximum of recordedtime, so that a time can be searched like a position.
create table log.record (
  position bigint primary key,
  bytes bytea not null check (octet_length(bytes) between 2 and 65535),
  stream text collate "C" not null,
  version integer not null check (version > 0),
  command uuid not null,
  batch uuid not null,
  index_in_batch integer not null,
  shard smallint not null check (shard between 0 and 63),
  recorded timestamptz not null,
  unique (stream, version)
);
create index record_by_shard on log.record (shard, position);
-- JSON of this size gains little from compression, which costs more than the append itself.
alter table log.record alter column bytes set storage external;
alter table log.record set (toast_tuple_target = 8160);
