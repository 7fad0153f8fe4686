"""What every log records of conduct: denials, refused signed decisions, refused reactions. Their types belong to no single service."""

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
