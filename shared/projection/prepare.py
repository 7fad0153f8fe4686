"""What a worker does before it listens: make the tables of new views, and tell which views wait for a rebuild."""

from collections.abc import Iterable
from typing import Any

from psycopg import AsyncConnection

from shared.ledger.shards import SHARDS
from shared.projection import schema
from shared.projection.marks import Marks
from shared.projection.view import View


async def prepare(connection: AsyncConnection[Any], consumer: str, views: Iterable[View[Any]]) -> list[View[Any]]:
    """Makes and registers the tables of views of whose log the consumer has heard nothing yet. Returns the views that lack what was
    heard before they were declared, or were declared otherwise: rebuild them; until then nothing is folded into them."""
    waiting = []
    for view in views:
        async with connection.transaction():
            marks = await Marks.lock(connection, consumer, view.log, range(SHARDS))
            table, _ = (await schema.registered(connection, [view.name])).get(view.name, (None, 0))
            if table == view.table:
                continue
            if any(marks.values()):
                waiting.append(view)
                continue
            await replace(connection, view, table)
    return waiting


async def replace(connection: AsyncConnection[Any], view: View[Any], former: str | None) -> None:
    """Puts empty tables in the place of a view's former ones."""
    await schema.hold_alone(connection)
    if former is not None:
        await schema.drop(connection, former)
    await schema.drop(connection, view.table)
    await schema.create(connection, view, view.table)
    await schema.index(connection, view, view.table)
    await schema.register(connection, view)
