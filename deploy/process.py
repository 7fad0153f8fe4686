"""One running server or service process, started under a guard so that it ends with its launcher."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from deploy.problems import CannotStart
from deploy.unprivileged import Account

GUARD = Path(__file__).with_name("guard.py")


@dataclass
class Process:
    """A process and its guard. `pid` is that of the process itself, `marker` the program on its command line."""

    name: str
    pid: int
    log: Path
    grace: float
    marker: str
    guard: subprocess.Popen[bytes]

    @property
    def running(self) -> bool:
        return self.guard.poll() is None

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end; the exit code (128 + signal if it was killed). Raises subprocess.TimeoutExpired."""
        return self.guard.wait(timeout)

    def ask_to_stop(self) -> None:
        """Close the lifeline: the guard stops the process, by force after the grace."""
        if self.guard.stdin:
            self.guard.stdin.close()

    def stop(self) -> None:
        """Stop and wait until it has ended."""
        self.ask_to_stop()
        try:
            self.wait(self.grace + 5)
        except subprocess.TimeoutExpired:
            self.kill9()
        # A guard that was killed is gone before its process is.
        if runs(self.pid, self.marker):
            end(self.pid, signal.SIGKILL, 10)

    def kill9(self) -> None:
        """SIGKILL to the process, as a crash would, and to its guard if that does not end with it."""
        for send, pid in ((os.kill, self.pid), (os.killpg, self.guard.pid)):
            try:
                send(pid, signal.SIGKILL)
                self.wait(5)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                continue
        self.ask_to_stop()

    def last_words(self) -> str:
        """The last line of the log that tells of an error, else the last line; empty without a log."""
        if not self.log.exists():
            return ""
        lines = self.log.read_text(errors="replace").splitlines()[-200:]
        telling = [line for line in lines if "FATAL" in line or "ERROR" in line or "Exception" in line or "PANIC" in line]
        return (telling or lines or [""])[-1]


def start(
    name: str,
    command: Sequence[str | Path],
    log: Path,
    *,
    stop_signal: signal.Signals = signal.SIGTERM,
    grace: float = 20,
    account: Account | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | str = "/",
) -> Process:
    """Start a command; its output goes to the log. `grace` is in seconds; `account` is whom it runs as, if not the caller."""
    log.parent.mkdir(parents=True, exist_ok=True)
    options: list[str | Path] = ["--name", name, "--log", log, "--signal", str(int(stop_signal)), "--grace", str(grace)]
    if account:
        options += ["--uid", str(account.uid), "--gid", str(account.gid)]
    guard = subprocess.Popen(
        [sys.executable, "-I", "-S", GUARD, *options, "--", *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log.open("ab"),
        env=None if env is None else dict(env),
        cwd=cwd,
        start_new_session=True,
    )
    pid = guard.stdout.readline() if guard.stdout else b""
    if not pid:
        raise CannotStart(f"{name} could not be started from {command[0]}: see {log}.")
    return Process(name, int(pid), log, grace, str(command[0]), guard)


def end(pid: int, first: signal.Signals, grace: float) -> None:
    """End a process that is not our child: the signal, then SIGKILL after `grace` seconds; returns when it is gone."""
    for number, seconds in ((first, grace), (signal.SIGKILL, 10.0)):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not _lives(pid):
                return
            time.sleep(0.02)


def _lives(pid: int) -> bool:
    """False for a zombie too: where process 1 reaps nobody, that is how an orphan ends."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def runs(pid: int, marker: str) -> bool:
    """True if a process of this pid lives and has `marker` on its command line."""
    try:
        return _lives(pid) and any(marker in part for part in psutil.Process(pid).cmdline())
    except psutil.Error:
        return False
