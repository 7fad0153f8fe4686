"""Feed batch: one file of a feed, from its arrival until every row of it is on record, accepted or quarantined."""

from datetime import date
from enum import StrEnum

from services.reporting.feed import Feed
from services.reporting.mapping.rows import MappedRow, UnmappedRow
from shared.contracts.reporting.feed import BatchCompleted, BatchReceived, FeedRecordAccepted, FeedRecordQuarantined
from shared.contracts.values import Count, Id, Name, OfficeId, Sha256
from shared.domain.decider import Events, decides, evolves
from shared.domain.given import Given
from shared.domain.refused import Refused, require
from shared.domain.state import Command, State


class BatchStatus(StrEnum):
    """Where a batch stands."""

    RECEIVING = "receiving"
    COMPLETE = "complete"


class FeedBatch(State, plural="feed-batches"):
    """One file of a feed, by the hash of its bytes. Stream: feed-batch/<feed>.<first 16 hex digits of the hash>."""

    status: BatchStatus | None = None
    feed: Id | None = None
    batch: Id | None = None
    office: OfficeId | None = None
    sha256: Sha256 | None = None
    size: Count = 0
    file: str = ""
    rows: Count = 0
    mapping: Id | None = None
    mapping_version: Count = 0
    effective: date | None = None
    accepted: Count = 0
    quarantined: Count = 0
    findings: Count = 0
    last_row: Count = 0
    """The row that was put on record last; rows come in order."""
    offices: tuple[OfficeId, ...] = ()

    def office_in_charge(self) -> str | None:
        return self.office


class ReceiveBatch(Command, role="feed-owner", starts=True):
    """Put on record that a file arrived: its hash, how many rows it has, how it is to be read, and the date it speaks of."""

    office: OfficeId
    feed: Id
    sha256: Sha256
    size: Count
    file: Name
    rows: Count
    mapping: Id
    mapping_version: Count
    effective: date


class AcceptRows(Command, role="service"):
    """Put rows of the file on record, in order, as the mapper read them: accepted, or quarantined."""

    accepted: tuple[MappedRow, ...] = ()
    quarantined: tuple[UnmappedRow, ...] = ()


class CompleteBatch(Command, role="service"):
    """Close the batch: every row of the file is on record."""


@decides
def receive_batch(batch: FeedBatch, command: ReceiveBatch, given: Given) -> Events:
    feed = given.of(Feed, command.feed)
    require(
        feed.exists,
        rule="feed-owner",
        because=f"feed {command.feed} is not registered, so nobody answers for what it sends",
        field="feed",
        way_out="register the feed with its owner first: register-feed",
    )
    require(
        feed.office == command.office,
        rule="office",
        because=f"feed {command.feed} belongs to office {feed.office}, not to {command.office}",
        field="office",
        way_out=f"receive it for office {feed.office}",
    )
    must_be_past(command.effective, given.now.date())
    expected = batch_id(command.feed, command.sha256)
    require(given.subject == expected, rule="batch-id", because=f"the batch of this file is {expected}", way_out=f"send it to {expected}")
    yield BatchReceived(batch=given.subject, **command.model_dump(exclude={"office"}))


@decides
def accept_rows(batch: FeedBatch, command: AcceptRows, given: Given) -> Events:
    batch.must_be(BatchStatus.RECEIVING)
    rows: list[MappedRow | UnmappedRow] = [*command.accepted, *command.quarantined]
    rows.sort(key=lambda row: row.row)
    last = batch.last_row
    for row in rows:
        if row.row <= last:
            raise Refused("rows-in-order", f"row {row.row} is on record or out of order", way_out=f"send rows after {last}, each once")
        last = row.row
    stands = batch.accepted + batch.quarantined
    require(
        stands + len(rows) <= batch.rows,
        rule="rows",
        because=f"the file has {batch.rows} rows; {stands} are on record and {len(rows)} more were sent",
        way_out="send the rows of this file only",
    )
    for row in rows:
        if isinstance(row, UnmappedRow):
            yield FeedRecordQuarantined(feed=batch.feed, batch=batch.batch, **dict(row))
        else:
            yield FeedRecordAccepted(
                feed=batch.feed,
                batch=batch.batch,
                mapping=batch.mapping,
                mapping_version=batch.mapping_version,
                effective=batch.effective,
                **dict(row),
            )


@decides
def complete_batch(batch: FeedBatch, command: CompleteBatch, given: Given) -> Events:
    batch.must_be(BatchStatus.RECEIVING)
    stands = batch.accepted + batch.quarantined
    require(
        stands == batch.rows,
        rule="rows",
        because=f"{stands} of {batch.rows} rows are on record",
        way_out="send the file again: it goes on there",
    )
    yield BatchCompleted(
        feed=batch.feed,
        batch=batch.batch,
        accepted=batch.accepted,
        quarantined=batch.quarantined,
        findings=batch.findings,
        offices=batch.offices,
    )


@evolves
def batch_received(batch: FeedBatch, event: BatchReceived) -> FeedBatch:
    return batch.replace(status=BatchStatus.RECEIVING, **dict(event))


@evolves
def record_accepted(batch: FeedBatch, event: FeedRecordAccepted) -> FeedBatch:
    offices = batch.offices if event.office in batch.offices else tuple(sorted((*batch.offices, event.office)))
    findings = batch.findings + len(event.findings)
    return batch.replace(accepted=batch.accepted + 1, findings=findings, last_row=event.row, offices=offices)


@evolves
def record_quarantined(batch: FeedBatch, event: FeedRecordQuarantined) -> FeedBatch:
    return batch.replace(quarantined=batch.quarantined + 1, last_row=event.row)


@evolves
def batch_completed(batch: FeedBatch, event: BatchCompleted) -> FeedBatch:
    return batch.replace(status=BatchStatus.COMPLETE)


def must_be_past(effective: date, today: date) -> None:
    """Raise Refused for a release of the future."""
    require(
        effective <= today,
        rule="effective",
        because=f"{effective} lies in the future: a release reports what was",
        field="effective",
        way_out="give the date as at which the release reports",
    )


def batch_id(feed: str, sha256: str) -> str:
    """The id of the batch that a file makes: the same file is the same batch."""
    return f"{feed[:63]}.{sha256[:16]}"
