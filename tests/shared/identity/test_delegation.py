"""Acting for another: what was delegated, as long as it lasts, and no more."""

from datetime import datetime, timedelta

import pytest

from shared.identity.delegation import acting_for
from shared.identity.policy import authorise
from shared.identity.principal import Denied
from shared.identity.store import Assignment, Delegation, Person, Register
from tests.shared.identity.people import NOON, holding

DECIDE = "dossiers/dossier/decide-dossier"
UNTIL = NOON + timedelta(days=1)


def register(role: str = "chair", office: str = "edu", until: datetime = UNTIL) -> Register:
    """Bob chairs edu and lets ada act for him."""
    bob = Person(name="Bob B.", roles=(Assignment(role="chair", office="edu"), Assignment(role="finance", office="edu")))
    return Register(
        people={"bob": bob},
        delegations=(Delegation(delegate="ada", principal="bob", role=role, office=office, until=until),),
    )


def test_a_delegate_acts_in_the_role_of_the_other_and_both_are_named() -> None:
    who = authorise(acting_for(holding("proposer@hub"), "bob", register(), NOON), DECIDE, "edu")
    assert (who.actor, who.on_behalf_of, who.role, who.office, who.person) == ("ada", "bob", "chair", "edu", "bob")


def test_a_delegate_takes_neither_other_roles_of_the_other_nor_own_ones_along() -> None:
    ada = acting_for(holding("proposer@hub", "chair@hub"), "bob", register(), NOON)
    assert ada.roles == (("chair", "edu"),)
    with pytest.raises(Denied):
        authorise(ada, DECIDE, "dft")


@pytest.mark.parametrize(
    ("recorded", "person", "at"),
    [
        (Register(), "bob", NOON),
        (register(), "eve", NOON),
        (register(), "bob", UNTIL),
        (register(role="sponsor"), "bob", NOON),
        (register(office="hub"), "bob", NOON),
    ],
    ids=["none recorded", "another person", "it has ended", "a role the other never had", "an office the other has no role in"],
)
def test_without_a_delegation_in_force_nobody_acts_for_another(recorded: Register, person: str, at: datetime) -> None:
    with pytest.raises(Denied, match="leave out X-On-Behalf-Of"):
        acting_for(holding("chair@edu"), person, recorded, at)


def test_only_the_delegate_may_use_it() -> None:
    with pytest.raises(Denied):
        acting_for(holding("chair@edu", person="eve"), "bob", register(), NOON)


def test_a_service_acts_for_nobody() -> None:
    with pytest.raises(Denied):
        acting_for(holding("service@*", person="service:gates"), "bob", register(), NOON)


def test_for_a_person_of_another_issuer_the_recorded_delegation_is_what_counts() -> None:
    unknown = register().replace(people={})
    assert acting_for(holding(), "bob", unknown, NOON).roles == (("chair", "edu"),)
