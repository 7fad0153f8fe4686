"""What benefits knows of intake."""

from services.benefits.views.initiatives import InitiativeRow, registered
from shared.contracts.terms import Tier
from tests.services.benefits.test_reactions import REGISTERED
from tests.services.hearing import heard


def test_an_initiative_is_known_with_its_tier_and_who_has_a_part_in_it() -> None:
    row = registered(None, REGISTERED, heard(REGISTERED, "initiative/I-1"))
    assert row == InitiativeRow(office="hub", tier=Tier.STANDARD, proposer=None, sponsor=None)
