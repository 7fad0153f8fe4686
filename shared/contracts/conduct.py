"""What every log records of conduct: denials, refused signed decisions, refused reactions, reads of audit data.

Their types belong to no single service.
"""

from enum import StrEnum

from shared.contracts.event import Event
from shared.contracts.values import Count, Name


class AccessDenied(Event, service="record"):
    """Somebody was not let in. Repeats within a minute are one event with their count."""

    route: Name
    rule: Name
    minute: str
    count: Count = 1


class DecisionRefused(Event, service="record"):
    """A signed command was refused by a rule."""

    subject: Name
    command: Name
    rule: Name
    because: Name
    minute: str
    count: Count = 1


class ReactionRefused(Event, service="record"):
    """A reaction to an event was refused by a rule; its key waits in quarantine."""

    reaction: Name
    cause: str
    cause_log: str
    cause_position: Count
    subject: Name
    command: Name
    rule: Name
    because: Name


class AuditData(StrEnum):
    """What of the record a person may read or take away."""

    LOG = "log"
    EVENTS = "events"
    FEED = "feed"
    AUDIT_PAGE = "audit-page"
    EXPORT = "export"
    DISCLOSURES = "disclosures"


class AuditDataAccessed(Event, service="record"):
    """Somebody read audit data. Repeats within a minute are one event with their count; `filter` is what the first of them asked for."""

    what: AuditData
    filter: Name | None = None
    minute: str
    count: Count = 1
