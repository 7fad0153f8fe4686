"""minutebook up: everything on this machine, until Ctrl-C."""

from pathlib import Path
from typing import Annotated

import typer

from deploy.local import up


def command(
    port: Annotated[int, typer.Option(help="Port of the web and the API, on loopback.", min=1024, max=65000)] = 8090,
    data: Annotated[Path, typer.Option(help="Where the record, the secrets and the logs are kept.")] = Path(".minutebook"),
    split: Annotated[bool, typer.Option("--split", help="Two processes for each service instead of two in all.")] = False,
) -> None:
    """Start PostgreSQL, Kafka and the four services here, and print a sign-in link. Ctrl-C stops everything.

    MINUTEBOOK_DATABASE (a DSN that may create databases and roles) and MINUTEBOOK_KAFKA (host:port) use servers that already run.
    """
    up(data, port, split)
