"""The databases of the services: made and migrated by a role that may, used with passwords that only this data directory holds."""

import json
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from psycopg.conninfo import make_conninfo

from deploy.secret import write_private
from shared.ledger.schema import install, install_keys


@dataclass(frozen=True)
class Dsns:
    """Where a service finds its log and tables, and where the keys of its disclosures."""

    log: str = field(repr=False)
    keys: str = field(repr=False)


def migrate(superuser: str, data: Path, services: tuple[str, ...]) -> None:
    """Make what is missing, bring up to date what is there. Safe to repeat; passwords stay once made. Raises SchemaDrift."""
    for service in services:
        file = _file(data, service)
        if file.exists():
            passwords = json.loads(file.read_text())["passwords"]
        else:
            passwords = {"log": secrets.token_urlsafe(24), "keys": secrets.token_urlsafe(24)}
        install(superuser, service, passwords["log"])
        install_keys(superuser, service, passwords["keys"])
        log = make_conninfo(superuser, dbname=service, user=f"{service}_app", password=passwords["log"])
        keys = make_conninfo(superuser, dbname=f"{service}_keys", user=f"{service}_keys_app", password=passwords["keys"])
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(file, json.dumps({"passwords": passwords, "log": log, "keys": keys}) + "\n")


def dsns(data: Path, service: str) -> Dsns:
    """How `service` connects; raises FileNotFoundError before the first migration."""
    facts = json.loads(_file(data, service).read_text())
    return Dsns(facts["log"], facts["keys"])


def _file(data: Path, service: str) -> Path:
    return data / "secrets" / f"{service}.json"
