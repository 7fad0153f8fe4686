"""Feed: a source outside, with an owner who answers for what it sends."""

from enum import StrEnum

from shared.contracts.reporting.feed import FeedRegistered
from shared.contracts.values import Id, Name, OfficeId, PersonId
from shared.domain.decider import Events, decides, evolves
from shared.domain.given import Given
from shared.domain.state import Command, State


class FeedStatus(StrEnum):
    """Where a feed stands."""

    LIVE = "live"


class Feed(State):
    """A source of releases. Stream: feed/<id>. What it sent stands in the streams of its batches."""

    status: FeedStatus | None = None
    office: OfficeId | None = None
    title: str = ""
    owner: PersonId | None = None
    mapping: Id | None = None

    def office_in_charge(self) -> str | None:
        return self.office


class RegisterFeed(Command, role=("feed-owner", "portfolio-office"), starts=True):
    """Let a source report. `mapping` is the mapping table that its files are read by, unless a batch names another."""

    office: OfficeId
    title: Name
    mapping: Id
    owner: PersonId | None = None
    """Who answers for it; whoever registers it unless told. A feed without an owner cannot go live."""


@decides
def register_feed(feed: Feed, command: RegisterFeed, given: Given) -> Events:
    yield FeedRegistered(
        feed=given.subject,
        office=command.office,
        name=command.title,
        owner=command.owner or given.who.person,
        mapping=command.mapping,
    )


@evolves
def feed_registered(feed: Feed, event: FeedRegistered) -> Feed:
    return feed.replace(status=FeedStatus.LIVE, office=event.office, title=event.name, owner=event.owner, mapping=event.mapping)
