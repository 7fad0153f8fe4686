"""The screens of reporting; the templates lie beside their routes."""

from services.reporting.pages.audit import router as audit
from services.reporting.pages.gates import router as gates
from services.reporting.pages.initiative import router as initiative
from services.reporting.pages.portfolio import router as portfolio
from services.reporting.pages.proposals import router as proposals
from services.reporting.pages.quarantine import router as quarantine

PAGES = (portfolio, initiative, proposals, gates, audit, quarantine)
