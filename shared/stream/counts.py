"""What the stream met that is not the ordinary course. How far it has come is sampled by the runtime from relay and subscriber."""

from prometheus_client import Counter

UNKNOWN = Counter("minutebook_unknown_events", "Records skipped: their event is newer than this release", ["consumer", "log"])
HOLES = Counter("minutebook_holes", "Gaps in Kafka that were filled from the owner's feed", ["consumer", "log"])
FOREIGN = Counter("minutebook_foreign_records", "Things in a topic that are no records of its log", ["consumer", "log"])
PARKED = Counter("minutebook_parked_records", "Records that were put into quarantine", ["consumer", "log"])
TIMERS = Counter("minutebook_timers_fired", "Timers that acted", ["service"])
