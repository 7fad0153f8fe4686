"""Folding in batches: whatever the batches, the tables say what the records say."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import AsyncConnection

from shared.contracts.envelope import Heard
from shared.contracts.values import Money
from shared.domain.state import Fact
from shared.projection.digest import digest
from shared.projection.fold import FoldFailed, Projector
from shared.projection.marks import VIEWS
from shared.projection.prepare import prepare
from shared.projection.reader import ViewReader
from shared.projection.view import View
from tests.shared.projection.conftest import clear
from tests.shared.projection.toys import (
    START,
    Broken,
    Colour,
    Discounted,
    Looked,
    Made,
    Painted,
    PartAdded,
    PartRow,
    ToyRow,
    deliver,
    deliveries,
    doll,
    folded,
    heard,
    log_of,
    logs,
    parts,
    toys,
)

PAINT = Painted(colour=Colour.RED, on=START.date())
few = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


async def test_a_row_is_what_its_events_made_of_it(connection: AsyncConnection[Any], reader: ViewReader) -> None:
    log = log_of(("T-1", doll()), ("T-1", PAINT), ("T-1", PartAdded(part="wheel")), ("T-1", PartAdded(part="wheel")))
    assert await deliver(connection, Projector([toys, parts]), log) == 4
    row = await reader.get(ToyRow, "T-1")
    assert row is not None
    assert (row.colour, row.price, row.changes) == (Colour.RED, Decimal("10.50"), 1)
    assert row == folded(log)["T-1"]
    assert await reader.get(PartRow, "T-1/wheel") == PartRow(toy="T-1", count=2)


async def test_every_row_names_the_position_that_made_it(connection: AsyncConnection[Any], reader: ViewReader) -> None:
    await deliver(connection, Projector([toys]), log_of(("T-1", doll()), ("T-2", doll()), ("T-1", PAINT), ("T-1", Looked())))
    assert [(known.key, known.position) for known in await reader.known(ToyRow)] == [("T-1", 3), ("T-2", 2)]


async def test_a_deleted_row_is_gone_and_its_versions_stay(connection: AsyncConnection[Any], reader: ViewReader) -> None:
    projector = Projector([toys])
    await deliver(connection, projector, log_of(("T-1", doll())))
    await deliver(connection, projector, [heard(2, "T-1", Broken()), heard(3, "T-1", doll("again")), heard(4, "T-1", Broken())])
    assert await reader.get(ToyRow, "T-1") is None
    versions = await reader.history(ToyRow, "T-1")
    assert [(known.position, known.until, known.row.title) for known in versions] == [(1, 2, "doll"), (3, 4, "again")]


async def test_several_changes_within_a_batch_are_several_versions(connection: AsyncConnection[Any], reader: ViewReader) -> None:
    await deliver(connection, Projector([toys]), log_of(("T-1", doll()), ("T-1", PAINT), ("T-1", Discounted(by=Decimal(1)))))
    spans = [(known.position, known.until) for known in await reader.history(ToyRow, "T-1")]
    assert spans == [(1, 2), (2, 3), (3, None)]


@few
@given(data=st.data())
async def test_at_every_position_the_rows_are_the_fold_of_the_records_up_to_it(
    connection: AsyncConnection[Any], reader: ViewReader, data: st.DataObject
) -> None:
    await clear(connection)
    log = data.draw(logs)
    projector = Projector([toys, parts])
    for batch in data.draw(deliveries(log)):
        await deliver(connection, projector, batch)
    for position in range(len(log) + 1):
        known = {found.key: found.row for found in await reader.known(ToyRow, at=position)}
        assert known == folded(log[:position])


@few
@given(data=st.data())
async def test_the_tables_are_the_same_whatever_the_batches(connection: AsyncConnection[Any], data: st.DataObject) -> None:
    log = data.draw(logs)
    digests = set()
    for batches in ([log], [[record] for record in log], data.draw(deliveries(log))):
        await clear(connection)
        projector = Projector([toys, parts])
        for batch in batches:
            await deliver(connection, projector, batch)
        digests.add((await digest(connection, toys), await digest(connection, parts)))
    assert len(digests) == 1


async def test_what_was_delivered_before_is_skipped_by_its_mark(connection: AsyncConnection[Any]) -> None:
    log = log_of(("T-1", doll()), ("T-1", PAINT))
    projector = Projector([toys])
    assert await deliver(connection, projector, log) == 2
    before = await digest(connection, toys)
    assert await deliver(connection, projector, log) == 0
    assert await digest(connection, toys) == before


async def test_what_was_rolled_back_is_not_remembered(connection: AsyncConnection[Any], reader: ViewReader) -> None:
    projector = Projector([toys])
    await deliver(connection, projector, [heard(1, "T-1", doll())])
    async with connection.transaction(force_rollback=True):
        await projector.apply(connection, [heard(2, "T-1", PAINT), heard(3, "T-2", doll())])
    await deliver(connection, projector, [heard(4, "T-1", Discounted(by=Decimal(1))), heard(5, "T-2", PAINT)])
    row = await reader.get(ToyRow, "T-1")
    assert row is not None
    assert (row.colour, row.changes) == (None, 1)
    assert await reader.get(ToyRow, "T-2") is None


async def test_what_another_process_wrote_meanwhile_is_seen(connection: AsyncConnection[Any], reader: ViewReader) -> None:
    one, other = Projector([toys]), Projector([toys])
    await deliver(connection, one, [heard(1, "T-1", doll())])
    await deliver(connection, other, [heard(2, "T-1", PAINT)])
    await deliver(connection, one, [heard(3, "T-1", Discounted(by=Decimal(1)))])
    row = await reader.get(ToyRow, "T-1")
    assert row is not None
    assert (row.colour, row.changes) == (Colour.RED, 2)


async def test_a_record_that_a_fold_cannot_take_is_named(connection: AsyncConnection[Any]) -> None:
    bad = PAINT.model_copy(update={"on": "today"})
    with pytest.raises(FoldFailed, match=r"view toys cannot take minutebook.toys.Painted.v1 at toys 2") as failed:
        await deliver(connection, Projector([toys]), log_of(("T-1", doll()), ("T-1", bad), ("T-2", doll())))
    assert failed.value.heard.position == 2


@pytest.mark.parametrize("title", ["nul \0", "half a pair \ud800"])
async def test_a_record_whose_row_no_column_can_hold_is_named(connection: AsyncConnection[Any], title: str) -> None:
    bad = Made.model_construct(title=title, price=Money(amount=Decimal(1)), born=START, remark=None)
    with pytest.raises(FoldFailed, match="title") as failed:
        await deliver(connection, Projector([toys]), log_of(("T-1", doll()), ("T-2", bad)))
    assert failed.value.heard.position == 2


class StockRow(Fact):
    count: int


stock = View("stock", StockRow, log="toys")


@stock.on(key=lambda event, heard: event.part)
def stocked(row: StockRow | None, event: PartAdded, heard: Heard) -> StockRow:
    return StockRow(count=row.count + 1 if row else 1)


async def test_a_row_is_made_by_the_records_of_one_key_of_order(connection: AsyncConnection[Any]) -> None:
    await prepare(connection, VIEWS, [stock])
    log = log_of(("T-1", PartAdded(part="wheel")), ("T-2", PartAdded(part="wheel")))
    with pytest.raises(FoldFailed, match="row wheel is made by the records of T-1, this one is of T-2"):
        await deliver(connection, Projector([stock]), log)
