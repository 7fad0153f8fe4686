"""What `minutebook up` does: a whole Minutebook on this machine, from nothing to a sign-in link."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from types import FrameType

from deploy.instance import Claim, claimed, end_leftovers, write_run_file
from deploy.jars import assets_dir
from deploy.kafka import start_kafka
from deploy.ports import LOOPBACK, require_free
from deploy.postgres import start_postgres
from deploy.problems import CannotStart, explained
from deploy.process import Process, start
from deploy.secret import write_private
from deploy.servers import Database, Servers, given_access, given_database, given_kafka, superuser_dsn_file
from deploy.supervise import Supervisor, Unit
from deploy.topology import Part, parts, service_urls

ROOT = Path(__file__).parents[1]
INTACT_SECONDS = 1.0


@dataclass
class Local:
    """One run of `minutebook up`. `program` is what a part's arguments are given to."""

    claim: Claim
    port: int
    split: bool
    program: Sequence[str] = (sys.executable, "-m", "cli")
    supervisor: Supervisor = field(init=False)
    servers: Servers | None = None

    def __post_init__(self) -> None:
        self.supervisor = Supervisor(self._write_run_file, self.intact)

    @property
    def data(self) -> Path:
        return self.claim.data

    def intact(self) -> bool:
        """False once what this instance runs on was deleted or replaced: a server must not be made anew in its place."""
        own = self.servers is not None and any(unit.name == "postgres" for unit in self.supervisor.units)
        return self.claim.stands and (not own or (self.data / "postgres").exists())

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def run_file(self) -> Path:
        return self.data / "run.json"

    @property
    def environment(self) -> dict[str, str]:
        """What every process of ours is started with."""
        ours = {"MINUTEBOOK_DATA": str(self.data), "MINUTEBOOK_RUN": str(self.run_file)}
        return {**os.environ, **ours, "PYTHONPATH": str(ROOT), "PYTHONSAFEPATH": "1"}

    def start(self) -> str:
        """Start everything; the sign-in link. Raises CannotStart."""
        mine = parts(self.port, self.split)
        for part in mine:
            require_free(part.port, "choose another one with --port")
        self.servers = self._start_servers()
        with explained(self.data):
            superuser_dsn_file(self.data).parent.mkdir(mode=0o700, exist_ok=True)
            write_private(superuser_dsn_file(self.data), self.servers.database.superuser_dsn)
        self._write_run_file()
        self.supervisor.run([Unit(part.name, lambda part=part: self._launch(part), part.url) for part in mine])  # type: ignore[misc]
        with ThreadPoolExecutor(1) as pool:
            link = pool.submit(self._run, "signin-link")
            self.supervisor.await_ready()
            return link.result().strip()

    def stop(self) -> None:
        """Stop everything: services, then Kafka and PostgreSQL. A run.json that is left over tells of a crash."""
        self.supervisor.stop()
        if self.claim.stands:
            superuser_dsn_file(self.data).unlink(missing_ok=True)
            self.run_file.unlink(missing_ok=True)

    def _start_servers(self) -> Servers:
        """PostgreSQL, migrated, and Kafka at the same time, unless the environment names running ones."""
        database, bootstrap = given_database(), given_kafka()
        with ThreadPoolExecutor(1) as pool:
            starting = pool.submit(lambda: self._migrated(database or self._start_postgres()))
            assets_dir()
            given_access()
            return Servers(bootstrap=bootstrap or self._start_kafka(), users=not bootstrap, database=starting.result())

    def _start_postgres(self) -> Database:
        server = start_postgres(self.data)
        self.supervisor.run([Unit("postgres", lambda: start_postgres(self.data, server.port).process, process=server.process)])
        return Database(server.host, server.port, server.superuser_dsn)

    def _migrated(self, database: Database) -> Database:
        self._run("migrate", MINUTEBOOK_DATABASE=database.superuser_dsn)
        return database

    def _start_kafka(self) -> str:
        broker = start_kafka(self.data)
        self.supervisor.run([Unit("kafka", lambda: start_kafka(self.data, broker.port).process, process=broker.process)])
        return broker.bootstrap

    def _launch(self, part: Part) -> Process:
        command = [*self.program, *part.arguments]
        return start(part.name, command, self.data / "logs" / f"{part.name}.log", grace=10, env=self.environment, cwd=self.data)

    def _run(self, name: str, **more: str) -> str:
        """Run a subcommand to its end; what it printed. Raises CannotStart with its last line if it fails."""
        done = subprocess.run(
            [*self.program, name],
            env={**self.environment, **more},
            cwd=self.data,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        with explained(self.data), (self.data / "logs" / f"{name}.log").open("a") as log:
            log.write(done.stderr)
        if done.returncode:
            last = (done.stderr.strip() or done.stdout.strip() or "no reason given").splitlines()[-1]
            raise CannotStart(f"minutebook {name} failed: {last} (all of it: {self.data / 'logs' / name}.log)")
        return done.stdout

    def _write_run_file(self) -> None:
        if self.servers is None or not self.claim.stands:
            return
        running = [(unit.name, unit.process.pid, unit.url) for unit in self.supervisor.units if unit.process]
        database = self.servers.database
        facts = {
            "version": 1,
            "url": self.url,
            "data": str(self.data),
            "postgres": {"host": database.host, "port": database.port},
            "kafka": {"bootstrap": self.servers.bootstrap, "users": self.servers.users},
            "split": self.split,
            "services": service_urls(self.port, self.split),
            "processes": [{"name": name, "pid": pid, "url": url} for name, pid, url in running],
        }
        write_run_file(self.run_file, facts)


def up(data: Path, port: int, split: bool, program: Sequence[str] | None = None) -> None:
    """Start everything, print the sign-in link, wait for Ctrl-C or SIGTERM, stop everything. Raises CannotStart."""
    data = data.absolute()
    with ExitStack() as at_end:
        claim = at_end.enter_context(claimed(data))
        local = Local(claim, port, split, program or (sys.executable, "-m", "cli"))
        end_leftovers(local.run_file)
        asked = _on_signal()
        at_end.callback(local.stop)
        print(f"Starting Minutebook in {data} …", file=sys.stderr)
        try:
            link = local.start()
            asked.armed = False
            print(f"Minutebook runs at {local.url}. Sign in: {link}", flush=True)
            print("Ctrl-C stops it.", file=sys.stderr)
            while not asked.event.wait(INTACT_SECONDS):
                if not local.intact():
                    said = f"{data} was deleted or replaced while Minutebook ran on it, so it stopped"
                    raise CannotStart(f"{said}: put it back, from a backup if need be, and start again.")
        except KeyboardInterrupt:
            pass
        asked.armed = False
        print("Stopping …", file=sys.stderr)


@dataclass
class _Asked:
    """Whether someone asked to stop. While armed (during the start) a signal interrupts; later it only sets the event."""

    event: Event = field(default_factory=Event)
    armed: bool = True

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self.event.set()
        if self.armed:
            self.armed = False
            raise KeyboardInterrupt


def _on_signal() -> _Asked:
    asked = _Asked()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, asked)
    return asked
