"""minutebook migrate: make the databases of the services and bring them up to date."""

import os
from pathlib import Path

import psycopg

from deploy.databases import migrate
from deploy.problems import CannotStart
from deploy.topology import SERVICES
from shared.ledger.schema import SchemaDrift


def command() -> None:
    """Make what is missing in the PostgreSQL of MINUTEBOOK_DATABASE; repeat it freely."""
    superuser = os.environ.get("MINUTEBOOK_DATABASE")
    if not superuser:
        raise CannotStart("No database to migrate: set MINUTEBOOK_DATABASE to the DSN of a role that may create databases and roles.")
    data = Path(os.environ.get("MINUTEBOOK_DATA", ".minutebook"))
    data.mkdir(parents=True, exist_ok=True)
    try:
        migrate(superuser, data, SERVICES)
    except SchemaDrift as drift:
        raise CannotStart(f"This database was made by another release: {drift}.") from drift
    except psycopg.Error as error:
        raise CannotStart(f"The databases cannot be made: {str(error).strip().splitlines()[0]}.") from error
