"""The digest of a view: equal digests, equal rows, byte for byte."""

from hashlib import sha256
from typing import Any

from psycopg import AsyncConnection
from psycopg.sql import SQL, Identifier

from shared.projection.schema import current, past
from shared.projection.view import View


async def digest(connection: AsyncConnection[Any], view: View[Any]) -> str:
    """SHA-256, in hexadecimal, over all rows in key order, then all earlier versions in key and position order, with the positions
    that made them, in PostgreSQL's text form under fixed settings."""
    taken = sha256()
    async with connection.transaction():
        await connection.execute("set local timezone = 'UTC'")
        await connection.execute("set local datestyle = 'ISO, YMD'")
        fields = SQL("").join(SQL(", {}").format(Identifier(column.name)) for column in view.columns)
        queries = [
            SQL("copy (select _key, _owner, _position, _recorded{} from {} order by _key) to stdout").format(fields, current(view.table))
        ]
        if view.history:
            queries.append(
                SQL("copy (select _key, _position, _recorded, _valid{} from {} order by _key, _position) to stdout").format(
                    fields, past(view.table)
                )
            )
        for query in queries:
            async with connection.cursor().copy(query) as rows:
                async for block in rows:
                    taken.update(block)
            taken.update(b"\n")
    return taken.hexdigest()
