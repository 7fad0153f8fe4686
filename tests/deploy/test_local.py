"""`minutebook up` on real servers, with a stand-in for the services."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from deploy.kafka import Kafka
from deploy.ports import free_port
from deploy.postgres import Postgres
from deploy.servers import superuser_dsn_file
from tests.servers import temporary_data

ROOT = Path(__file__).parents[2]
PROGRAM = """
import sys
from pathlib import Path
from deploy.local import up
from deploy.problems import CannotStart
try:
    up(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "split", (sys.executable, sys.argv[4]))
except CannotStart as problem:
    sys.exit(str(problem))
"""


def launch(data: Path, port: int, shape: str = "pair", **environment: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", PROGRAM, str(data), str(port), shape, str(ROOT / "tests" / "deploy" / "stand_in.py")]
    env = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)


@contextmanager
def running(data: Path, port: int, shape: str = "pair", **environment: str) -> Iterator[subprocess.Popen[str]]:
    """An instance that printed its sign-in link; stopped by Ctrl-C at the end, if it still runs."""
    launcher = launch(data, port, shape, **environment)
    line = launcher.stdout.readline() if launcher.stdout else ""
    assert "Sign in: http://" in line, launcher.communicate()[1]
    try:
        yield launcher
    finally:
        if launcher.poll() is None:
            launcher.send_signal(signal.SIGINT)
        launcher.communicate(timeout=60)


def refused(data: Path, port: int, **environment: str) -> str:
    """What an instance that cannot start says last."""
    out, err = launch(data, port, **environment).communicate(timeout=60)
    assert "Traceback" not in err
    assert "Sign in" not in out
    return err.strip().splitlines()[-1]


def run_file(data: Path) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((data / "run.json").read_text())
    return facts


def pids(data: Path) -> dict[str, int]:
    return {item["name"]: item["pid"] for item in run_file(data)["processes"]}


def gone(processes: list[int]) -> bool:
    """Wait until the processes have ended; zombies that process 1 does not reap have."""
    left = [psutil.Process(pid) for pid in processes if psutil.pid_exists(pid)]
    _, alive = psutil.wait_procs([process for process in left if process.status() != psutil.STATUS_ZOMBIE], timeout=40)
    return all(process.status() == psutil.STATUS_ZOMBIE for process in alive if process.is_running())


def line_with(launcher: subprocess.Popen[str], words: str) -> str:
    """The next line on standard error that has the words."""
    assert launcher.stderr is not None
    return next(line for line in launcher.stderr if words in line)


def until(answers: Callable[[], bool]) -> None:
    """Wait for something that only polling can see; pytest's own limit ends a wait in vain."""
    while not answers():
        time.sleep(0.02)


def answered_by(port: int) -> int:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return int(answer.read())
    except OSError:
        return 0


def count(data: Path, statement: str = "select count(*) from kept") -> int:
    with psycopg.connect(superuser_dsn_file(data).read_text(), autocommit=True) as connection:
        cursor = connection.execute(statement)
        row = cursor.fetchone() if cursor.description else None
        return int(row[0]) if row else 0


def test_ctrl_c_stops_everything() -> None:
    with temporary_data() as data:
        with running(data, free_port()) as launcher:
            started = pids(data)
            assert set(started) == {"postgres", "kafka", "api", "worker"}
            assert (data / "run.json").stat().st_mode & 0o777 == 0o600
            assert superuser_dsn_file(data).stat().st_mode & 0o777 == 0o600
            assert superuser_dsn_file(data).read_text() not in (data / "run.json").read_text()
            launcher.send_signal(signal.SIGINT)
            launcher.communicate(timeout=60)
            assert launcher.returncode == 0
        assert gone(list(started.values()))
        assert not (data / "run.json").exists()
        for line in (data / "logs" / "api.log").read_text().splitlines():
            assert json.loads(line)["event"]


def test_any_process_that_is_killed_is_started_again_and_nothing_is_lost() -> None:
    port = free_port()
    with temporary_data() as data, running(data, port) as launcher:
        count(data, "create table kept (value int)")
        count(data, "insert into kept values (1)")
        before = pids(data)
        for name in ("api", "postgres", "kafka"):
            os.kill(before[name], signal.SIGKILL)
            line_with(launcher, f"{name} ended with exit code 137")
            until(lambda name=name: pids(data)[name] != before[name])  # type: ignore[misc]
        until(lambda: answered_by(port) == pids(data)["api"])
        assert count(data) == 1


def test_kill_9_of_the_launcher_ends_all_and_the_next_start_recovers() -> None:
    with temporary_data() as data:
        with running(data, free_port()) as launcher:
            count(data, "create table kept (value int)")
            count(data, "insert into kept values (1)")
            left = list(pids(data).values())
            launcher.kill()
        assert gone(left)
        with running(data, free_port()):
            assert count(data) == 1


