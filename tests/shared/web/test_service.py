"""What a service declares, and what follows from it."""

from collections.abc import Iterator

from shared.contracts.envelope import Heard
from shared.contracts.event import Event
from shared.contracts.gates.gate_review import GateDecided, GateScheduled
from shared.contracts.intake.proposal import ProposalSelected
from shared.stream.react import Do
from shared.web.service import Service, events_of
from tests.shared.web.council import SERVICE, Motion, motions


def on_selection(event: ProposalSelected, heard: Heard) -> Iterator[Do]:
    yield from ()


def on_gates(event: GateScheduled | GateDecided, heard: Heard) -> Iterator[Do]:
    yield from ()


def test_a_service_hears_the_logs_of_its_reactions_timers_and_views() -> None:
    service = Service("any", "Any", aggregates=(), reactions=(on_selection,), timers=(on_gates,), views=(motions,))
    assert service.hears() == {"intake", "gates", "council"}


def test_a_reaction_says_which_events_it_is_for() -> None:
    expected: tuple[type[Event], ...] = (GateScheduled, GateDecided)
    assert events_of(on_gates) == expected


def test_an_aggregate_is_found_by_its_name_in_routes() -> None:
    assert SERVICE.aggregate("motions") is Motion and SERVICE.aggregate("bridges") is None
