"""Stands between the launcher and one server, so that the server never outlives the launcher.

Run as a file of its own, with options, then `--`, the program and its arguments. Standard input is the lifeline: a pipe that only the
launcher holds. When it closes, for whatever reason, the server gets the signal, and after the grace SIGKILL. The first line on standard
output is the server's pid. What the server prints goes to the log as JSON lines. If the guard itself is killed, Linux signals the server;
elsewhere the next start ends it.
"""

import argparse
import ctypes
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import IO

PR_SET_PDEATHSIG = 1
LOG_BYTES = 20_000_000


def die_with_parent(number: int) -> Callable[[], None] | None:
    """What the server does between fork and exec so that the kernel signals it when the guard dies; None where there is no such call."""
    if not sys.platform.startswith("linux"):
        return None
    libc, guard = ctypes.CDLL(None), os.getpid()

    def ask() -> None:
        libc.prctl(PR_SET_PDEATHSIG, number)
        if os.getppid() != guard:
            os._exit(1)

    return ask


def copy_to_log(output: IO[bytes], path: str, name: str) -> None:
    """Append each line to the log: JSON objects as they are, anything else wrapped into one."""
    if os.path.exists(path) and os.path.getsize(path) > LOG_BYTES:
        os.replace(path, path + ".1")
    with open(path, "ab", buffering=0) as log:
        for line in output:
            text = line.decode(errors="replace").rstrip()
            if text and not text.startswith("{"):
                now = datetime.now(UTC).isoformat(timespec="milliseconds")
                text = json.dumps({"timestamp": now, "logger": name, "event": text}, ensure_ascii=False)
            try:
                log.write(text.encode() + b"\n" if text else b"")
            except OSError:
                # A full disk must not stop the server by a pipe that nobody empties.
                continue


def main() -> int:
    """Run the server until it ends or the lifeline does; the exit code is the server's."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--name", required=True)
    parser.add_argument("--log", required=True)
    parser.add_argument("--signal", type=int, required=True)
    parser.add_argument("--grace", type=float, required=True)
    parser.add_argument("--uid", type=int)
    parser.add_argument("--gid", type=int)
    parser.add_argument("program", nargs="+")
    options = parser.parse_args()
    account = {} if options.uid is None else {"user": options.uid, "group": options.gid, "extra_groups": []}
    server = subprocess.Popen(
        options.program,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        preexec_fn=die_with_parent(options.signal),
        **account,
    )
    print(server.pid, flush=True)

    def stop() -> None:
        server.send_signal(options.signal)
        try:
            server.wait(options.grace)
        except subprocess.TimeoutExpired:
            server.kill()

    def await_end_of_lifeline() -> None:
        while os.read(0, 64):
            pass
        stop()

    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=stop, daemon=True).start())
    copier = threading.Thread(target=copy_to_log, args=(server.stdout, options.log, options.name), daemon=True)
    copier.start()
    threading.Thread(target=await_end_of_lifeline, daemon=True).start()
    code = server.wait()
    copier.join(1)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    # Not sys.exit: a thread that waits on the lifeline must not hold up the end.
    code = main()
    sys.stdout.flush()
    os._exit(code)
