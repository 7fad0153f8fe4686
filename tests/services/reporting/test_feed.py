"""Feeds and batches: nothing is received without an owner, rows come once and in order, a batch ends with all of its rows."""

from datetime import date
from typing import Any

from services.reporting.feed import Feed, RegisterFeed
from services.reporting.feed_batch import AcceptRows, CompleteBatch, FeedBatch, ReceiveBatch, batch_id
from services.reporting.mapping.rows import MappedRow, UnmappedRow
from shared.contracts.reporting.feed import (
    BatchCompleted,
    BatchReceived,
    FeedRecordAccepted,
    FeedRecordQuarantined,
    FeedRegistered,
    Finding,
)
from shared.domain.scenario import Scenario, scenario

SHA = "ab" * 32
BATCH = batch_id("gmpp", SHA)
REGISTERED = FeedRegistered(feed="gmpp", office="hub", name="GMPP", owner="p-ann", mapping="gmpp")
RECEIVED = BatchReceived(
    feed="gmpp",
    batch=BATCH,
    sha256=SHA,
    size=10,
    file="a.csv",
    rows=2,
    mapping="gmpp",
    mapping_version=1,
    effective=date(2021, 3, 31),
)


def receive(**changes: Any) -> ReceiveBatch:
    return ReceiveBatch(**{**RECEIVED.model_dump(exclude={"batch"}), "office": "hub", **changes})


def row(number: int, **more: Any) -> MappedRow:
    return MappedRow(
        row=number, row_sha256=SHA, initiative=f"X_{number}", name="Name", office="MOD", office_name="Ministry of Defence", **more
    )


def unmapped(number: int) -> UnmappedRow:
    return UnmappedRow(row=number, row_sha256=SHA, reason="no id", way_out="fill it in", cells={"1 id": ""})


def received() -> Scenario:
    return scenario(FeedBatch, BATCH).given(RECEIVED)


def test_whoever_registers_a_feed_owns_it_unless_another_is_named() -> None:
    asked = scenario(Feed, "gmpp").by("p-ann", "feed-owner")
    asked.when(RegisterFeed(office="hub", title="GMPP", mapping="gmpp")).then(REGISTERED)
    named = RegisterFeed(office="hub", title="GMPP", mapping="gmpp", owner="p-bob")
    asked.when(named).then(REGISTERED.replace(owner="p-bob"))
    scenario(Feed, "gmpp").given(REGISTERED).when(named).refused("once")


def test_a_batch_of_a_feed_without_owner_is_refused() -> None:
    scenario(FeedBatch, BATCH).when(receive()).refused("feed-owner", "register the feed with its owner first")


def test_a_batch_is_received_once_for_its_own_file_office_and_past_date() -> None:
    known = scenario(FeedBatch, BATCH).knowing(Feed, "gmpp", REGISTERED)
    known.when(receive()).then(RECEIVED)
    known.when(receive(office="MOD")).refused("office", "hub")
    known.when(receive(effective=date(2030, 1, 1))).refused("effective", "future")
    known.when(receive(sha256="cd" * 32)).refused("batch-id", "gmpp.cdcdcdcdcdcdcdcd")
    known.given(RECEIVED).when(receive()).refused("once")


def test_rows_lead_back_to_feed_batch_row_and_mapping() -> None:
    accepted = row(2, findings=(Finding(column="Cost", raw="lots", reason="is not an amount"),))
    outcome = received().when(AcceptRows(accepted=(accepted,), quarantined=(unmapped(3),)))
    outcome.then(
        FeedRecordAccepted(feed="gmpp", batch=BATCH, mapping="gmpp", mapping_version=1, effective=date(2021, 3, 31), **dict(accepted)),
        FeedRecordQuarantined(feed="gmpp", batch=BATCH, **dict(unmapped(3))),
    )
    ended = received().given(*(noted.event for noted in outcome.noted))
    ended.when(CompleteBatch()).then(BatchCompleted(feed="gmpp", batch=BATCH, accepted=1, quarantined=1, findings=1, offices=("MOD",)))


def test_a_row_counts_once_and_rows_keep_their_order() -> None:
    first = received().when(AcceptRows(accepted=(row(2),))).accepted()[0].event
    received().given(first).when(AcceptRows(accepted=(row(2),))).refused("rows-in-order", "send rows after 2")
    received().when(AcceptRows(accepted=(row(2), row(2)))).refused("rows-in-order")
    received().when(AcceptRows(accepted=(row(2), row(3), row(4)))).refused("rows", "the file has 2 rows")


def test_a_batch_is_complete_only_with_all_of_its_rows_and_then_closed() -> None:
    received().when(CompleteBatch()).refused("rows", "0 of 2 rows are on record")
    events = [noted.event for noted in received().when(AcceptRows(accepted=(row(2), row(3)))).accepted()]
    complete = received().given(*events)
    closed = complete.given(*(noted.event for noted in complete.when(CompleteBatch()).accepted()))
    closed.when(AcceptRows(accepted=(row(4),))).refused("status", "complete")
    closed.when(CompleteBatch()).refused("status")
