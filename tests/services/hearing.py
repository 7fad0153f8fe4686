"""What a test says to a reaction: an event as it is heard, and what the reaction then wants done."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from shared.contracts.envelope import Envelope, Heard
from shared.contracts.event import Event
from shared.domain.decider import aggregate_of
from shared.domain.given import Given, Unread, Who
from shared.domain.state import Fact, State
from shared.stream.react import Do

DECISION = "0199b5c0-0000-7000-8000-000000000001"
"""The id of every event that is heard here."""


def heard(event: Event, subject: str, initiative: str | None = "I-1") -> Heard:
    """`event` as its consumers meet it."""
    noon = "2026-03-02T12:00:00.000Z"
    envelope = Envelope(
        id=DECISION,
        source=f"/offices/hub/{event.service}",
        type=event.wire,
        subject=subject,
        time=noon,
        recordedtime=noon,
        streamversion="1",
        actor="p-ann",
        role="chair",
        office="hub",
        authn="token",
        correlationid=DECISION,
        causationid=DECISION,
        commandid=DECISION,
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        classification="internal",
        initiative=initiative,
        data={},
    )
    return Heard(event.service, 1, envelope, event)


def wants(
    reaction: Callable[..., Iterator[Do]],
    event: Event,
    subject: str,
    *,
    initiative: str | None = "I-1",
    known: Mapping[tuple[type[Any], str], tuple[Event, ...]] | None = None,
) -> list[Do]:
    """What `reaction` wants done when it hears `event`, where the streams in `known` hold those events and all others are empty."""
    streams: dict[tuple[type[State], str], State] = {key: aggregate_of(key[0]).fold(events) for key, events in (known or {}).items()}
    facts: dict[tuple[type[Fact], str], Any] = {}
    who = Who(f"service:{event.service}", "service", "hub", "service")
    while True:
        given = Given(who, datetime(2026, 3, 2, 12, tzinfo=UTC), UUID(int=1), subject, streams, facts)
        try:
            return list(reaction(event, heard(event, subject, initiative), given))
        except Unread as unread:
            streams[unread.kind, unread.key] = unread.kind()  # type: ignore[index, assignment]
