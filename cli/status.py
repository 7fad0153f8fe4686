"""minutebook status: position, lag and age of everything."""

import orjson
from rich.console import Console
from rich.table import Table

from cli._client import DATA, PERSON, DataOption, JsonOption, PersonOption, connected


def command(data: DataOption = DATA, person: PersonOption = PERSON, as_json: JsonOption = False) -> None:
    """Show how far each log and each table is."""
    with connected(data, person) as client:
        found = client.get("/reporting/status.json")
    if as_json:
        print(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode())
        return
    console = Console()
    logs = Table("log", "position", "newest record", title=f"Logs at {found['at']}")
    for log in found["logs"]:
        logs.add_row(log["log"], f"{log['position']:,}", log["recorded"] or "—")
    tables = Table("table", "log", "position", "lag", "waits", title="Tables")
    for table in found["tables"]:
        lag = "?" if table["lag"] is None else f"{table['lag']:,}"
        waits = "?" if table["age_seconds"] is None else f"{table['age_seconds']:.1f} s"
        tables.add_row(table["table"], table["log"], f"{table['position']:,}", lag, waits)
    console.print(logs, tables)
