"""What services know of whose decision it is, as gates tells."""

from datetime import date

from shared.contracts.gates.authority_matrix import AuthorityRevoked, DecisionRightGranted, Right
from shared.contracts.terms import Decision, Tier
from shared.projection.authority import HUB, AuthorityRow, granted, revoked
from tests.services.hearing import heard
from tests.services.intake.test_proposal import WHY

ONE = Right(id="R-1", decision=Decision.SELECT_PROPOSAL, tiers=(Tier.LIGHT,), holder="p-ann", valid_from=date(2026, 1, 1))
TWO = ONE.replace(id="R-2", tiers=(Tier.STANDARD,))


def granting(right: Right, row: AuthorityRow | None) -> AuthorityRow:
    event = DecisionRightGranted(office=HUB, right=right)
    return granted(row, event, heard(event, "authority-matrix/hub", None))


def test_rights_are_known_until_they_are_revoked() -> None:
    row = granting(TWO, granting(ONE, None))
    assert row == AuthorityRow(office=HUB, rights=(ONE, TWO))
    event = AuthorityRevoked(office=HUB, right="R-1", rationale=WHY)
    assert revoked(row, event, heard(event, "authority-matrix/hub", None)) == AuthorityRow(office=HUB, rights=(TWO,))
