"""Conduct: who was not let in, which decisions and reactions a rule refused, who read audit data. Every service has it on record."""

from shared.contracts.conduct import AccessDenied, AuditData, AuditDataAccessed, DecisionRefused, ReactionRefused
from shared.contracts.values import Count, Name
from shared.domain.decider import Events, decides, evolves
from shared.domain.given import Given
from shared.domain.state import Command, State


class Conduct(State, plural="conduct"):
    """What one actor was refused, and read of the record. Stream: conduct/<actor>; it is there for everybody from the first day."""

    denials: int = 0
    refusals: int = 0
    reaction_refusals: int = 0
    audit_reads: int = 0

    @property
    def exists(self) -> bool:
        return True


class RecordDenial(Command, role="service"):
    """Record that the actor was not let in, `count` times in a minute."""

    route: Name
    rule: Name
    minute: str
    count: Count = 1


class RecordRefusal(Command, role="service"):
    """Record that a signed command of the actor was refused by a rule, `count` times in a minute."""

    subject: Name
    command: Name
    rule: Name
    because: Name
    minute: str
    count: Count = 1


class RecordReactionRefusal(Command, role="service"):
    """Record that a reaction of the service was refused by a rule, and which event had led to it."""

    reaction: Name
    cause: str
    cause_log: str
    cause_position: Count
    subject: Name
    command: Name
    rule: Name
    because: Name


class RecordAuditRead(Command, role="service"):
    """Record that the actor read audit data, `count` times in a minute."""

    what: AuditData
    filter: Name | None = None
    minute: str
    count: Count = 1


@decides
def record_denial(conduct: Conduct, command: RecordDenial, given: Given) -> Events:
    yield AccessDenied(route=command.route, rule=command.rule, minute=command.minute, count=command.count)


@decides
def record_refusal(conduct: Conduct, command: RecordRefusal, given: Given) -> Events:
    yield DecisionRefused(
        subject=command.subject,
        command=command.command,
        rule=command.rule,
        because=command.because,
        minute=command.minute,
        count=command.count,
    )


@decides
def record_reaction_refusal(conduct: Conduct, command: RecordReactionRefusal, given: Given) -> Events:
    yield ReactionRefused(
        reaction=command.reaction,
        cause=command.cause,
        cause_log=command.cause_log,
        cause_position=command.cause_position,
        subject=command.subject,
        command=command.command,
        rule=command.rule,
        because=command.because,
    )


@decides
def record_audit_read(conduct: Conduct, command: RecordAuditRead, given: Given) -> Events:
    yield AuditDataAccessed(what=command.what, filter=command.filter, minute=command.minute, count=command.count)


@evolves
def access_denied(conduct: Conduct, event: AccessDenied) -> Conduct:
    return conduct.replace(denials=conduct.denials + event.count)


@evolves
def decision_refused(conduct: Conduct, event: DecisionRefused) -> Conduct:
    return conduct.replace(refusals=conduct.refusals + event.count)


@evolves
def reaction_refused(conduct: Conduct, event: ReactionRefused) -> Conduct:
    return conduct.replace(reaction_refusals=conduct.reaction_refusals + 1)


@evolves
def audit_data_accessed(conduct: Conduct, event: AuditDataAccessed) -> Conduct:
    return conduct.replace(audit_reads=conduct.audit_reads + event.count)
