"""Reading views: what is asked for, in order, page by page, as of a position, and once it has arrived."""

import asyncio
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import AsyncConnection

from shared.contracts.personal import Personal
from shared.contracts.values import Money
from shared.projection.arrival import NotYet
from shared.projection.fold import Projector
from shared.projection.query import Between
from shared.projection.reader import ViewReader
from tests.shared.projection.conftest import clear
from tests.shared.projection.toys import (
    START,
    Broken,
    Coat,
    Colour,
    Discounted,
    Made,
    Painted,
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

SHELF = log_of(
    ("T-1", doll("car", "30")),
    ("T-2", doll("ball", "10")),
    ("T-3", doll("boat", "20")),
    ("T-4", doll("kite", "20")),
    ("T-2", Painted(colour=Colour.RED, on=date(2026, 3, 1))),
    ("T-3", Painted(colour=Colour.BLUE, on=date(2026, 3, 2))),
)


@pytest.fixture
async def shelf(connection: AsyncConnection[Any]) -> None:
    await deliver(connection, Projector([toys]), SHELF)


@pytest.mark.parametrize(
    ("where", "titles"),
    [
        ({}, "car ball boat kite"),
        ({"key": "T-2"}, "ball"),
        ({"title": "boat", "price": Decimal(20)}, "boat"),
        ({"price": Decimal(20)}, "boat kite"),
        ({"price": Between(Decimal(10), Decimal(30))}, "ball boat kite"),
        ({"price": Between(low=Decimal(30))}, "car"),
        ({"colour": Colour.RED}, "ball"),
        ({"colour": [Colour.RED, Colour.BLUE]}, "ball boat"),
        ({"colour": []}, ""),
        ({"colour": None}, "car kite"),
        ({"colour": Between()}, "ball boat"),
        ({"painted": Between(high=date(2026, 3, 2))}, "ball"),
        ({"born": START, "sale": False, "changes": 1}, "ball boat"),
        ({"title": "' or true --"}, ""),
    ],
)
async def test_rows_are_found_by_their_fields(shelf: None, reader: ViewReader, where: dict[str, Any], titles: str) -> None:
    assert [row.title for row in await reader.rows(ToyRow, where)] == titles.split()
    assert await reader.count(ToyRow, where) == len(titles.split())


@pytest.mark.parametrize(
    ("order", "titles"),
    [("title", "ball boat car kite"), ("-price", "car boat kite ball"), ("painted", "ball boat car kite"), ("-key", "kite boat ball car")],
)
async def test_rows_come_in_the_order_that_was_asked_for(shelf: None, reader: ViewReader, order: str, titles: str) -> None:
    assert [row.title for row in await reader.rows(ToyRow, order=order)] == titles.split()


@pytest.mark.parametrize("order", ["key", "-key", "title", "price", "-price", "colour", "-colour", "painted", "-painted"])
async def test_pages_hold_every_row_once(shelf: None, reader: ViewReader, order: str) -> None:
    paged: list[str] = []
    after = None
    while page := await reader.known(ToyRow, order=order, limit=1, after=after):
        paged += [known.row.title for known in page]
        field = order.removeprefix("-")
        after = (page[-1].key if field == "key" else getattr(page[-1].row, field), page[-1].key)
    assert paged == [row.title for row in await reader.rows(ToyRow, order=order)]


async def test_a_field_that_cannot_be_searched_is_said(shelf: None, reader: ViewReader) -> None:
    with pytest.raises(LookupError, match="cannot be searched or ordered by coats; possible: key, title, price"):
        await reader.rows(ToyRow, {"coats": ()})
    with pytest.raises(LookupError, match="cannot be searched or ordered by colour;drop"):
        await reader.rows(ToyRow, order="colour;drop")


async def test_the_past_is_answered_as_it_was_known(shelf: None, reader: ViewReader) -> None:
    assert [row.colour for row in await reader.at(ToyRow, 5)] == [None, Colour.RED, None, None]
    assert [row.title for row in await reader.at(ToyRow, 2)] == ["car", "ball"]
    assert await reader.at(ToyRow, 0) == []
    assert await reader.count(ToyRow, {"colour": None}, at=4) == 4
    before = await reader.get(ToyRow, "T-2", at=4)
    assert before is not None
    assert before.colour is None


async def test_a_position_beyond_what_was_heard_is_not_answered(shelf: None, reader: ViewReader) -> None:
    with pytest.raises(NotYet, match="position 7 of toys is not shown yet, the newest that is shown is 6"):
        await reader.at(ToyRow, 7)


async def test_a_view_without_history_says_so(shelf: None, reader: ViewReader) -> None:
    with pytest.raises(LookupError, match=r"view parts keeps no history; declare it with history=True"):
        await reader.at(PartRow, 1)


async def test_positions_say_how_far_each_log_is_shown(shelf: None, reader: ViewReader) -> None:
    assert await reader.positions(toys, parts) == {"toys": 6}


async def test_positions_are_0_before_anything_was_heard(connection: AsyncConnection[Any], reader: ViewReader) -> None:
    assert await reader.positions(toys) == {"toys": 0}


async def test_a_snapshot_does_not_move(shelf: None, connection: AsyncConnection[Any], reader: ViewReader) -> None:
    async with reader.snapshot() as snapshot:
        assert await snapshot.count(ToyRow) == 4
        await deliver(connection, Projector([toys]), [heard(7, "T-1", Broken())])
        assert await snapshot.count(ToyRow) == 4
        assert await snapshot.positions(toys) == {"toys": 6}
    assert await reader.count(ToyRow) == 3


async def test_who_waits_is_woken_when_the_position_is_shown(connection: AsyncConnection[Any], reader: ViewReader) -> None:
    waiting = [asyncio.create_task(reader.wait_for("toys", 1, 30, key="T-1")) for _ in range(3)]
    await deliver(connection, Projector([toys]), [heard(1, "T-1", doll())])
    await asyncio.gather(*waiting)
    await reader.wait_for("toys", 1, 30)
    assert await reader.get(ToyRow, "T-1") is not None


async def test_who_waits_in_vain_is_told_how_far_it_is(shelf: None, reader: ViewReader) -> None:
    await reader.wait_for("toys", 6, 30)
    with pytest.raises(NotYet, match="position 99 of toys is not shown yet, the newest that is shown is 6"):
        await reader.wait_for("toys", 99, 0.01)


async def test_another_key_does_not_end_the_wait(connection: AsyncConnection[Any], reader: ViewReader) -> None:
    await deliver(connection, Projector([toys]), [heard(2, "T-2", doll())])
    await reader.wait_for("toys", 1, 30)
    with pytest.raises(NotYet):
        await reader.wait_for("toys", 1, 0.01, key="T-1")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_rows_come_back_as_they_were_folded(connection: AsyncConnection[Any], reader: ViewReader, data: st.DataObject) -> None:
    await clear(connection)
    log = data.draw(logs)
    projector = Projector([toys])
    for batch in data.draw(deliveries(log)):
        await deliver(connection, projector, batch)
    assert {known.key: known.row for known in await reader.known(ToyRow)} == folded(log)


async def test_nested_and_personal_values_come_back(connection: AsyncConnection[Any], reader: ViewReader) -> None:
    remark: Personal[str] = Personal.seal("a gift").of("p-ann")
    made = Made(title="\\u0000 ☃", price=Money(amount=Decimal("1E+3")), born=START, remark=remark)
    painted = Painted(colour=Colour.RED, on=date(2026, 3, 1))
    await deliver(connection, Projector([toys]), log_of(("T-1", made), ("T-1", painted), ("T-1", Discounted(by=Decimal(0)))))
    row = await reader.get(ToyRow, "T-1")
    assert row is not None
    assert row.coats == (Coat(colour=Colour.RED, on=date(2026, 3, 1)),)
    assert row.remark == remark
    assert row.remark is not None
    assert row.remark.subject == "p-ann"
    assert str(row.price) == "1000"
    assert row.title == "\\u0000 ☃"
