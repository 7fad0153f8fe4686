"""minutebook migrate: make the databases of the services and bring them up to date."""

import json
import os
from pathlib import Path

from deploy.databases import migrate
from deploy.problems import CannotStart
from deploy.topology import SERVICES


def command() -> None:
    """Make what is missing in the PostgreSQL of MINUTEBOOK_DATABASE, or of the instance that is starting; repeat it freely."""
    superuser, run = os.environ.get("MINUTEBOOK_DATABASE"), os.environ.get("MINUTEBOOK_RUN")
    if not superuser and run:
        superuser = json.loads(Path(run).read_text())["postgres"]["superuser_dsn"]
    if not superuser:
        raise CannotStart("No database to migrate: set MINUTEBOOK_DATABASE to the DSN of a role that may create databases and roles.")
    data = Path(os.environ.get("MINUTEBOOK_DATA", ".minutebook"))
    data.mkdir(parents=True, exist_ok=True)
    migrate(superuser, data, SERVICES)
