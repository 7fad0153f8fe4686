-- One AES-256 key a person. A destroyed key leaves its id behind, so that it is never made again.
create table person_key (
  id text collate "C" primary key,
  secret bytea check (octet_length(secret) = 32),
  destroyed timestamptz,
  check ((secret is null) = (destroyed is not null))
);
