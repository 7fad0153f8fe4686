"""minutebook portfolio: what is on the books and how it stands."""

from decimal import Decimal
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table

from cli._client import DATA, PERSON, DataOption, JsonOption, PersonOption, connected

_COLOURS = {"Red": "red", "Amber/Red": "dark_orange", "Amber": "yellow", "Amber/Green": "green_yellow", "Green": "green"}
_NO_VALUE = {"withheld": "withheld", "not_yet_known": "not yet known", "unreadable": "unreadable", "not_reported": "not reported"}


def command(data: DataOption = DATA, person: PersonOption = PERSON, as_json: JsonOption = False) -> None:
    """Show the portfolio as it is known now, with its totals and the positions that it was made at."""
    with connected(data, person) as client:
        answer = client.request("GET", "/reporting/portfolio.json")
    found = answer.json()
    if as_json:
        print(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode())
    else:
        # Cut off at 80 columns a table in a file or a pipe could not be read.
        console = Console()
        _show(found, console if console.is_terminal else Console(width=200))


def _show(found: dict[str, Any], console: Console) -> None:
    table = Table("id", "name", "office", "state", "rating", "start", "end", title=f"Portfolio on {found['on']}")
    table.add_column("whole-life cost", justify="right")
    table.add_column("as at")
    for row in found["initiatives"]:
        rating = row["rating"] or _NO_VALUE.get(row["not_given"].get("rating", ""), "—")
        if row["rating"]:
            rating = f"[{_COLOURS[row['rating']]}]{rating}[/] {row['rater'] or ''}"
        state = f"stage {row['stage']}" if row["stage"] is not None and row["state"] == "under-way" else row["state"]
        dates = (_dated(row, "start"), _dated(row, "end"))
        table.add_row(
            row["id"], row["name"], row["office"], state, rating, *dates, _cost(row["whole_life_cost"]), row["reported_as_at"] or "—"
        )
    console.print(table)
    totals = found["totals"]
    sums = "; ".join(f"{_cost(total['sum'])} over {total['figures']} figures" for total in totals["whole_life_cost"]) or "no figures"
    console.print(f"{totals['count']} initiatives in {len(totals['offices'])} offices. Whole-life cost: {sums}.")
    console.print("Ratings: " + ", ".join(f"{_NO_VALUE.get(rating, rating)} {count}" for rating, count in totals["ratings"].items()))
    positions = ", ".join(f"{log}:{position}" for log, position in found["positions"].items())
    console.print(f"Known at {found['known_at']} ({positions})", style="dim")


def _dated(row: dict[str, Any], name: str) -> str:
    return row[name] or _NO_VALUE.get(row["not_given"].get(name, ""), "—")


def _cost(cost: dict[str, str] | str | None) -> str:
    if cost is None:
        return "—"
    if isinstance(cost, str):
        return _NO_VALUE[cost]
    amount = Decimal(cost["amount"])
    return f"{cost['currency']} {amount / 1_000_000:,.2f}m" if abs(amount) >= 1_000_000 else f"{cost['currency']} {amount:,f}"
