"""The gates service: what it decides and what it does when it hears others."""

from services.gates.authority_matrix import AuthorityMatrix
from services.gates.board import Board
from services.gates.gate_review import GateReview
from services.gates.governance_framework import GovernanceFramework
from services.gates.office import Office
from services.gates.pages import PAGES
from services.gates.reactions.overdue import watch_due_date
from services.gates.reactions.reported import register_reported_office
from services.gates.reactions.scheduling import first_gate, next_gate, same_gate_again
from shared.web.service import Service

SERVICE = Service(
    "gates",
    "Gates",
    aggregates=(Office, GovernanceFramework, AuthorityMatrix, Board, GateReview),
    reactions=(first_gate, next_gate, same_gate_again, register_reported_office),
    timers=(watch_due_date,),
    pages=PAGES,
)
