"""PostgreSQL under the launcher: crashes, orphans, neighbours."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import psycopg
import pytest

from deploy.ports import free_port
from deploy.postgres import Postgres, start_postgres
from deploy.problems import CannotStart
from tests.servers import temporary_data


def write(server: Postgres, value: int) -> None:
    with psycopg.connect(server.superuser_dsn, autocommit=True) as connection:
        connection.execute("create table if not exists kept (value int)")
        connection.execute("insert into kept values (%s)", (value,))


def values(server: Postgres) -> list[int]:
    with psycopg.connect(server.superuser_dsn) as connection:
        return [row[0] for row in connection.execute("select value from kept order by value")]


def test_what_was_committed_is_there_after_kill_9_of_the_server() -> None:
    with temporary_data() as data:
        server = start_postgres(data)
        write(server, 1)
        server.kill9()
        again = start_postgres(data)
        assert values(again) == [1]
        again.stop()


def test_durable_settings_are_on(postgres: Postgres) -> None:
    with psycopg.connect(postgres.superuser_dsn) as connection:
        shown = [connection.execute(f"show {name}").fetchone() for name in ("fsync", "full_page_writes", "synchronous_commit")]
    assert shown == [("on",)] * 3


def test_a_server_without_durable_settings_is_refused() -> None:
    with temporary_data() as data:
        server = start_postgres(data)
        with psycopg.connect(server.superuser_dsn, autocommit=True) as connection:
            connection.execute("alter role postgres set synchronous_commit = off")
        server.stop()
        with pytest.raises(CannotStart, match="synchronous_commit = off"):
            start_postgres(data)


def test_it_listens_on_loopback_only_and_wants_a_password(postgres: Postgres) -> None:
    addresses = {item.laddr.ip for item in psutil.Process(postgres.process.pid).net_connections("tcp") if item.status == "LISTEN"}
    assert addresses == {"127.0.0.1"}
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(host=postgres.host, port=postgres.port, user="postgres", dbname="postgres", password="guess")


def test_two_instances_run_side_by_side(postgres: Postgres) -> None:
    with temporary_data() as data:
        other = start_postgres(data)
        assert other.port != postgres.port
        write(other, 2)
        assert values(other) == [2]
        other.stop()


def test_the_superuser_password_is_in_a_private_file() -> None:
    with temporary_data() as data:
        server = start_postgres(data)
        secret = data / "secrets" / "postgres-superuser"
        assert secret.stat().st_mode & 0o777 == 0o600
        assert secret.read_text() in server.superuser_dsn
        server.stop()


def test_the_server_ends_when_its_launcher_is_killed() -> None:
    with temporary_data() as data:
        pid = int(launch_and_die(data))
        psutil.wait_procs([psutil.Process(pid)] if psutil.pid_exists(pid) else [], timeout=30)
        assert not psutil.pid_exists(pid)
        server = start_postgres(data)
        assert values(server) == [3]
        server.stop()


def launch_and_die(data: Path) -> str:
    """Start a server in another process that kills itself with SIGKILL; the pid of the server."""
    program = (
        "import os, sys; from pathlib import Path; from deploy.postgres import start_postgres; "
        "from tests.deploy.test_postgres import write; server = start_postgres(Path(sys.argv[1])); write(server, 3); "
        "print(server.process.pid, flush=True); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", program, data], capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    return done.stdout


def test_a_server_that_was_left_running_is_replaced() -> None:
    with temporary_data() as data:
        orphan = start_postgres(data)
        write(orphan, 4)
        again = start_postgres(data)
        assert not orphan.process.running
        assert values(again) == [4]
        again.stop()


def test_a_pid_file_that_names_another_program_does_not_stop_a_start() -> None:
    with temporary_data() as data:
        server = start_postgres(data)
        write(server, 5)
        server.kill9()
        pid_file = server.data / "postmaster.pid"
        sleeper = subprocess.Popen(["sleep", "600"], user=pid_file.stat().st_uid if os.geteuid() == 0 else None)
        pid_file.write_text("\n".join([str(sleeper.pid), *pid_file.read_text().splitlines()[1:]]))
        again = start_postgres(data)
        assert values(again) == [5]
        again.stop()
        sleeper.kill()
        sleeper.wait()


def test_an_interrupted_first_start_is_done_again() -> None:
    with temporary_data() as data:
        half = data / ".postgres.part"
        half.mkdir()
        (half / "PG_VERSION").write_text("18")
        server = start_postgres(data)
        write(server, 6)
        server.stop()
        assert not half.exists()


def test_a_taken_port_is_said_in_one_sentence(postgres: Postgres) -> None:
    with temporary_data() as data, pytest.raises(CannotStart, match=f"Port {postgres.port} is in use"):
        start_postgres(data, postgres.port)


def test_a_wrong_pgbin_is_said_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGBIN", "/nowhere")
    with temporary_data() as data, pytest.raises(CannotStart, match="PGBIN is /nowhere"):
        start_postgres(data)


def test_the_port_that_was_asked_for_is_used() -> None:
    with temporary_data() as data:
        port = free_port()
        server = start_postgres(data, port)
        assert server.port == port
        server.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root changes to another account")
def test_root_may_keep_its_data_where_the_server_account_cannot_go() -> None:
    with temporary_data() as data:
        data.chmod(0o700)
        server = start_postgres(data)
        write(server, 7)
        server.stop()
        assert (data / "postgres").is_symlink()
        again = start_postgres(data)
        assert values(again) == [7]
        again.stop()
        elsewhere = (data / "postgres").resolve().parent
        subprocess.run(["rm", "-rf", elsewhere], check=True)
