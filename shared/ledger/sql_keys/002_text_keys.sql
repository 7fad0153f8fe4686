-- Keys of texts, 256 a row, so that making one costs next to nothing. The key of text/<chunk>/<n> is the 32 bytes
-- from 32 n; zeros where it was destroyed.
create table text_keys (
  chunk uuid primary key,
  secrets bytea not null check (octet_length(secrets) = 8192)
);
alter table text_keys alter column secrets set storage external;
