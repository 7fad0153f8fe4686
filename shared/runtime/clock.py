"""The clock: UTC, to the millisecond, as the record keeps it."""

from datetime import UTC, datetime


def now() -> datetime:
    """This instant in UTC, to the millisecond."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def age(since: datetime, moment: datetime | None = None) -> float:
    """Seconds from `since` to `moment` (now unless told); never negative, because clocks of two machines differ."""
    return max(0.0, ((moment or now()) - since).total_seconds())
