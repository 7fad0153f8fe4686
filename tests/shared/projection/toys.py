"""A toy shop's log and its views: what the tests fold."""

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from psycopg import AsyncConnection

from shared.contracts.envelope import Envelope, Heard, rfc3339
from shared.contracts.event import Event
from shared.contracts.personal import Personal
from shared.contracts.values import Amount, Frozen, Moment, Money, Text
from shared.domain.state import Fact
from shared.ledger.shards import shard_of
from shared.projection.fold import Projector
from shared.projection.marks import VIEWS, Marks, parked_keys
from shared.projection.view import View


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Made(Event, service="toys"):
    title: str
    price: Money
    born: Moment
    remark: Personal[Text] | None = None


class Painted(Event, service="toys"):
    colour: Colour
    on: date


class Discounted(Event, service="toys"):
    by: Amount


class Looked(Event, service="toys"):
    pass


class Broken(Event, service="toys"):
    pass


class PartAdded(Event, service="toys"):
    part: str


class Coat(Frozen):
    colour: Colour
    on: date


class ToyRow(Fact):
    title: str
    price: Amount
    currency: str
    colour: Colour | None = None
    painted: date | None = None
    born: datetime
    sale: bool = False
    changes: int = 0
    coats: tuple[Coat, ...] = ()
    remark: Personal[Text] | None = None


class PartRow(Fact):
    toy: str
    count: int


toys = View("toys", ToyRow, log="toys", history=True, indexed=("price",))
parts = View("parts", PartRow, log="toys")


@toys.on
def made(row: ToyRow | None, event: Made, heard: Heard) -> ToyRow:
    changes = row.changes + 1 if row else 0
    title, price, currency = event.title, event.price.amount, event.price.currency
    return ToyRow(title=title, price=price, currency=currency, born=event.born, remark=event.remark, changes=changes)


@toys.on
def painted(row: ToyRow | None, event: Painted, heard: Heard) -> ToyRow | None:
    coat = Coat(colour=event.colour, on=event.on)
    return row and row.replace(colour=event.colour, painted=event.on, coats=(*row.coats, coat), changes=row.changes + 1)


@toys.on
def discounted(row: ToyRow | None, event: Discounted, heard: Heard) -> ToyRow | None:
    return row and row.replace(price=(row.price - event.by).normalize(), sale=True, changes=row.changes + 1)


@toys.on
def gone(row: ToyRow | None, event: Broken | Looked, heard: Heard) -> ToyRow | None:
    return None if isinstance(event, Broken) else row


@parts.on(key=lambda event, heard: f"{heard.envelope.initiative}/{event.part}")
def part_added(row: PartRow | None, event: PartAdded, heard: Heard) -> PartRow:
    return PartRow(toy=heard.envelope.initiative or "", count=row.count + 1 if row else 1)


START = datetime(2026, 3, 2, 12, tzinfo=UTC)


def heard(position: int, toy: str, event: Event) -> Heard:
    """The record of an event about a toy."""
    recorded = rfc3339(START + timedelta(seconds=position))
    envelope = Envelope(
        id=str(UUID(int=position)),
        source="/offices/hub/toys",
        type=event.wire,
        subject=f"toy/{toy}",
        time=recorded,
        recordedtime=recorded,
        streamversion="1",
        actor="p-ann",
        role="proposer",
        office="hub",
        authn="token",
        correlationid="c",
        causationid="c",
        commandid=str(UUID(int=position)),
        traceparent="",
        classification="internal",
        data={},
        initiative=toy,
    )
    return Heard("toys", position, envelope, event)


def log_of(*events: tuple[str, Event]) -> list[Heard]:
    """A log of these events, each about a toy."""
    return [heard(position, toy, event) for position, (toy, event) in enumerate(events, 1)]


def doll(title: str = "doll", price: str = "10.50") -> Made:
    return Made(title=title, price=Money(amount=Decimal(price)), born=START)


_texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
_amounts = st.decimals(min_value=-(10**9), max_value=10**9, places=2)
_days = st.dates(date(1990, 1, 1), date(2100, 1, 1))
_events: st.SearchStrategy[Event] = st.one_of(
    st.builds(lambda title, amount: Made(title=title, price=Money(amount=amount), born=START), _texts, _amounts),
    st.builds(Painted, colour=st.sampled_from(Colour), on=_days),
    st.builds(lambda by: Discounted(by=by), _amounts),
    st.builds(Looked),
    st.builds(Broken),
    st.builds(PartAdded, part=st.sampled_from("ab")),
)
_about = st.tuples(st.sampled_from(["T-1", "T-2", "T-3", "T-4"]), _events)
logs = st.lists(_about, min_size=1, max_size=40).map(lambda found: log_of(*found))


@st.composite
def deliveries(draw: st.DrawFn, log: Sequence[Heard]) -> list[list[Heard]]:
    """The log in batches as partitions deliver it: each shard in order, some records again, some shards ahead of others."""
    ways: list[list[Heard]] = [[], []]
    for record in log:
        ways[shard_of(record.envelope.key) % 2].append(record)
    batches = []
    while any(ways):
        way = draw(st.sampled_from([way for way in ways if way]))
        size = draw(st.integers(1, len(way)))
        batches.append(way[:size])
        repeated = draw(st.integers(0, size - 1))
        del way[: size - repeated]
    return batches


async def deliver(connection: AsyncConnection[Any], projector: Projector, batch: Iterable[Heard]) -> int:
    """What a consumer does with a batch, in one transaction: skip what was applied or waits, fold, move the marks."""
    records = list(batch)
    async with connection.transaction():
        marks = await Marks.lock(connection, VIEWS, "toys", {shard_of(record.envelope.key) for record in records})
        parked = await parked_keys(connection, VIEWS, "toys")
        new: list[Heard] = []
        for record in records:
            shard = shard_of(record.envelope.key)
            if record.position > marks[shard]:
                marks[shard] = record.position
                if record.position < parked.get(record.envelope.key, record.position + 1):
                    new.append(record)
        folded = await projector.apply(connection, new)
        await Marks.move(connection, VIEWS, "toys", marks)
    return folded


async def park(connection: AsyncConnection[Any], key: str, position: int) -> None:
    """A key waits in quarantine from a position on."""
    await connection.execute(
        "insert into view.parked (consumer, log, key, shard, position, reason) values (%s, 'toys', %s, %s, %s, 'odd')",
        (VIEWS, key, shard_of(key), position),
    )


class Shelf:
    """A log in memory that a rebuild reads, in batches of `size`."""

    def __init__(self, log: Sequence[Heard], size: int = 7) -> None:
        self.log, self.size, self.position = log, size, 0

    async def read(self, upto: int) -> AsyncIterator[Sequence[Heard]]:
        while self.position < upto and self.position < len(self.log):
            batch = self.log[self.position : min(self.position + self.size, upto)]
            self.position += len(batch)
            yield batch


def folded(log: Iterable[Heard]) -> dict[str, ToyRow]:
    """The toys after these records, folded in the plainest way."""
    rows: dict[str, ToyRow] = {}
    for record in log:
        if fold := toys.folds.get(type(record.event)):
            key = record.envelope.initiative or ""
            row: Any = fold[0](rows.get(key), record.event, record)
            rows.pop(key, None)
            if row is not None:
                rows[key] = row
    return rows
