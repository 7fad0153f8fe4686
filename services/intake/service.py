"""The intake service: what it decides, what it does when it hears others, what it knows of them."""

from services.intake.initiative import Initiative
from services.intake.proposal import Proposal
from services.intake.reactions.gate_decision import follow_decision, start_funded_stage
from services.intake.reactions.reported import register_reported
from services.intake.reactions.selection import register_selected
from shared.projection.authority import authority
from shared.web.service import Service

SERVICE = Service(
    "intake",
    "Intake",
    aggregates=(Proposal, Initiative),
    reactions=(register_selected, follow_decision, start_funded_stage, register_reported),
    views=(authority,),
)
