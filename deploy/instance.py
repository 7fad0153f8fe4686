"""One data directory, one running instance: the claim on it, and the file that says where everything is."""

import fcntl
import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from deploy.problems import CannotStart, explained
from deploy.process import end
from deploy.secret import write_private


@dataclass(frozen=True)
class Claim:
    """A data directory that is held by its file `lock`."""

    data: Path
    lock: int

    @property
    def stands(self) -> bool:
        """False once the directory was deleted, or another one put in its place."""
        try:
            return os.path.samestat(os.stat(self.data / "lock"), os.fstat(self.lock))
        except OSError:
            return False


@contextmanager
def claimed(data: Path) -> Iterator[Claim]:
    """Hold the data directory; the kernel lets go of it when this process dies. Raises CannotStart if another instance has it."""
    with explained(data):
        data.mkdir(mode=0o755, parents=True, exist_ok=True)
        (data / "logs").mkdir(exist_ok=True)
        file = (data / "lock").open("a")
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            where = read_run_file(data / "run.json").get("url", "another port")
            raise CannotStart(f"Minutebook already runs on {data}, at {where}: use that one, or choose another --data.") from error
        yield Claim(data, file.fileno())


def write_run_file(path: Path, facts: dict[str, Any]) -> None:
    """Write run.json: addresses and pids, no password. Mode 0600, replaced whole."""
    with explained(path):
        write_private(path, json.dumps(facts, indent=1) + "\n")


def read_run_file(path: Path) -> dict[str, Any]:
    """What run.json says; empty if there is none."""
    try:
        facts: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return facts


def end_leftovers(run_file: Path) -> None:
    """End service processes that outlived an earlier launcher: those that were started with this very run.json."""
    for process in read_run_file(run_file).get("processes", []):
        try:
            mine = psutil.Process(process["pid"]).environ().get("MINUTEBOOK_RUN") == str(run_file)
        except psutil.Error:
            continue
        if mine:
            end(process["pid"], signal.SIGTERM, 10)
