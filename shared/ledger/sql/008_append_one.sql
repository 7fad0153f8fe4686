-- log.append for a batch of one command: the same verdicts without the cost of deciding for many.
create function log.append_one(
  _batch uuid, _key_id text, _signature bytea, _leaves bytea,
  _command uuid, _actor text, _body_hash bytea, _stream text, _expected integer,
  _bytes bytea[], _shard smallint[], _recorded timestamptz[],
  _given_stream text[], _given_version integer[],
  _digest text[], _sealed_key text[], _sealed bytea[])
returns table (verdict smallint, first_position bigint, last_position bigint, stream_version integer, stream_name text)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
declare
  _end bigint; _clock timestamptz; _current integer; _found record; _count integer := cardinality(_bytes);
begin
  perform pg_advisory_xact_lock(x'6d62'::integer, 1);
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'append needs read committed: under % it would not see what was appended before it got the lock',
      current_setting('transaction_isolation');
  end if;
  select k.* into _found from log.command k where k.id = _command;
  if found then
    if _found.actor = _actor and _found.body_hash = _body_hash then
      return query select 1::smallint, _found.first, _found.last, _found.version, _found.stream;
    else
      return query select 2::smallint, null::bigint, null::bigint, null::integer, _stream;
    end if;
    return;
  end if;
  select r.version into _current from log.record r where r.stream = _stream order by r.version desc limit 1;
  _current := coalesce(_current, 0);
  if _current <> _expected then
    return query select 3::smallint, null::bigint, null::bigint, _current, _stream;
    return;
  end if;
  if cardinality(_given_stream) > 0 then
    select g.stream, coalesce(v.version, 0) as version into _found
    from unnest(_given_stream, _given_version) g(stream, version)
    left join lateral
      (select r.version from log.record r where r.stream = g.stream order by r.version desc limit 1) v on true
    where coalesce(v.version, 0) <> g.version limit 1;
    if found then
      return query select 4::smallint, null::bigint, null::bigint, _found.version, _found.stream;
      return;
    end if;
  end if;
  if (select max(t) from unnest(_recorded) t) > clock_timestamp() + interval '5 s' then
    return query select 5::smallint, null::bigint, null::bigint, null::integer, _stream;
    return;
  end if;
  select r.position, r.recorded into _end, _clock from log.record r order by r.position desc limit 1;
  _end := coalesce(_end, 0);
  insert into log.batch values (_batch, _key_id, _signature, _leaves, _end + 1);
  insert into log.command values (_command, _actor, _body_hash, _stream, _expected + _count, _end + 1, _end + _count);
  if _count = 1 then
    insert into log.record values (_end + 1, _bytes[1], _stream, _expected + 1, _command, _batch, 0, _shard[1],
      greatest(_clock, _recorded[1]));
  else
    insert into log.record
      select _end + e.n, e.bytes, _stream, _expected + e.n, _command, _batch, e.n - 1, e.shard,
        greatest(_clock, max(e.recorded) over (order by e.n))
      from unnest(_bytes, _shard, _recorded) with ordinality e(bytes, shard, recorded, n);
  end if;
  if cardinality(_digest) > 0 then
    insert into log.disclosure
      select s.* from unnest(_digest, _sealed_key, _sealed) s(digest, key_id, sealed)
      where not exists (select from log.disclosure d where d.digest = s.digest);
  end if;
  perform pg_notify('log', (_end + _count)::text);
  return query select 0::smallint, _end + 1, _end + _count, _expected + _count, _stream;
end $$;
