"""Office: who takes part. One hub, and under it spokes, each with a parent (P3O: hub and spoke portfolio offices)."""

from enum import StrEnum

from shared.contracts.gates.office import AuthorityType, OfficeRegistered, Relationship, Scope
from shared.contracts.values import Id, Name, OfficeId
from shared.domain.decider import Events, decides, evolves
from shared.domain.given import Given
from shared.domain.refused import require
from shared.domain.state import Command, State

HUB = "hub"
"""The id of the one office without a parent."""


class Status(StrEnum):
    ACTIVE = "active"


class Office(State):
    """A portfolio office. Stream: office/<id>."""

    status: Status | None = None
    office: str = ""
    name: str = ""
    parent: str | None = None
    authority_type: AuthorityType = AuthorityType.CONTROLLING
    scope: Scope = Scope.PORTFOLIO
    relationship: Relationship = Relationship.INTERNAL
    method: str = ""

    def office_in_charge(self) -> str | None:
        return self.office or None


class RegisterOffice(Command, role=("administrator", "portfolio-office", "service"), starts=True):
    """An office takes part. Only the hub has no parent; a parent takes part already, so that no line of reporting runs in a circle."""

    office: OfficeId
    title: Name
    parent: OfficeId | None = None
    authority_type: AuthorityType = AuthorityType.CONTROLLING
    scope: Scope = Scope.PORTFOLIO
    relationship: Relationship = Relationship.INTERNAL
    method: Name = "stage-gate"
    reported_by: Id | None = None


@decides
def register(office: Office, command: RegisterOffice, given: Given) -> Events:
    require(
        command.office == given.subject,
        rule="id",
        because=f"the office is {given.subject} in the address and {command.office} in the form",
        field="office",
        way_out="use the same id in both",
    )
    if command.office == HUB:
        require(command.parent is None, rule="one-hub", because="the hub reports to nobody", field="parent", way_out="leave it out")
    else:
        require(
            command.parent is not None,
            rule="one-hub",
            because=f"only the office {HUB!r} has no parent",
            field="parent",
            way_out=f"name the office that {command.office} reports to, such as {HUB!r}",
        )
    if command.parent is not None:
        require(
            command.parent != command.office and given.of(Office, command.parent).exists,
            rule="reporting-line",
            because=f"{command.parent} is not an office that takes part already",
            field="parent",
            way_out="register the parent first",
        )
    yield OfficeRegistered(
        office=command.office,
        name=command.title,
        parent=command.parent,
        authority_type=command.authority_type,
        scope=command.scope,
        relationship=command.relationship,
        method=command.method,
        reported_by=command.reported_by,
    )


@evolves
def registered(office: Office, event: OfficeRegistered) -> Office:
    return office.replace(
        status=Status.ACTIVE,
        office=event.office,
        name=event.name,
        parent=event.parent,
        authority_type=event.authority_type,
        scope=event.scope,
        relationship=event.relationship,
        method=event.method,
    )
