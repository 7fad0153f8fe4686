"""The screens of gates; the templates lie beside their routes."""

from services.gates.pages.dossier import router as dossier

PAGES = (dossier,)
