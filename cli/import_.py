"""minutebook import: a release of a feed, as it was published, into the record; done when the portfolio shows it."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.table import Table

from cli._client import DATA, PERSON, Client, DataOption, JsonOption, PersonOption, connected
from deploy.problems import CannotStart

_LOOK = 0.15
_STILL = 120.0
"""Seconds without any progress after which the command gives up waiting; the import itself goes on."""


def command(
    file: Annotated[Path, typer.Argument(help="The file as it was published (CSV).")],
    mapping: Annotated[str, typer.Option(help="The mapping table that reads it.")],
    effective: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The date as at which it reports.")],
    feed: Annotated[str | None, typer.Option(help="The source that it comes from; named as the mapping unless told.")] = None,
    data: DataOption = DATA,
    person: PersonOption = PERSON,
    as_json: JsonOption = False,
) -> None:
    """Import a release. Rows are quarantined only for want of an id, a name or an office; a bad cell is kept as a finding.

    The same file twice changes nothing; an import that was interrupted is sent again and goes on.
    """
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise CannotStart(f"{file} cannot be read ({error.strerror}): name a file that is there.") from None
    day = effective.replace(tzinfo=UTC).date().isoformat()
    query = {"mapping": mapping, "effective": day, "file": file.name[:300], **({"feed": feed} if feed else {})}
    with connected(data, person) as client:
        headers = {"Content-Type": "text/csv"}
        sent = client.request("POST", "/reporting/imports", params=query, content=raw, headers=headers).json()
        state = {**_followed(client, sent), "repeated": sent["repeated"], "unread": sent["unread"]}
    if as_json:
        print(orjson.dumps(state, option=orjson.OPT_INDENT_2).decode())
    else:
        _show(state, Console())


def _followed(client: Client, state: dict[str, Any]) -> dict[str, Any]:
    """Wait until the portfolio shows every accepted row. Raises CannotStart when the import stopped or nothing moves any more."""
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        recorded = progress.add_task("rows on record", total=state["rows"])
        shown = progress.add_task("rows in the portfolio", total=state["rows"])
        seen, moved = (-1, -1), time.monotonic()
        while True:
            now = (state["accepted"] + state["quarantined"], state["visible"])
            progress.update(recorded, completed=now[0])
            progress.update(shown, completed=now[1], total=state["rows"] - state["quarantined"])
            if reason := state.get("failed"):
                raise CannotStart(f"The import of batch {state['batch']} stopped: {reason}.")
            if state["status"] == "complete" and state["visible"] >= state["accepted"]:
                return state
            if now != seen:
                seen, moved = now, time.monotonic()
            elif time.monotonic() - moved > _STILL:
                way_out = "look at minutebook status and at the quarantine page"
                raise CannotStart(f"{now[1]} of {state['accepted']} accepted rows are shown, and for {_STILL:.0f} s no more: {way_out}.")
            time.sleep(_LOOK)
            state = client.get(f"/reporting/imports/{state['batch']}")


def _show(state: dict[str, Any], console: Console) -> None:
    if state["repeated"]:
        console.print(f"[bold]{escape(state['file'])}[/] is on record already as batch {state['batch']}: nothing was changed.")
    if state.get("by_column"):
        findings = Table("column", "reason", title="Findings: cells kept as they were")
        findings.add_column("cells", justify="right")
        for found in state["by_column"]:
            findings.add_row(escape(found["column"]), escape(found["reason"]), f"{found['count']:,}")
        console.print(findings)
    if state.get("quarantine"):
        rows = Table("row", "reason", "way out", title="Quarantined")
        for row in state["quarantine"]:
            rows.add_row(str(row["row"]), escape(row["reason"]), escape(row["way_out"]))
        console.print(rows)
    if state["unread"]:
        console.print(f"Columns that the mapping does not read: {', '.join(state['unread'])}", style="dim", markup=False)
    summary = Table(title=f"{escape(state['file'])}, as at {state['effective']}, mapping {state['mapping']} v{state['mapping_version']}")
    for title in ("rows", "accepted", "quarantined", "findings", "offices", "in the portfolio"):
        summary.add_column(title, justify="right")
    summary.add_row(*(f"{state[name]:,}" for name in ("rows", "accepted", "quarantined", "findings", "offices", "visible")))
    console.print(summary)
    console.print(f"Batch {state['batch']}", style="dim", markup=False)
