"""minutebook signin-link: a link that signs a person in once, on this machine."""

import os
from pathlib import Path
from typing import Annotated

import typer

from deploy.instance import read_run_file
from deploy.problems import CannotStart
from shared.identity.issuer import UnknownPerson, mint_link


def command(
    person: Annotated[str, typer.Argument(help="Whom to sign in, such as p-okafor.")] = "p-okafor",
    data: Annotated[Path, typer.Option(envvar="MINUTEBOOK_DATA", help="The data directory of the running instance.")] = Path(".minutebook"),
) -> None:
    """Print a link that signs a person in: it works once, within ten minutes."""
    run = Path(os.environ.get("MINUTEBOOK_RUN", data / "run.json"))
    url = read_run_file(run).get("url")
    if not url:
        raise CannotStart(f"No Minutebook runs on {data}: start it with ./minutebook up, or name its --data.")
    try:
        print(url + mint_link(data, person))
    except UnknownPerson as unknown:
        raise CannotStart(f"No link: {unknown}.") from unknown
