-- maintain: after a key is destroyed its old row version is vacuumed away.
do $$
declare
  _app text := current_database() || '_app';
begin
  revoke all on schema public from public;
  execute format('grant usage on schema public to %I', _app);
  execute format('grant select, insert, maintain on person_key, text_keys to %I', _app);
  execute format('grant update (secret, destroyed) on person_key to %I', _app);
  execute format('grant update (secrets) on text_keys to %I', _app);
end $$;
