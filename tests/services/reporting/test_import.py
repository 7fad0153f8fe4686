"""An import: from a published file through the logs of all four services to the portfolio, once, whatever interrupts it."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from deploy.postgres import Postgres
from services.reporting.arrived import arrived
from services.reporting.feed_batch import AcceptRows, FeedBatch
from services.reporting.ingest import Ingest, Received, Upload
from services.reporting.portfolio import portfolio, totals
from services.reporting.views.batches import BatchRow
from services.reporting.views.feed_records import FeedRecordRow
from services.reporting.views.quarantine import QuarantineRow
from shared.contracts.envelope import Envelope
from shared.domain.given import Who
from shared.domain.refused import Refused
from shared.ledger.handler import Handler
from shared.ledger.intent import Intent, Receipt
from shared.ledger.record import LogUnavailable
from shared.runtime.blobs import Blobs
from tests.services.reporting.organisation import Organisation, organisation
from tests.services.reporting.releases import EFFECTIVE, release, written

OKAFOR = Who("p-okafor", "feed-owner", "hub")
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
async def org(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Organisation]:
    """One organisation for all tests here: each imports under a feed and ids of its own."""
    async with organisation(postgres.superuser_dsn, tmp_path_factory.mktemp("organisation")) as founded:
        yield founded


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs(tmp_path / "blobs")


def upload(raw: bytes, effective: date = EFFECTIVE[2021], feed: str = "gmpp") -> Upload:
    return Upload(raw, "release.csv", "gmpp", effective, feed)


async def imported(org: Organisation, blobs: Blobs, sent: Upload, handler: Handler | None = None, who: Who = OKAFOR) -> Received:
    ingest = Ingest(handler or org.reporting, blobs)
    received = await ingest.receive(sent, who)
    await ingest.finish(received.batch)
    if handler is None:
        assert not ingest.failed
    return received


async def test_the_release_of_2021_is_in_the_portfolio_as_it_was_published(org: Organisation, blobs: Blobs) -> None:
    received = await imported(org, blobs, upload(release(2021)))
    await org.settle()
    assert await arrived(org.reader, received.batch) == 184
    found = await portfolio(org.reader, NOW)
    of_2021 = totals([row for row in found.initiatives if row.batch == received.batch])
    assert (of_2021.count, len(of_2021.offices)) == (184, 19)
    assert of_2021.ratings == {
        "Red": 7,
        "Amber/Red": 44,
        "Amber": 84,
        "Amber/Green": 29,
        "Green": 12,
        "withheld": 5,
        "not_yet_known": 3,
    }
    (cost,) = of_2021.whole_life_cost
    assert (cost.figures, cost.sum.currency, round(cost.sum.amount / 1_000_000)) == (164, "GBP", 541_951)
    assert of_2021.cost_states == {"given": 164, "withheld": 17, "not_yet_known": 3}
    assert sum((office.whole_life_cost[0].sum.amount for office in of_2021.offices if office.whole_life_cost), Decimal()) == cost.sum.amount
    assert set(found.positions) == {"intake", "gates", "benefits", "reporting"} and all(found.positions.values())
    written_row = next(row for row in found.model_dump(mode="json")["initiatives"] if row["batch"] == received.batch)
    assert {"id", "name", "office", "sponsor", "stage", "start", "end", "end_baseline", "rating", "rating_scale", "rater"} <= set(
        written_row
    )
    assert written_row["reported_as_at"] == "2021-03-31"


async def test_every_value_leads_back_to_the_kept_file(org: Organisation, blobs: Blobs) -> None:
    raw = written("X_1,Name,MOD,Red,2021-01-01,lots", ",Nameless,MOD")
    received = await imported(org, blobs, upload(raw, feed="traced"))
    await org.settle()
    batch = await org.reader.get(BatchRow, received.batch)
    assert batch and (batch.accepted, batch.quarantined, batch.findings, batch.mapping_version) == (1, 1, 1, 1)
    assert await blobs.get(batch.sha256) == raw
    (record,) = await org.reader.rows(FeedRecordRow, {"batch": received.batch})
    assert (record.initiative, record.row, record.findings[0].raw) == ("X_1", 2, "lots")
    (row,) = await org.reader.rows(QuarantineRow, {"batch": received.batch})
    assert row.row == 3 and "no id" in row.reason


async def test_everything_descends_from_the_arrival_and_names_both_the_service_and_the_person(org: Organisation, blobs: Blobs) -> None:
    before = {log: await handler.log.last_position() for log, handler in org.handlers.items()}
    await imported(org, blobs, upload(written("D_1,Name,MOD,Red,2021-01-01,£5"), feed="descent"))
    await org.settle()
    _, arrival, *others = [Envelope.decode(record.bytes) for record in await org.reporting.log.page(before["reporting"])]
    assert (arrival.type, arrival.actor) == ("minutebook.reporting.BatchReceived.v1", "p-okafor")
    assert {(other.actor, other.onbehalfof) for other in others[:2]} == {("service:reporting", "p-okafor")}
    restated = [Envelope.decode(record.bytes) for record in await org.handlers["benefits"].log.page(before["benefits"])]
    assert {envelope.correlationid for envelope in (*others, *restated)} == {arrival.correlationid}


async def test_the_same_file_again_changes_nothing_and_says_so(org: Organisation, blobs: Blobs) -> None:
    sent = upload(written("R_1,Name,MOD,Red,2021-01-01,£5"), feed="repeated")
    assert not (await imported(org, blobs, sent)).repeated
    position = await org.reporting.log.last_position()
    again = await imported(org, blobs, sent, who=Who("p-other", "feed-owner", "hub"))
    assert again.repeated and await org.reporting.log.last_position() == position


async def test_the_same_file_for_another_date_is_refused(org: Organisation, blobs: Blobs) -> None:
    raw = written("S_1,Name,MOD,Red,2021-01-01,£5")
    await imported(org, blobs, upload(raw, feed="dated"))
    with pytest.raises(Refused, match=r"is on record as batch dated.*as at 2021-03-31"):
        await imported(org, blobs, upload(raw, EFFECTIVE[2022], "dated"))


async def test_nothing_is_recorded_of_a_file_that_cannot_be_read(org: Organisation, blobs: Blobs) -> None:
    before = await org.reporting.log.last_position()
    for raw in (b"a,b\n1,2\n", written('X_1,"Name,MOD')):
        with pytest.raises(Refused):
            await imported(org, blobs, upload(raw, feed="unreadable"))
    with pytest.raises(Refused, match="future"):
        await imported(org, blobs, upload(written("X_1,Name,MOD"), date(2222, 1, 1), "unreadable"))
    assert await org.reporting.log.last_position() == before


class Interrupted(Handler):
    """Stops answering once some commands were handled."""

    def __init__(self, whole: Handler, after: int) -> None:
        super().__init__(whole.log, whole.service, None, b"of this test")
        self.left = after

    async def handle(self, intent: Intent) -> Receipt:
        self.left -= isinstance(intent.command, AcceptRows)
        if self.left < 0:
            raise LogUnavailable("the process was killed")
        return await super().handle(intent)


@pytest.mark.parametrize("after", [0, 1, 2])
async def test_an_import_that_was_killed_is_sent_again_and_ends_with_each_row_once(org: Organisation, blobs: Blobs, after: int) -> None:
    sent = upload(written(*(f"K{after}_{number},Name,MOD,Red,2021-01-01,£5" for number in range(250))), feed=f"killed-{after}")
    received = await imported(org, blobs, sent, Interrupted(org.reporting, after))
    half, _ = await org.reporting.state(FeedBatch, received.batch)
    assert half.accepted == 100 * after and half.status == "receiving"
    assert await arrived(org.reader, received.batch) == 0
    await imported(org, blobs, sent)
    await org.settle()
    records = await org.reader.rows(FeedRecordRow, {"batch": received.batch})
    assert sorted(record.row for record in records) == list(range(2, 252))
    assert await arrived(org.reader, received.batch) == 250


async def test_an_import_that_was_killed_goes_on_from_the_kept_bytes_for_whoever_sent_it(org: Organisation, blobs: Blobs) -> None:
    sent = upload(written(*(f"W_{number},Name,MOD,Red,2021-01-01,£5" for number in range(150))), feed="left")
    received = await imported(org, blobs, sent, Interrupted(org.reporting, 1))
    await Ingest(org.reporting, blobs).resume(received.batch)
    whole, _ = await org.reporting.state(FeedBatch, received.batch)
    assert (whole.accepted, whole.status) == (150, "complete")
    records = await org.reporting.log.stream(f"feed-batch/{received.batch}")
    assert {Envelope.decode(record.bytes).onbehalfof for record in records[1:]} == {"p-okafor"}
    position = await org.reporting.log.last_position()
    await Ingest(org.reporting, blobs).resume(received.batch)
    assert await org.reporting.log.last_position() == position


async def test_an_earlier_release_that_comes_later_leaves_the_portfolio_as_it_was(org: Organisation, blobs: Blobs) -> None:
    await imported(org, blobs, upload(release(2021)))
    await org.settle()
    before = {row.id: row for row in (await portfolio(org.reader, NOW)).initiatives}
    earlier = await imported(org, blobs, upload(release(2020), EFFECTIVE[2020]))
    await org.settle()
    after = {row.id: row for row in (await portfolio(org.reader, NOW)).initiatives}
    assert {key: after[key] for key in before} == before
    assert len(after) == len(before) + 36 and await arrived(org.reader, earlier.batch) == 125
