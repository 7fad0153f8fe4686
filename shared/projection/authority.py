"""The decision rights in force, per office, as gates tells: a table of facts for every service whose rules ask whose decision it is."""

from shared.contracts.envelope import Heard
from shared.contracts.gates.authority_matrix import AuthorityRevoked, DecisionRightGranted, Right
from shared.domain.given import Given
from shared.domain.state import Fact
from shared.projection.view import View

HUB = "hub"
"""The office whose rights hold where an office has none of its own."""


class AuthorityRow(Fact):
    """The rights of one office."""

    office: str
    rights: tuple[Right, ...] = ()


authority = View("authority", AuthorityRow, log="gates")


@authority.on(key=lambda event, heard: event.office)
def granted(row: AuthorityRow | None, event: DecisionRightGranted, heard: Heard) -> AuthorityRow:
    return AuthorityRow(office=event.office, rights=(*(row.rights if row else ()), event.right))


@authority.on(key=lambda event, heard: event.office)
def revoked(row: AuthorityRow | None, event: AuthorityRevoked, heard: Heard) -> AuthorityRow:
    rights = tuple(right for right in row.rights if right.id != event.right) if row else ()
    return AuthorityRow(office=event.office, rights=rights)


def rights_in(office: str, given: Given) -> tuple[tuple[Right, ...], ...]:
    """The rights that may answer in an office: its own, then the hub's. Raises Unread until both are read."""
    rows = [given.fact(AuthorityRow, name) for name in dict.fromkeys((office, HUB))]
    return tuple(row.rights for row in rows if row)
