"""The same event for every contender: a gate decision of some 750 bytes, each on a stream of its own."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import orjson

from shared.ledger.record import NewRecord
from shared.ledger.shards import shard_of

_DATA = {
    "outcome": "GO",
    "verdicts": [{"criterion": "business-case", "passed": True}, {"criterion": "funding", "passed": True}],
    "ballot": {"present": 5, "in_favour": 4, "against": 1, "conflicted": 0},
}


def members(stream: str, version: int, command: UUID, recorded: datetime) -> dict[str, object]:
    """The envelope of one event."""
    time = recorded.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {
        "actor": "person-0001",
        "authn": "oidc",
        "causationid": str(command),
        "classification": "internal",
        "commandid": str(command),
        "correlationid": str(command),
        "data": _DATA,
        "id": str(uuid4()),
        "office": "hub",
        "recordedtime": time,
        "role": "chair",
        "source": "/offices/hub/gates",
        "specversion": "1.0",
        "streamversion": str(version),
        "subject": stream,
        "time": time,
        "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "type": "minutebook.gates.GateDecided.v1",
    }


def record(stream: str, version: int, command: UUID) -> NewRecord:
    """A record of the log."""
    now = datetime.now(UTC)
    recorded = now.replace(microsecond=now.microsecond // 1000 * 1000)
    event = orjson.dumps(members(stream, version, command, recorded), option=orjson.OPT_SORT_KEYS)
    return NewRecord(event, shard_of(stream), recorded)
