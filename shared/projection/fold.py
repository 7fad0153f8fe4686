"""The projector: folds what was heard into the tables of a service's views, a batch at a time, in the caller's transaction."""

from collections.abc import Iterable, Sequence
from typing import Any

from psycopg import AsyncConnection

from shared.contracts.envelope import Heard
from shared.projection import encode
from shared.projection.changes import Changes, FoldFailed, Touch, Version, touches
from shared.projection.schema import registered
from shared.projection.store import Store, Unwritable, written
from shared.projection.view import View

_REMEMBERED = 50_000


class Projector:
    """Folds records into views. Rows are remembered between batches; each is checked against its table before it is used again, so
    neither a rollback, nor another process, nor a rebuild makes one wrong.

    A view that is not in the registry with its present shape is left alone: it waits to be rebuilt (see shared.projection.rebuild).
    """

    def __init__(self, views: Iterable[View[Any]]) -> None:
        self._views = {view.name: view for view in views}
        self._stores = {view.name: Store(view, view.table) for view in self._views.values()}
        self._remembered: dict[str, tuple[int, dict[str, Version]]] = {}

    async def apply(self, connection: AsyncConnection[Any], heard: Sequence[Heard]) -> int:
        """Folds records, in position order within each shard and not folded before, and writes the rows that changed.

        Call it in a transaction (read committed) that has locked the marks of their shards first, and without records of parked
        keys. Returns how often a record was folded. Raises FoldFailed (park the key of its record, begin again), OutOfOrder.
        """
        logs = {record.log for record in heard}
        wanted = [view for view in self._views.values() if view.log in logs]
        found = {view.name: work for view in wanted if (work := touches(view, heard))}
        if not found:
            return 0
        encode.adapt(connection)
        made = await registered(connection, list(found))
        folded = 0
        for name, work in found.items():
            table, generation = made.get(name, (None, 0))
            if table == self._views[name].table:
                folded += await self._apply(connection, self._views[name], generation, work, heard)
        return folded

    def forget(self) -> None:
        """Drops the remembered rows, when shards are assigned anew."""
        self._remembered.clear()

    async def _apply(
        self, connection: AsyncConnection[Any], view: View[Any], generation: int, work: Sequence[Touch], heard: Sequence[Heard]
    ) -> int:
        store = self._stores[view.name]
        remembered = self._recall(view.name, generation)
        changes = Changes(view, await self._rows(connection, store, remembered, {touch.key for touch in work}))
        folded = changes.fold(work)
        try:
            await store.write(connection, changes)
        except Unwritable as problem:
            record = next(record for record in heard if record.log == view.log and record.position == problem.position)
            raise FoldFailed(view.name, record, problem) from problem
        if len(remembered) > _REMEMBERED:
            remembered.clear()
        for key in changes.changed.difference(changes.rows):
            remembered.pop(key, None)
        remembered.update({key: written(version) for key, version in changes.rows.items()})
        return folded

    def _recall(self, name: str, generation: int) -> dict[str, Version]:
        known, rows = self._remembered.get(name, (generation, {}))
        if known != generation:
            rows = {}
        self._remembered[name] = (generation, rows)
        return rows

    async def _rows(
        self, connection: AsyncConnection[Any], store: Store, remembered: dict[str, Version], keys: set[str]
    ) -> dict[str, Version]:
        known = [(key, remembered[key]) for key in keys if key in remembered]
        stale = await store.stale(connection, known) if known else set()
        rows = {key: version for key, version in known if key not in stale}
        if missing := keys.difference(rows):
            rows.update(await store.read(connection, missing))
        return rows


__all__ = ["FoldFailed", "Projector"]
