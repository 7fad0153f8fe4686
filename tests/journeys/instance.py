"""One real instance under test: `python -m cli up` on data of its own, and what a test does to it."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psutil

from deploy.instance import read_run_file
from deploy.kafka_users import access_of
from deploy.ports import LOOPBACK
from deploy.servers import superuser_dsn_file
from shared.identity.issuer import LocalIssuer
from shared.stream.topics import Topics
from tests.servers import temporary_data

ROOT = Path(__file__).parents[2]
PATIENCE = 90.0
"""Seconds after which something that should have come is called missing."""
_PORTS = range(20_000, 28_000, 10)
_TAKEN = 6
T = TypeVar("T")


def awaited(look: Callable[[], T | None], what: str) -> T:
    """Look until something is there; raises AssertionError when nothing came."""
    deadline = time.monotonic() + PATIENCE
    while (found := look()) is None:
        assert time.monotonic() < deadline, f"{what} did not come within {PATIENCE:.0f} s"
        time.sleep(0.05)
    return found


class Signed(httpx.Auth):
    """Signs each request with a fresh token of a person: they live five minutes only."""

    def __init__(self, instance: "Instance", person: str) -> None:
        self._instance, self._person = instance, person

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = f"Bearer {self._instance.token(self._person)}"
        yield request


class Instance:
    """A running Minutebook. `url` is its address, `data` its directory, `split` whether each service has processes of its own."""

    def __init__(self, data: Path, *, split: bool) -> None:
        self.data, self.split, self.port = data, split, _free_port()
        self.url = f"http://{LOOPBACK}:{self.port}"
        self._up: subprocess.Popen[str] | None = None
        self._issuer: LocalIssuer | None = None

    @property
    def run(self) -> dict[str, Any]:
        """What run.json says now."""
        return read_run_file(self.data / "run.json")

    @property
    def superuser_dsn(self) -> str:
        """The DSN of the database's superuser."""
        return superuser_dsn_file(self.data).read_text()

    def topics(self, service: str) -> Topics:
        """Kafka's topics as a service may use them."""
        return Topics(self.run["kafka"]["bootstrap"], access=access_of(self.data, service))

    def start(self) -> None:
        """Start, and return when it says where it runs."""
        command = [sys.executable, "-m", "cli", "up", "--data", str(self.data), "--port", str(self.port)]
        clean = {name: value for name, value in os.environ.items() if not name.startswith("MINUTEBOOK_")}
        with (self.data / "up.log").open("a") as said:
            self._up = subprocess.Popen(
                [*command, *(["--split"] if self.split else [])],
                stdout=subprocess.PIPE,
                stderr=said,
                text=True,
                cwd=ROOT,
                env=clean,
                start_new_session=True,
            )
        told = self._up.stdout.readline() if self._up.stdout else ""
        assert "runs at" in told, (self.data / "up.log").read_text()

    def stop(self) -> None:
        """Stop as Ctrl-C does."""
        if self._up is not None:
            self._up.send_signal(signal.SIGINT)
            self._up.wait(60)
            self._up = None

    def restart(self) -> None:
        """Stop as Ctrl-C does, and start again on the same data."""
        self.stop()
        self.start()

    def link(self, person: str) -> str:
        """A sign-in link of a person, for one use."""
        return self.url + self._known().mint_link(person)

    def token(self, person: str) -> str:
        """A bearer token of a person, or of a service ("service:reporting")."""
        name, issuer = person.removeprefix("service:"), self._known()
        return issuer.cli_token(person) if name == person else issuer.service_token(name)

    def client(self, person: str) -> httpx.Client:
        """A client of the API, signed in as a person."""
        return httpx.Client(
            base_url=self.url, auth=Signed(self, person), headers={"Accept": "application/json"}, timeout=30, trust_env=False
        )

    def async_client(self, person: str) -> httpx.AsyncClient:
        """The same, to be awaited."""
        return httpx.AsyncClient(
            base_url=self.url, auth=Signed(self, person), headers={"Accept": "application/json"}, timeout=30, trust_env=False
        )

    def cli(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run `minutebook ARGUMENTS --data …` from the root of the repository."""
        command = [sys.executable, "-m", "cli", *arguments, "--data", str(self.data)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False, timeout=170)
        assert done.returncode == 0 or not check, done.stdout + done.stderr
        return done

    def pid(self, name: str) -> int | None:
        """The pid of a process by its name in run.json: postgres, kafka, api, worker, intake-api, gates-worker, proxy, …"""
        return next((process["pid"] for process in self.run.get("processes", []) if process["name"] == name), None)

    def names(self) -> list[str]:
        """The names of all processes."""
        return [process["name"] for process in self.run.get("processes", [])]

    def kill(self, name: str) -> None:
        """SIGKILL to a process, and return when another one runs in its place."""
        before = self.pid(name)
        assert before is not None, f"{name} does not run"
        os.kill(before, signal.SIGKILL)
        awaited(lambda: (self.pid(name) not in (None, before)) or None, f"another {name}")

    def kill_everything(self) -> None:
        """SIGKILL to every process at once, the supervisor included."""
        assert self._up is not None
        doomed = [psutil.Process(self._up.pid), *psutil.Process(self._up.pid).children(recursive=True)]
        for process in doomed:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        self._up.wait(30)
        psutil.wait_procs(doomed, timeout=30)
        self._up = None

    def await_ready(self) -> None:
        """Return when every process that listens is ready."""
        for process in self.run["processes"]:
            if url := process.get("url"):
                awaited(partial(_ready, url), f"{process['name']} at {url}/readyz")

    def _known(self) -> LocalIssuer:
        self._issuer = self._issuer or LocalIssuer(self.data)
        return self._issuer


@contextmanager
def running_instance(*, split: bool = False) -> Iterator[Instance]:
    """A running instance on temporary data, gone at the end."""
    with temporary_data() as data:
        instance = Instance(data, split=split)
        try:
            instance.start()
            yield instance
        finally:
            instance.stop()


def _ready(url: str) -> bool | None:
    try:
        return httpx.get(f"{url}/readyz", timeout=5, trust_env=False).status_code == 200 or None
    except httpx.HTTPError:
        return None


def _free_port() -> int:
    """The first of a row of ports that nobody listens on: a split instance takes one for each service too."""
    first = os.getpid() % len(_PORTS)  # Another run of the tests begins elsewhere.
    ports: list[int] = [*_PORTS[first:], *_PORTS[:first]]
    return next(port for port in ports if all(_free(port + place) for place in range(_TAKEN)))


def _free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True
