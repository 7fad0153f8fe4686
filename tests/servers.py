"""The real servers that tests share: started when the first test asks, once a run, on temporary data."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.kafka import Kafka, start_kafka
from deploy.postgres import Postgres, start_postgres


@contextmanager
def temporary_data() -> Iterator[Path]:
    """A data directory that the account of a server may enter (pytest's own are private), removed at the end."""
    path = Path(tempfile.mkdtemp(prefix="minutebook-"))
    path.chmod(0o711)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """A PostgreSQL with the settings of production; each test makes the databases that it needs."""
    with temporary_data() as data:
        server = start_postgres(data)
        try:
            yield server
        finally:
            server.stop()


@contextmanager
def running_kafka() -> Iterator[Kafka]:
    """A Kafka broker with the settings of production; each test uses topics with a name of its own."""
    with temporary_data() as data:
        server = start_kafka(data)
        try:
            yield server
        finally:
            server.stop()
