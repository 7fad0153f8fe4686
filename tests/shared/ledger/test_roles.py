"""Who may do what to the database of a log."""

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from shared.ledger import schema
from shared.ledger.log import Log
from tests.shared.ledger.office import PASSWORD, Office, appended, command


@pytest.mark.parametrize("table", ["record", "batch", "command", "disclosure"])
@pytest.mark.parametrize(
    "statement",
    [
        "insert into log.{} select * from log.{}",
        "delete from log.{}",
        "truncate log.{}",
        "alter table log.{} disable trigger all",
        "drop table log.{}",
        "create trigger t before insert on log.{} for each row execute function suppress_redundant_updates_trigger()",
    ],
)
def test_the_services_role_cannot_change_the_log(office: Office, table: str, statement: str) -> None:
    with psycopg.connect(office.dsn) as app, pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute(statement.format(table, table).encode())


@pytest.mark.parametrize(
    "statement",
    [
        "update log.record set bytes = '{}'",
        "update log.batch set first = 1",
        "update log.command set actor = 'eve'",
        "update log.disclosure set sealed = ''",
        "create table log.extra ()",
        "create table public.extra ()",
        "set session_replication_role = replica",
        "select * from public.migration",
    ],
)
def test_the_services_role_cannot_get_round_the_log(office: Office, statement: str) -> None:
    with psycopg.connect(office.dsn) as app, pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute(statement.encode())


async def test_not_even_a_superuser_changes_the_log_unawares(office: Office, log: Log) -> None:
    await appended(log, command("gate/1"))
    with psycopg.connect(office.superuser, dbname=office.service, autocommit=True) as superuser:
        for table, column in (("record", "bytes"), ("batch", "leaves"), ("command", "actor")):
            for statement in (f"update log.{table} set {column} = null", f"delete from log.{table}", f"truncate log.{table}"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only") as refused:
                    superuser.execute(statement.encode())
                assert "appending an event" in str(refused.value.diag.message_hint)


def test_nobody_reads_across(office: Office, own_office: Office) -> None:
    for dsn, database in (
        (own_office.dsn, office.service),
        (office.dsn, f"{office.service}_keys"),
        (office.keys_dsn, office.service),
    ):
        with pytest.raises(psycopg.OperationalError, match="permission denied"):
            psycopg.connect(make_conninfo(dsn, dbname=database))


def test_the_owner_cannot_log_in(office: Office) -> None:
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(make_conninfo(office.dsn, user=f"{office.service}_owner"))
    with psycopg.connect(office.superuser) as superuser:
        found = superuser.execute("select rolcanlogin from pg_roles where rolname = %s", (f"{office.service}_owner",)).fetchone()
    assert found == (False,)


def test_the_services_role_keeps_its_own_tables(office: Office) -> None:
    with psycopg.connect(office.dsn) as app:
        app.execute("create table view.mark (position bigint)")
        app.execute("insert into view.mark values (1)")
        app.execute("truncate view.mark")
        app.execute("drop table view.mark")


def test_every_function_that_acts_for_its_owner_has_a_pinned_search_path(office: Office) -> None:
    with office.as_superuser() as superuser:
        loose = superuser.execute(
            "select proname from pg_proc where pronamespace = 'log'::regnamespace and prosecdef"
            " and not 'search_path=pg_catalog, pg_temp' = any (coalesce(proconfig, '{}'))"
        ).fetchall()
    assert loose == []


def test_installing_again_changes_nothing_but_the_password(own_office: Office) -> None:
    schema.install(own_office.superuser, own_office.service, "a new one")
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(own_office.dsn)
    schema.install(own_office.superuser, own_office.service, PASSWORD)
    psycopg.connect(own_office.dsn).close()


def test_a_database_made_by_other_files_is_refused(own_office: Office) -> None:
    with own_office.as_superuser() as superuser:
        superuser.execute("update public.migration set sha256 = 'other' where number = 3")
    with pytest.raises(schema.SchemaDrift, match=r"003_record\.sql"):
        schema.install(own_office.superuser, own_office.service, PASSWORD)
