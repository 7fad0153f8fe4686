"""An initiative that a feed reports is put on the books, once."""

from collections.abc import Iterator

from services.intake.initiative import Initiative, RegisterProject
from shared.contracts.envelope import Heard
from shared.contracts.intake.initiative import Origin
from shared.contracts.reporting.feed import FeedRecordAccepted
from shared.domain.given import Given
from shared.stream.react import Do


def register_reported(event: FeedRecordAccepted, heard: Heard, given: Given) -> Iterator[Do]:
    if not given.of(Initiative, event.initiative).exists:
        command = RegisterProject(office=event.office, title=event.name, origin=Origin.FEED, category=event.category)
        yield Do(Initiative, event.initiative, command)
