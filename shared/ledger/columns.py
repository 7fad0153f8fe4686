"""The index columns of a record, made from its bytes.

The log does not care what an event means. It reads the few members of the envelope that its columns repeat, so that no
column can say other than the bytes.
"""

from datetime import datetime

import orjson

from shared.ledger.shards import shard_of

MAX_BYTES = 65_535


def disagreement(record: bytes, stream: str, version: int, command: str, shard: int, recorded: datetime | None = None) -> str | None:
    """What the columns say that the bytes do not, as a sentence; None if they agree.

    `command` is a UUID as text. `recorded` is compared where it is the record's own time; stored, it is a running maximum.
    """
    try:
        members = orjson.loads(record)
        subject, key = members["subject"], members.get("initiative")
        if subject != stream:
            return f"its subject is {subject}, its stream {stream}"
        if members["streamversion"] != str(version):
            return f"its streamversion is {members['streamversion']}, its version {version}"
        if members["commandid"] != command:
            return f"its commandid is {members['commandid']}, its command {command}"
        if shard != shard_of(key or subject):
            return f"it belongs to shard {shard_of(key or subject)}, not {shard}"
        if recorded is not None and datetime.fromisoformat(members["recordedtime"]) != recorded:
            return f"its recordedtime is {members['recordedtime']}, not {recorded.isoformat()}"
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return f"its bytes are no CloudEvents object of ours ({error!r})"
    return None
