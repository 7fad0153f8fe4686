-- One signed group of appended commands. leaves: RFC 6962 leaf hashes, 32 bytes each, in the order in which they were
-- signed, those of commands refused in the same batch included. first: where its first stored record stands.
create table log.batch (
  id uuid primary key,
  key_id text collate "C" not null,
  signature bytea not null check (octet_length(signature) = 64),
  leaves bytea not null check (octet_length(leaves) % 32 = 0 and octet_length(leaves) > 0),
  first bigint not null
);
-- Hashes do not compress, and a side table for them costs more than the row.
alter table log.batch alter column leaves set storage external;
alter table log.batch set (toast_tuple_target = 8160);
