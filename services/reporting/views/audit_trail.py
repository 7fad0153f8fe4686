"""The audit trail: every event of every log, who did what for whom, when, on which authority. One table a log."""

from datetime import datetime
from typing import Any, Union

from shared.contracts.catalogue import SERVICES, published
from shared.contracts.envelope import Heard
from shared.contracts.event import Event
from shared.domain.state import Fact
from shared.projection.view import View


class AuditEntry(Fact):
    """One event. `occurred` is when it happened, `recorded` when it was put on record; `type` is the wire name."""

    position: int
    event: str
    type: str
    subject: str
    initiative: str | None = None
    actor: str
    role: str
    office: str
    on_behalf_of: str | None = None
    authority: str | None = None
    occurred: datetime
    recorded: datetime
    classification: str


class IntakeEntry(AuditEntry):
    """An event of intake."""


class GatesEntry(AuditEntry):
    """An event of gates."""


class BenefitsEntry(AuditEntry):
    """An event of benefits."""


class ReportingEntry(AuditEntry):
    """An event of reporting."""


def audit_key(position: int) -> str:
    """The key of an entry: its position, so padded that keys sort as positions do."""
    return f"{position:015d}"


def _trail(log: str, row: type[AuditEntry]) -> View[Any]:
    trail: View[Any] = View(f"audit_{log}", row, log=log)

    def recorded(entry: AuditEntry | None, event: Event, heard: Heard) -> AuditEntry:
        envelope = heard.envelope
        return row(
            position=heard.position,
            event=envelope.id,
            type=envelope.type,
            subject=envelope.subject,
            initiative=envelope.initiative,
            actor=envelope.actor,
            role=envelope.role,
            office=envelope.office,
            on_behalf_of=envelope.onbehalfof,
            authority=envelope.authority,
            occurred=envelope.occurred,
            recorded=envelope.recorded,
            classification=envelope.classification,
        )

    recorded.__annotations__["event"] = Union[tuple(kind for kind in published() if kind.service in (log, "record"))]  # noqa: UP007
    trail.on(key=lambda event, heard: audit_key(heard.position))(recorded)
    return trail


_ROWS: tuple[type[AuditEntry], ...] = (IntakeEntry, GatesEntry, BenefitsEntry, ReportingEntry)
TRAILS: dict[str, type[AuditEntry]] = dict(zip(SERVICES, _ROWS, strict=True))
"""The row type of each log's trail."""
audit_trails: tuple[View[Any], ...] = tuple(_trail(log, row) for log, row in TRAILS.items())
