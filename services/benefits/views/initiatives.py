"""What benefits knows of an initiative: how much it is governed, and who has a part in it."""

from shared.contracts.envelope import Heard
from shared.contracts.intake.initiative import ProjectRegistered
from shared.contracts.terms import Tier
from shared.domain.state import Fact
from shared.projection.view import View


class InitiativeRow(Fact):
    """An initiative as it was registered. A reported one has no tier."""

    office: str
    tier: Tier | None
    proposer: str | None
    sponsor: str | None


initiatives = View("initiatives", InitiativeRow, log="intake")


@initiatives.on
def registered(row: InitiativeRow | None, event: ProjectRegistered, heard: Heard) -> InitiativeRow:
    return InitiativeRow(office=event.office, tier=event.tier, proposer=event.proposer, sponsor=event.sponsor)
