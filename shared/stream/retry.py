"""What passes by itself is tried again; what does not is the record's own fault."""

import asyncio
import random
from collections.abc import AsyncIterator

import httpx
import psycopg
from aiokafka.errors import KafkaError as AiokafkaError
from kafka.errors import KafkaError
from psycopg_pool import PoolTimeout

from shared.ledger.intent import Conflicted
from shared.ledger.record import ClockAhead, LogUnavailable, NotDurable

TRANSIENT: tuple[type[Exception], ...] = (
    AiokafkaError,
    KafkaError,
    OSError,
    TimeoutError,
    PoolTimeout,
    httpx.HTTPError,
    # A missing table or right is no fault of a record: it is mended without us.
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.InternalError,
    psycopg.ProgrammingError,
    LogUnavailable,
    NotDurable,
    ClockAhead,
    Conflicted,
)
"""Database, Kafka, log or another service is not there, or somebody else was faster."""

_FIRST, _LONGEST = 0.05, 2.0


async def pauses() -> AsyncIterator[int]:
    """Numbers attempts for ever: the first at once, the others after 0.05 s doubling to 2 s, spread by half."""
    attempt, wait = 0, _FIRST
    while True:
        yield attempt
        await asyncio.sleep(wait * random.uniform(0.5, 1))  # noqa: S311
        attempt, wait = attempt + 1, min(2 * wait, _LONGEST)
