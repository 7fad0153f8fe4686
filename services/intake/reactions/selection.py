"""A selected proposal becomes an initiative on the books."""

from collections.abc import Iterator

from services.intake.initiative import Initiative, RegisterProject
from shared.contracts.envelope import Heard
from shared.contracts.intake.initiative import Origin
from shared.contracts.intake.proposal import ProposalSelected
from shared.domain.given import Given
from shared.stream.react import Do


def register_selected(event: ProposalSelected, heard: Heard, given: Given) -> Iterator[Do]:
    identity = heard.envelope.key
    if not given.of(Initiative, identity).exists:
        command = RegisterProject(
            office=event.office,
            title=event.title,
            origin=Origin.SELECTION,
            tier=event.tier,
            estimate=event.estimate,
            proposer=event.proposer,
            sponsor=event.sponsor,
        )
        yield Do(Initiative, identity, command)
