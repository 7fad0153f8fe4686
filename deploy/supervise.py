"""Keeps processes running: starts again what dies, stops everything in the reverse of the order it was started in."""

import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from deploy.problems import CannotStart
from deploy.process import Process

FIRST_DELAY = 0.2
LONGEST_DELAY = 10.0
CALM_SECONDS = 30.0
READY_SECONDS = 120.0
DEATHS_BEFORE_READY = 3


@dataclass
class Unit:
    """One thing to keep running. `start` is called again after each death; `url`, if any, is where it answers /readyz."""

    name: str
    start: Callable[[], Process]
    url: str | None = None
    process: Process | None = None
    deaths: int = 0


@dataclass
class Supervisor:
    """Runs groups of units, each group started together after the one before it. `changed` is called after each start.

    Nothing is started again once `may_restart` says no.
    """

    changed: Callable[[], None]
    may_restart: Callable[[], bool]
    groups: list[list[Unit]] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def units(self) -> list[Unit]:
        return [unit for group in self.groups for unit in group]

    def run(self, units: Sequence[Unit]) -> None:
        """Add a group: start what does not run yet, and keep it running. Raises CannotStart if a first start fails."""
        self.groups.append(list(units))
        for unit in units:
            if unit.process is None:
                unit.process = unit.start()
            thread = threading.Thread(target=self._keep, args=(unit,), name=f"keep-{unit.name}", daemon=True)
            self._threads.append(thread)
            thread.start()
        self.changed()

    def await_ready(self) -> None:
        """Wait until every unit with a url answers /readyz with 200. Raises CannotStart if one keeps dying or takes too long."""
        deadline = time.monotonic() + READY_SECONDS
        for unit in self.units:
            while unit.url and not _answers(f"{unit.url}/readyz"):
                process = unit.process
                if unit.deaths >= DEATHS_BEFORE_READY and process:
                    raise CannotStart(f"{unit.name} stops while starting: {process.last_words()} (all of it: {process.log})")
                if time.monotonic() > deadline and process:
                    raise CannotStart(f"{unit.name} was not ready after {READY_SECONDS:.0f} s: see {process.log}.")
                time.sleep(0.05)

    def stop(self) -> None:
        """Stop the groups, last started first; within a group all at once. Returns when all have ended."""
        with self._lock:
            self._stopping.set()
        for group in reversed(self.groups):
            running = [unit.process for unit in group if unit.process]
            for process in running:
                process.ask_to_stop()
            for process in running:
                process.stop()
        for thread in self._threads:
            thread.join()

    def _keep(self, unit: Unit) -> None:
        delay = FIRST_DELAY
        while unit.process:
            started = time.monotonic()
            code = unit.process.wait()
            if self._stopping.is_set():
                return
            unit.deaths += 1
            delay = FIRST_DELAY if time.monotonic() - started > CALM_SECONDS else min(delay * 2, LONGEST_DELAY)
            print(f"{unit.name} ended with exit code {code}; it starts again (log: {unit.process.log}).", file=sys.stderr)
            if self._stopping.wait(delay):
                return
            self._start_again(unit, unit.process)

    def _start_again(self, unit: Unit, dead: Process) -> None:
        dead.stop()
        with self._lock:
            if self._stopping.is_set() or not self.may_restart():
                return
            try:
                unit.process = unit.start()
            except CannotStart as problem:
                print(f"{unit.name} could not be started: {problem}", file=sys.stderr)
                return
        self.changed()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 (our own address on loopback)
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
