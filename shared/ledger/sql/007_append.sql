-- Appends a batch of commands in one round trip, under one lock, and gives a verdict for each:
--   0 appended     first, last, version, stream
--   1 repeated     the first outcome of the same command
--   2 mismatch     the id was used by another actor or for another body
--   3 conflict     version: the stream's current one
--   4 stale given  stream and its current version
--   5 clock ahead  a recorded time is over 5 s ahead of this server's clock
-- The streams of one batch are distinct, and no command's given names a stream written before it in the batch
-- (the caller splits). _of arrays hold the 1-based number of the command that an item belongs to, ascending.
create function log.append(
  _batch uuid, _key_id text, _signature bytea, _leaves bytea,
  _command uuid[], _actor text[], _body_hash bytea[], _stream text[], _expected integer[], _count integer[],
  _of integer[], _bytes bytea[], _shard smallint[], _recorded timestamptz[],
  _given_of integer[], _given_stream text[], _given_version integer[],
  _sealed_of integer[], _digest text[], _sealed_key text[], _sealed bytea[])
returns table (verdict smallint, first_position bigint, last_position bigint, stream_version integer, stream_name text)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
-- Plans are cached while the tables are empty: forbid those that suit only an empty table.
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set work_mem = '64MB'
as $$
declare
  _end bigint; _clock timestamptz; _limit timestamptz; _found record;
  _stale_stream text[]; _stale_version integer[]; _ahead boolean[];
  _verdict smallint[]; _first bigint[]; _last bigint[]; _version integer[]; _name text[];
  _whole boolean; _next bigint;
begin
  perform pg_advisory_xact_lock(x'6d62'::integer, 1);
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'append needs read committed: under % it would not see what was appended before it got the lock',
      current_setting('transaction_isolation');
  end if;
  select r.position, r.recorded into _end, _clock from log.record r order by r.position desc limit 1;
  _end := coalesce(_end, 0);
  _limit := clock_timestamp() + interval '5 s';

  if cardinality(_given_of) > 0 then
    if exists (select from unnest(_given_of, _given_stream) g(command, stream)
               join unnest(_stream) with ordinality c(stream, n) on c.stream = g.stream and c.n < g.command) then
      raise exception 'a given names a stream that the same batch writes before it: split the batch';
    end if;
    for _found in
      select g.command, g.stream, coalesce(v.version, 0) as version
      from unnest(_given_of, _given_stream, _given_version) g(command, stream, version)
      left join lateral
        (select r.version from log.record r where r.stream = g.stream order by r.version desc limit 1) v on true
      where coalesce(v.version, 0) <> g.version
    loop
      _stale_stream[_found.command] := _found.stream;
      _stale_version[_found.command] := _found.version;
    end loop;
  end if;
  for _found in select e.command from unnest(_of, _recorded) e(command, recorded) where e.recorded > _limit loop
    _ahead[_found.command] := true;
  end loop;

  select array_agg(w.verdict order by w.n),
    array_agg(case w.verdict when 0 then _end + w.upto - w.count + 1 when 1 then w.first end order by w.n),
    array_agg(case w.verdict when 0 then _end + w.upto when 1 then w.last end order by w.n),
    array_agg(case w.verdict when 0 then w.expected + w.count when 1 then w.version
              when 3 then w.current when 4 then _stale_version[w.n] end order by w.n),
    array_agg(case w.verdict when 1 then w.done when 4 then _stale_stream[w.n] else w.stream end order by w.n),
    bool_and(w.verdict = 0), _end + coalesce(max(w.upto), 0)
  into _verdict, _first, _last, _version, _name, _whole, _next
  from (
    select d.*, sum(case d.verdict when 0 then d.count end) over (order by d.n) as upto
    from (
      select c.n, c.stream, c.expected, c.count, k.first, k.last, k.version, k.stream as done,
        coalesce(v.version, 0) as current,
        (case when k.id is not null then
                case when k.actor = c.actor and k.body_hash = c.body_hash then 1 else 2 end
              when coalesce(v.version, 0) <> c.expected then 3
              when _stale_stream[c.n] is not null then 4
              when _ahead[c.n] then 5
              else 0 end)::smallint as verdict
      from unnest(_command, _actor, _body_hash, _stream, _expected, _count)
        with ordinality c(id, actor, body_hash, stream, expected, count, n)
      left join log.command k on k.id = c.id
      left join lateral
        (select r.version from log.record r where r.stream = c.stream order by r.version desc limit 1) v on true
    ) d
  ) w;

  if _next > _end then
    insert into log.batch values (_batch, _key_id, _signature, _leaves, _end + 1);
    insert into log.command
      select c.id, c.actor, c.body_hash, c.stream, c.version, c.first, c.last
      from unnest(_command, _actor, _body_hash, _stream, _version, _first, _last, _verdict)
        c(id, actor, body_hash, stream, version, first, last, verdict)
      where c.verdict = 0;
    -- The bytes are fetched by subscript, so that they are not copied through the window.
    insert into log.record
      select e.position, _bytes[e.n], _stream[e.command], _version[e.command] - (_last[e.command] - e.position),
        _command[e.command], _batch, e.n - 1, e.shard, greatest(_clock, e.highest)
      from (select e.n, e.command, e.shard, _end + row_number() over w as position, max(e.recorded) over w as highest
            from unnest(_of, _shard, _recorded) with ordinality e(command, shard, recorded, n)
            where _whole or _verdict[e.command] = 0
            window w as (order by e.n rows unbounded preceding)) e;
    if cardinality(_digest) > 0 then
      insert into log.disclosure
        select s.digest, s.key_id, s.sealed
        from unnest(_sealed_of, _digest, _sealed_key, _sealed) s(command, digest, key_id, sealed)
        where (_whole or _verdict[s.command] = 0) and not exists (select from log.disclosure d where d.digest = s.digest);
    end if;
    perform pg_notify('log', _next::text);
  end if;
  return query select * from unnest(_verdict, _first, _last, _version, _name);
end $$;
