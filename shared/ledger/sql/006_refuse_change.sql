-- The log is append-only, for its owner too.
create function log.refuse_change() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  raise exception 'the log is append-only: % on log.% is refused', tg_op, tg_table_name
    using errcode = 'insufficient_privilege', hint = 'correct a fact by appending an event that names the one it corrects';
end $$;

create trigger append_only before update or delete or truncate on log.record
  for each statement execute function log.refuse_change();
create trigger append_only before update or delete or truncate on log.batch
  for each statement execute function log.refuse_change();
create trigger append_only before update or delete or truncate on log.command
  for each statement execute function log.refuse_change();
