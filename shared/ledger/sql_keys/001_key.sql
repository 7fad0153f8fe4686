-- AES-256 keys: one a person (person/<id>), one a text (text/<uuid>). A destroyed key leaves its id behind, so that
-- it is never made again.
create table key (
  id text collate "C" primary key,
  secret bytea check (octet_length(secret) = 32),
  destroyed timestamptz,
  check ((secret is null) = (destroyed is not null))
);
