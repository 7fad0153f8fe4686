-- Every command that acted, once. A repeat is answered from here. body_hash: keyed by the service, so that the row
-- tells nothing about the body.
create table log.command (
  id uuid primary key,
  actor text not null,
  body_hash bytea not null,
  stream text collate "C" not null,
  version integer not null,
  first bigint not null,
  last bigint not null
);
