"""Continuity: what a consumer applies is a gap-free prefix of each shard, whatever Kafka delivers.

Seen before: skipped. Next, by its predecessor: admitted. Anything else: what the owner's feed says is admitted instead.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from shared.stream.wire import Fed, Foreign, Incoming, read

Place = tuple[str, int]
"""A log and a shard of it."""
Fetch = Callable[[str, int, int], Awaitable[Sequence[Fed]]]
"""A page of the feed of a log: (log, shard, after) → its records after that position, in order; empty at the end."""

_MOST = 5000


class FeedBroken(OSError):
    """An owner's feed contradicts itself; asked again later."""


@dataclass
class Admitted:
    """What comes next of each shard. `complete` is False while more of a hole remains: move the marks and ask again."""

    records: list[Incoming] = field(default_factory=list)
    marks: dict[Place, int] = field(default_factory=dict)
    foreign: list[tuple[Incoming, str]] = field(default_factory=list)
    filled: list[str] = field(default_factory=list)
    complete: bool = True


async def admit(arrived: Iterable[Incoming], marks: Mapping[Place, int], fetch: Fetch) -> Admitted:
    """Admits what follows `marks`, in order of position within a log; tells which marks move. Raises what `fetch` raises."""
    admitted, shards = Admitted(), dict[Place, list[Incoming]]()
    for incoming in arrived:
        shards.setdefault((incoming.log, incoming.shard), []).append(incoming)
    for place, records in shards.items():
        mark = marks.get(place, 0)
        reached = await _admit_shard(admitted, place, mark, records, fetch)
        if reached != mark:
            admitted.marks[place] = reached
    admitted.records.sort(key=lambda incoming: (incoming.log, incoming.position))
    return admitted


async def _admit_shard(admitted: Admitted, place: Place, mark: int, records: list[Incoming], fetch: Fetch) -> int:
    limit = len(admitted.records) + _MOST
    for incoming in records:
        if incoming.position > mark and incoming.predecessor != mark:
            admitted.filled.append(place[0])
            mark = await _fill(admitted, place, mark, incoming.position, fetch)
            if mark < incoming.position and len(admitted.records) >= limit:
                admitted.complete = False
                return mark
        if incoming.position <= mark:
            continue
        if incoming.predecessor != mark:
            why = f"the feed of {place[0]} knows no record at position {incoming.position} of shard {place[1]}"
            admitted.foreign.append((incoming, why))
            continue
        admitted.records.append(incoming)
        mark = incoming.position
    return mark


async def _fill(admitted: Admitted, place: Place, mark: int, upto: int, fetch: Fetch) -> int:
    """Admits what the feed has after `mark`, up to a position or some thousand records; returns the mark then."""
    log, shard = place
    limit = len(admitted.records) + _MOST
    while mark < upto and len(admitted.records) < limit:
        page = await fetch(log, shard, mark)
        for fed in page:
            if fed.predecessor != mark or fed.position <= mark:
                raise FeedBroken(f"the feed of {log} puts {fed.position} of shard {shard} after {fed.predecessor}, not after {mark}")
            if fed.position > upto:
                return mark
            try:
                incoming = read(log, fed.position, fed.predecessor, fed.bytes)
            except Foreign as error:
                raise FeedBroken(f"the feed of {log} holds no record at {fed.position}: {error}") from None
            admitted.records.append(incoming)
            mark = fed.position
        if not page:
            return mark
    return mark
