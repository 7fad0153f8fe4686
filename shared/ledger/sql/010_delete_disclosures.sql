-- Removes disclosures, by digest or all of one key; returns how many there were. The records that name them stay.
create function log.delete_disclosures(_digest text[], _key_id text) returns bigint
language sql security definer set search_path = pg_catalog, pg_temp as $$
  with gone as (delete from log.disclosure where digest = any (_digest) or key_id = _key_id returning 1)
  select count(*) from gone;
$$;
