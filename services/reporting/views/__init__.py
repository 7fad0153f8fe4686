"""Reporting's read models: one file each, folded from exactly one log."""

from typing import Any

from services.reporting.views.accounts import accounts
from services.reporting.views.audit_trail import audit_trails
from services.reporting.views.batches import batches
from services.reporting.views.decisions import decisions
from services.reporting.views.feed_records import feed_records
from services.reporting.views.gate_reviews import gate_reviews
from services.reporting.views.initiatives import initiatives
from services.reporting.views.next_gates import next_gates
from services.reporting.views.offices import offices
from services.reporting.views.proposals import proposals
from services.reporting.views.quarantine import quarantine
from services.reporting.views.statuses import statuses
from services.reporting.views.votes import votes
from shared.projection.view import View

VIEWS: tuple[View[Any], ...] = (
    initiatives,
    proposals,
    offices,
    gate_reviews,
    next_gates,
    votes,
    decisions,
    accounts,
    statuses,
    batches,
    feed_records,
    quarantine,
    *audit_trails,
)
