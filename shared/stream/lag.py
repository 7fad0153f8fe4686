"""Gauges by which the runtime shows how far relay, tables, reactions and timers have come."""

from datetime import datetime

from prometheus_client import Counter, Gauge

RELAY_POSITION = Gauge("minutebook_relay_position", "Last position that Kafka acknowledged", ["service"])
RELAY_TIME = Gauge("minutebook_relay_record_time_seconds", "When the last record relayed was recorded (Unix time)", ["service"])
RELAY_FORGED = Gauge("minutebook_relay_forged", "1 when the relay stopped at a forged record", ["service"])
POSITION = Gauge("minutebook_consumer_position", "Last position applied", ["service", "consumer", "log"])
TIME = Gauge("minutebook_consumer_record_time_seconds", "When the last one was recorded (Unix time)", ["service", "consumer", "log"])
RECORDS = Counter("minutebook_consumer_records", "Records applied", ["service", "consumer", "log"])
UNKNOWN = Counter("minutebook_consumer_unknown_events", "Records skipped: their event is newer than this release", ["service", "log"])
HOLES = Counter("minutebook_consumer_holes", "Gaps in Kafka that were filled from the owner's feed", ["service", "log"])
FOREIGN = Counter("minutebook_consumer_foreign", "Things in a topic that are no records of its log", ["service", "topic"])
PARKED = Gauge("minutebook_consumer_parked_keys", "Keys that wait in quarantine", ["service", "consumer"])
RETRYING = Gauge("minutebook_consumer_retrying", "1 while the consumer waits for something that is not there", ["service"])
TIMERS = Counter("minutebook_timers_fired", "Timers that acted", ["service"])


def relayed(service: str, position: int, recorded: datetime) -> None:
    """Kafka has acknowledged up to a position."""
    RELAY_POSITION.labels(service).set(position)
    RELAY_TIME.labels(service).set(recorded.timestamp())


def applied(service: str, consumer: str, log: str, position: int, recorded: datetime | None, records: int) -> None:
    """A consumer has applied up to a position of a log; `recorded` is None where the record could not be read."""
    POSITION.labels(service, consumer, log).set(position)
    RECORDS.labels(service, consumer, log).inc(records)
    if recorded is not None:
        TIME.labels(service, consumer, log).set(recorded.timestamp())
