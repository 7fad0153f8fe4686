"""An office that a feed names takes part under the hub, once."""

from collections.abc import Iterator

from services.gates.office import HUB, Office, RegisterOffice
from shared.contracts.envelope import Heard
from shared.contracts.reporting.feed import FeedRecordAccepted
from shared.domain.given import Given
from shared.stream.react import Do


def register_reported_office(event: FeedRecordAccepted, heard: Heard, given: Given) -> Iterator[Do]:
    if not given.of(Office, event.office).exists:
        command = RegisterOffice(office=event.office, title=event.office_name, parent=HUB, reported_by=event.feed)
        yield Do(Office, event.office, command)
