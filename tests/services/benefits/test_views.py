"""What benefits knows of gates and of intake."""

from datetime import date

from services.benefits.views.authority import HUB, AuthorityRow, granted, revoked
from services.benefits.views.initiatives import InitiativeRow, registered
from shared.contracts.gates.authority_matrix import AuthorityRevoked, DecisionRightGranted, Right
from shared.contracts.terms import Decision, Tier
from tests.services.benefits.test_investment_account import WHY
from tests.services.benefits.test_reactions import REGISTERED
from tests.services.hearing import heard

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


def test_an_initiative_is_known_with_its_tier_and_who_has_a_part_in_it() -> None:
    row = registered(None, REGISTERED, heard(REGISTERED, "initiative/I-1"))
    assert row == InitiativeRow(office="hub", tier=Tier.STANDARD, proposer=None, sponsor=None)
