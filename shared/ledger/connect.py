"""Connections to a log's database, refused where an answered append could be lost."""

from typing import Any

from psycopg import AsyncConnection

from shared.ledger.arrays import adapt
from shared.ledger.record import NotDurable

_OFF = "select name from pg_settings where name in ('fsync', 'full_page_writes', 'synchronous_commit') and setting = 'off'"


async def connect(dsn: str) -> AsyncConnection[Any]:
    """An autocommit connection that may append. Raises NotDurable, psycopg.OperationalError."""
    connection = await AsyncConnection.connect(
        dsn, autocommit=True, connect_timeout=5, keepalives_idle=10, keepalives_interval=5, keepalives_count=3
    )
    try:
        adapt(connection)
        off = [name for (name,) in await (await connection.execute(_OFF)).fetchall()]
        if off:
            raise NotDurable(f"{' and '.join(off)} off: this server may lose what it has confirmed. Switch it on in postgresql.conf")
    except BaseException:
        await connection.close()
        raise
    return connection
