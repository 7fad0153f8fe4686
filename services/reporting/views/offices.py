"""Offices: the hub and those that report to it."""

from datetime import datetime

from shared.contracts.envelope import Heard
from shared.contracts.gates.office import AuthorityType, OfficeRegistered
from shared.domain.state import Fact
from shared.projection.view import View


class OfficeRow(Fact):
    """One office; `reported_by` is the feed that first named it."""

    office: str
    name: str
    parent: str | None = None
    authority_type: AuthorityType
    method: str
    reported_by: str | None = None
    registered: datetime


offices = View("offices", OfficeRow, log="gates", history=True)


@offices.on(key=lambda event, heard: event.office)
def office_registered(row: OfficeRow | None, event: OfficeRegistered, heard: Heard) -> OfficeRow:
    return OfficeRow(**event.model_dump(exclude={"scope", "relationship"}), registered=heard.envelope.recorded)
