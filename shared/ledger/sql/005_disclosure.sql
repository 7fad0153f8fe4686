-- Encrypted personal data and free texts, found by the digest that stands in the record. Rows may be deleted:
-- the record and its proofs stay valid without them.
create table log.disclosure (
  digest text collate "C" primary key,
  key_id text collate "C" not null,
  sealed bytea not null
);
-- Texts have a key of their own and are found by digest; only a person's rows are looked for by key.
create index disclosure_of_person on log.disclosure (key_id) where key_id like 'person/%';