def test_kill_9_of_everything_and_the_next_start_recovers() -> None:
    with temporary_data() as data:
        with running(data, free_port()) as launcher:
            count(data, "create table kept (value int)")
            count(data, "insert into kept values (1)")
            everything = [launcher.pid, *(child.pid for child in psutil.Process(launcher.pid).children(recursive=True))]
            for pid in everything:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
        with running(data, free_port()):
            assert count(data) == 1


def test_two_instances_side_by_side_each_split() -> None:
    ports = [next_nine_free(), 0]
    with temporary_data() as one, temporary_data() as two, running(one, ports[0], "split"):
        ports[1] = next_nine_free()
        with running(two, ports[1], "split"):
            names = set(pids(two))
            assert {"intake-api", "gates-worker", "proxy"} <= names
            assert answered_by(ports[0]) == pids(one)["proxy"]
            assert answered_by(ports[1]) == pids(two)["proxy"]
            assert run_file(two)["services"]["gates"]["url"] == f"http://127.0.0.1:{ports[1] + 2}"


def next_nine_free() -> int:
    """A port that is free, and the four after it."""
    while True:
        port = free_port()
        try:
            for offset in range(5):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port + offset))
        except OSError:
            continue
        return port


def test_a_second_start_on_the_same_data_says_where_the_first_one_is() -> None:
    port = free_port()
    with temporary_data() as data, running(data, port):
        said = refused(data, free_port())
        assert said.startswith(f"Minutebook already runs on {data}, at http://127.0.0.1:{port}")
        assert answered_by(port) == pids(data)["api"]


@pytest.mark.parametrize("replaced", [False, True], ids=["deleted", "replaced"])
def test_a_data_directory_that_is_taken_away_stops_it_and_nothing_is_made_in_its_place(replaced: bool) -> None:
    with temporary_data() as parent:
        data = parent / "data"
        with running(data, free_port()) as launcher:
            started = list(pids(data).values())
            data.rename(parent / "away")
            if replaced:
                data.mkdir()
                (data / "lock").touch()
            said = launcher.communicate(timeout=60)[1]
        assert launcher.returncode != 0
        assert f"{data} was deleted or replaced while Minutebook ran on it" in said.strip().splitlines()[-1]
        assert gone(started)
        assert not (data / "postgres").exists()


def test_a_busy_port_is_said_in_one_sentence() -> None:
    with temporary_data() as data, socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert refused(data, port) == f"Port {port} is in use by another program: choose another one with --port."


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
@pytest.mark.parametrize("size", ["1m", "20m"])
def test_a_full_disk_is_said_in_one_sentence(size: str) -> None:
    with temporary_data() as data:
        if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "tmpfs", data], check=False).returncode:
            pytest.skip("this machine does not let root mount")
        try:
            assert refused(data, free_port()) == f"The disk that holds {data / 'postgres'} is full: free some space there and start again."
        finally:
            subprocess.run(["umount", data], check=True)


def test_servers_that_already_run_are_used(postgres: Postgres, kafka: Kafka) -> None:
    given = {"MINUTEBOOK_DATABASE": postgres.superuser_dsn, "MINUTEBOOK_KAFKA": kafka.bootstrap}
    with temporary_data() as data, running(data, free_port(), **given):
        assert set(pids(data)) == {"api", "worker"}
        assert superuser_dsn_file(data).read_text() == postgres.superuser_dsn
        assert run_file(data)["kafka"]["bootstrap"] == kafka.bootstrap


@pytest.mark.parametrize("name", ["MINUTEBOOK_DATABASE", "MINUTEBOOK_KAFKA"])
def test_a_server_that_does_not_answer_is_said_in_one_sentence(name: str, postgres: Postgres) -> None:
    nobody = f"127.0.0.1:{free_port()}"
    given = {"MINUTEBOOK_DATABASE": postgres.superuser_dsn, name: nobody if name.endswith("KAFKA") else f"postgresql://{nobody}/x"}
    with temporary_data() as data:
        assert name in refused(data, free_port(), **given)


def test_a_failed_migration_is_said_with_its_reason(postgres: Postgres, kafka: Kafka) -> None:
    given = {"MINUTEBOOK_DATABASE": postgres.superuser_dsn, "MINUTEBOOK_KAFKA": kafka.bootstrap, "STAND_IN_FAILS": "migrate"}
    with temporary_data() as data:
        assert "minutebook migrate failed: the stand-in was told to fail" in refused(data, free_port(), **given)


def test_a_service_that_never_gets_ready_is_said_with_its_reason(postgres: Postgres, kafka: Kafka) -> None:
    given = {"MINUTEBOOK_DATABASE": postgres.superuser_dsn, "MINUTEBOOK_KAFKA": kafka.bootstrap, "STAND_IN_FAILS": "serve"}
    with temporary_data() as data:
        assert "the stand-in was told to fail" in refused(data, free_port(), **given)
