"""What a first start sows: ordinary commands that the rules accept."""

from services.gates.seed import SEED, WHO, command_ids
from shared.domain.decider import aggregate_of
from shared.domain.scenario import Scenario, scenario
from shared.domain.state import State


def test_every_seeded_command_is_accepted_in_its_order() -> None:
    states: dict[tuple[type[State], str], State] = {}
    for kind, identity, command in SEED:
        begun = scenario(kind, identity)
        begun = Scenario(kind, identity, states.get((kind, identity), kind()), WHO, begun.now, dict(states))
        outcome = begun.when(command)
        assert len(outcome.accepted()) == 1
        assert "service" in command.roles
        states[kind, identity] = aggregate_of(kind).fold((noted.event for noted in outcome.noted), begun.state)
    assert all(state.office_in_charge() == "hub" for state in states.values())


def test_the_ids_of_the_seed_are_fixed_and_apart() -> None:
    assert command_ids() == command_ids()
    assert len(set(command_ids())) == len(SEED)
