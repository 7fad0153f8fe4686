-- The last position recorded at or before an instant; 0 if there is none. recorded never falls, so it is searched
-- by halving: some 20 look-ups in a million records, and no index to keep.
create function log.position_at(_time timestamptz) returns bigint
language plpgsql stable set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
declare
  _low bigint := 0; _high bigint; _middle bigint; _recorded timestamptz;
begin
  select coalesce(max(r.position), 0) into _high from log.record r;
  while _low < _high loop
    _middle := (_low + _high + 1) / 2;
    select r.recorded into _recorded from log.record r where r.position = _middle;
    if _recorded <= _time then _low := _middle; else _high := _middle - 1; end if;
  end loop;
  return _low;
end $$;
