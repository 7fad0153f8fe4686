-- <database>_app reads the log, appends by function, and owns schema view. PUBLIC gets nothing.
do $$
declare
  _app text := current_database() || '_app';
begin
  revoke all on schema public from public;
  revoke all on all functions in schema log from public;
  execute format('grant usage on schema log to %I', _app);
  execute format('grant select on all tables in schema log to %I', _app);
  execute format('grant execute on all functions in schema log to %I', _app);
  revoke execute on function log.refuse_change() from public;
  execute format('grant usage, create on schema view to %I', _app);
end $$;
