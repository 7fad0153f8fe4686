"""The access policy: who may what for which office. Deny by default."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.decider import aggregate_of
from shared.domain.state import Command, State
from shared.identity.policy import access_policy, action_of, authorise, declare, policies
from shared.identity.principal import ROLES, Denied, Principal
from shared.identity.reads import IDENTITY, READS
from tests.shared.identity.people import DecideDossier, Dossier, OpenDossier, PostDossier, holding

OPEN = "dossiers/dossier/open-dossier"
DECIDE = "dossiers/dossier/decide-dossier"
POST = "dossiers/dossier/post-dossier"
ROLE_NAMES = (*ROLES, "service")


def may(principal: Principal, action: str, office: str) -> bool:
    try:
        authorise(principal, action, office)
    except Denied:
        return False
    return True


def gates_service() -> Principal:
    return holding("service@*", person="service:gates")


def test_actions_are_named_by_service_aggregate_and_command() -> None:
    assert [action_of("dossiers", Dossier, command) for command in (OpenDossier, DecideDossier, PostDossier)] == [OPEN, DECIDE, POST]


MATRIX = {
    OPEN: {"proposer", "portfolio-office"},
    DECIDE: {"chair"},
    POST: {"service"},
    "dossiers/conduct/record-denial": {"service"},
    "dossiers/conduct/record-refusal": {"service"},
    "dossiers/conduct/record-reaction-refusal": {"service"},
    "dossiers/conduct/record-audit-read": {"service"},
    "dossiers/read": set(ROLE_NAMES),
    "dossiers/audit": {"auditor", "administrator", "portfolio-office", "service"},
    "dossiers/feed": {"auditor", "administrator", "portfolio-office", "service"},
    "dossiers/disclose": set(ROLE_NAMES),
    "dossiers/quarantine": {"auditor", "administrator", "feed-owner", "portfolio-office", "service"},
    "dossiers/replay": {"administrator", "portfolio-office"},
    "identity/me": set(ROLE_NAMES),
    "identity/sign-out": set(ROLES),
    "identity/list-people": {"administrator"},
    "identity/add-person": {"administrator"},
    "identity/mint-link": {"administrator"},
    "identity/delegate": {"administrator"},
}


def test_the_matrix_is_complete() -> None:
    assert set(MATRIX) == set(access_policy("dossiers").permissions) | set(access_policy("identity").permissions)
    assert len(MATRIX) == 3 + 4 + len(READS) + len(IDENTITY)


@pytest.mark.parametrize("action", MATRIX)
@pytest.mark.parametrize("role", ROLE_NAMES)
def test_each_role_may_what_the_matrix_says(action: str, role: str) -> None:
    everywhere = action in ("dossiers/read", "identity/me", "identity/sign-out")
    allowed = role in MATRIX[action]
    if role == "service":
        assert may(gates_service(), action, "edu") == allowed
    else:
        assert may(holding(f"{role}@edu"), action, "edu") == allowed
        assert may(holding(f"{role}@hub"), action, "edu") == allowed
        assert may(holding(f"{role}@dft"), action, "edu") == (allowed and everywhere)
        assert may(holding(f"{role}@edu"), action, "hub") == (allowed and everywhere)


def test_a_role_at_a_spoke_cannot_act_elsewhere() -> None:
    assert authorise(holding("chair@edu"), DECIDE, "edu").office == "edu"
    for office in ("dft", "hub", "", "ed", "edu2", "EDU"):
        with pytest.raises(Denied, match="role"):
            authorise(holding("chair@edu"), DECIDE, office)


def test_the_service_role_is_refused_to_people_however_they_came_by_it() -> None:
    for office in ("hub", "edu", "*"):
        with pytest.raises(Denied, match="services themselves"):
            authorise(holding(f"service@{office}"), POST, "edu")


def test_a_service_may_what_services_may_in_every_office_and_nothing_else() -> None:
    who = authorise(gates_service(), POST, "edu")
    assert (who.actor, who.role, who.office) == ("service:gates", "service", "edu")
    with pytest.raises(Denied):
        authorise(gates_service(), DECIDE, "edu")
    with pytest.raises(Denied):
        authorise(holding("service@*", "chair@hub", person="service:gates"), DECIDE, "edu")


def test_the_nearest_role_is_taken_then_the_first_in_the_alphabet() -> None:
    ada = holding("proposer@edu", "portfolio-office@hub", "proposer@hub")
    near, hub, far = (authorise(ada, action, office) for action, office in ((OPEN, "edu"), (OPEN, "dft"), ("dossiers/read", "dft")))
    assert (near.role, near.office) == ("proposer", "edu")
    assert (hub.role, hub.office) == ("portfolio-office", "hub")
    assert (far.role, far.office) == ("portfolio-office", "hub")
    assert (authorise(holding("sponsor@zoo", "finance@zoo", "chair@zoo"), "dossiers/read", "hub")).role == "chair"


def test_a_denial_says_what_is_needed_what_is_held_and_whom_to_ask() -> None:
    with pytest.raises(Denied) as denied:
        authorise(holding("proposer@edu"), DECIDE, "edu")
    assert denied.value.because == "dossiers/dossier/decide-dossier for edu needs the role chair; held: proposer at edu"
    assert denied.value.way_out == "ask somebody who is chair at edu or at the hub"


def test_nobody_without_a_role_may_anything() -> None:
    assert not any(may(holding(), action, office) for action in MATRIX for office in ("hub", "edu"))


principals = st.builds(
    lambda roles, person: holding(*roles, person=person),
    st.lists(st.builds("{}@{}".format, st.sampled_from(ROLE_NAMES), st.sampled_from(["hub", "edu", "*"])), max_size=12),
    st.sampled_from(["ada", "service:gates"]),
)


@given(principals, st.text(max_size=60) | st.sampled_from([f"{a}x" for a in MATRIX]), st.sampled_from(["hub", "edu"]))
def test_an_unknown_action_is_denied_for_everybody(principal: Principal, action: str, office: str) -> None:
    if action not in MATRIX:
        assert not may(principal, action, office)


@given(principals, st.sampled_from(sorted(MATRIX)), st.sampled_from(["hub", "edu", "dft"]))
def test_who_acts_holds_the_role_that_the_action_asks_for(principal: Principal, action: str, office: str) -> None:
    if may(principal, action, office):
        who = authorise(principal, action, office)
        assert who.role in MATRIX[action]
        assert principal.is_service or (who.role, who.office) in principal.roles


@given(st.text(min_size=1, max_size=40), st.text(max_size=40))
def test_ids_cannot_be_written_so_that_they_mean_another(person: str, office: str) -> None:
    if office not in ("hub", "edu"):
        assert not may(holding("chair@edu", person=person.removeprefix("service:")), DECIDE, office)


def test_the_hash_is_that_of_the_text_and_does_not_depend_on_other_services() -> None:
    policy = access_policy("dossiers")
    assert policy.hash == hashlib.sha256(policies("dossiers").encode()).hexdigest()
    assert declare("dossiers", (Dossier,)).hash == policy.hash
    assert 'principal.roles["chair"].containsAny([resource, Office::"hub"])' in policy.text


def test_a_command_for_a_role_that_does_not_exist_stops_the_start() -> None:
    class Odd(State):
        pass

    class DoOdd(Command, role="king"):
        pass

    aggregate_of(Odd).deciders[DoOdd] = lambda state, command, given: iter(())
    with pytest.raises(ValueError, match=r"odds/odd/do-odd names king.*roles are administrator"):
        declare("odds", (Odd,))
