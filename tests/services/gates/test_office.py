"""Offices: one hub, spokes under it, no line of reporting in a circle."""

from hypothesis import given
from hypothesis import strategies as st

from services.gates.office import HUB, Office, RegisterOffice
from shared.contracts.gates.office import OfficeRegistered
from shared.domain.decider import aggregate_of
from shared.domain.scenario import scenario
from shared.domain.state import State

HUB_REGISTERED = OfficeRegistered(office=HUB, name="Hub")


def test_the_hub_registers_without_a_parent() -> None:
    scenario(Office, HUB).when(RegisterOffice(office=HUB, title="Hub")).then(HUB_REGISTERED)


def test_the_hub_reports_to_nobody() -> None:
    scenario(Office, HUB).when(RegisterOffice(office=HUB, title="Hub", parent="north")).refused("one-hub")


def test_a_second_office_without_a_parent_is_refused() -> None:
    scenario(Office, "north").when(RegisterOffice(office="north", title="North")).refused("one-hub", "name the office")


def test_a_spoke_registers_under_an_office_that_takes_part() -> None:
    north = scenario(Office, "north").knowing(Office, HUB, HUB_REGISTERED)
    outcome = north.when(RegisterOffice(office="north", title="North", parent=HUB, reported_by="gmpp"))
    outcome.then(OfficeRegistered(office="north", name="North", parent=HUB, reported_by="gmpp"))
    assert outcome.state.office_in_charge() == "north"


def test_an_unknown_parent_is_refused() -> None:
    scenario(Office, "north").when(RegisterOffice(office="north", title="North", parent="west")).refused("reporting-line", "first")


def test_an_office_is_no_parent_of_itself() -> None:
    scenario(Office, "north").when(RegisterOffice(office="north", title="North", parent="north")).refused("reporting-line")


def test_the_id_in_the_form_is_the_one_in_the_address() -> None:
    scenario(Office, "north").when(RegisterOffice(office="south", title="South", parent=HUB)).refused("id")


def test_an_office_registers_once() -> None:
    scenario(Office, HUB).given(HUB_REGISTERED).when(RegisterOffice(office=HUB, title="Hub")).refused("once")


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(["a", "b", "c", "d", HUB, None])), max_size=12))
def test_whatever_is_registered_every_line_of_reporting_ends_at_the_hub(wishes: list[tuple[str, str | None]]) -> None:
    offices: dict[str, State] = {HUB: aggregate_of(Office).fold([HUB_REGISTERED])}
    for name, parent in wishes:
        begun = scenario(Office, name)
        for known, state in offices.items():
            begun.streams[Office, known] = state
        outcome = begun.when(RegisterOffice(office=name, title=name, parent=parent))
        if outcome.refusal is None and name not in offices:
            offices[name] = outcome.state
    for name in offices:
        seen: list[str] = []
        while name != HUB:
            assert name not in seen
            seen.append(name)
            office = offices[name]
            assert isinstance(office, Office) and office.parent is not None
            name = office.parent
