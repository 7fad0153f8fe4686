"""minutebook quarantine: the keys that wait because an event of theirs could not be applied, and their replay."""

from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.table import Table

from cli._client import DATA, PERSON, DataOption, JsonOption, PersonOption, connected
from shared.contracts.catalogue import SERVICES


def command(
    data: DataOption = DATA,
    person: PersonOption = PERSON,
    replay: Annotated[bool, typer.Option("--replay", help="Apply again what waits, in every service.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show what waits in the quarantine of every service, or replay it. Exit code 1 while a replayed key still waits."""
    with connected(data, person) as client:
        if replay:
            found = {name: client.request("POST", f"/{name}/quarantine/replay", json={}).json() for name in SERVICES}
        else:
            found = {name: client.get(f"/{name}/quarantine") for name in SERVICES}
    if as_json:
        print(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode())
    elif not any(found.values()):
        print("Nothing waits.")
    else:
        console = Console()
        (_show_replayed if replay else _show_waiting)(found, console if console.is_terminal else Console(width=200))
    if replay and any(done["left"] for keys in found.values() for done in keys):
        raise typer.Exit(1)


def _show_waiting(found: dict[str, list[dict[str, Any]]], console: Console) -> None:
    table = Table("service", "waits for", "key", "from", "events", "reason", "the way out", "since", title="Keys that wait")
    for service, keys in found.items():
        for key in keys:
            place, why = f"{key['log']}:{key['position']}", (key["reason"], key["way_out"], key["since"][:19])
            table.add_row(service, key["consumer"], key["key"], place, str(key["records"]), *why)
    console.print(table)


def _show_replayed(found: dict[str, list[dict[str, Any]]], console: Console) -> None:
    table = Table("service", "log", "key", "applied", "left", "reason", title="Replayed")
    for service, keys in found.items():
        for key in keys:
            table.add_row(service, key["log"], key["key"], str(key["applied"]), str(key["left"]), key["reason"] or "")
    console.print(table)
