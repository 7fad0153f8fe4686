"""How far a batch has arrived: which of its rows the portfolio shows, everything that follows from them included."""

from datetime import date

from services.reporting.views.accounts import AccountRow
from services.reporting.views.batches import BatchRow
from services.reporting.views.feed_records import FeedRecordRow
from services.reporting.views.initiatives import InitiativeRow
from services.reporting.views.offices import OfficeRow
from services.reporting.views.statuses import StatusRow
from shared.projection.reader import ViewReader


async def arrived(reader: ViewReader, batch: str) -> int:
    """How many rows of a batch the portfolio shows: registered, with office, status and, where it is reported, cost.

    A row whose initiative a later release reports as well counts: it is shown by what superseded it.
    """
    async with reader.snapshot() as now:
        received = await now.get(BatchRow, batch)
        if received is None or received.completed is None:
            return 0
        initiatives = {row.initiative for row in await now.rows(InitiativeRow)}
        offices = {row.office for row in await now.rows(OfficeRow)}
        statuses = {row.initiative: row.as_at for row in await now.rows(StatusRow)}
        costs = {row.initiative: row.reported_as_at for row in await now.rows(AccountRow)}
        records = await now.rows(FeedRecordRow, {"batch": batch})
    return sum(
        record.initiative in initiatives
        and record.office in offices
        and _since(statuses.get(record.initiative), record.effective)
        and (not record.costed or _since(costs.get(record.initiative), record.effective))
        for record in records
    )


def _since(reported: date | None, effective: date) -> bool:
    return reported is not None and reported >= effective
