"""minutebook status: which processes run, how far each log and each table is, and what alarms there are."""

from typing import Any

import httpx
import orjson
from prometheus_client.parser import text_string_to_metric_families
from rich.console import Console
from rich.table import Table

from cli._client import DATA, PERSON, DataOption, JsonOption, PersonOption, connected
from deploy.instance import read_run_file
from shared.runtime.health import Measure

_ALARMS = {
    Measure.RELAY_FORGED.value[0]: "the log of {} holds a record that its service did not append; nothing from there on is passed on",
    Measure.QUARANTINED.value[0]: "keys wait in the quarantine of {}",
}


def command(data: DataOption = DATA, person: PersonOption = PERSON, as_json: JsonOption = False) -> None:
    """Show which processes run, how far each log and each table is, and what alarms there are."""
    processes = [_process(one) for one in read_run_file(data / "run.json").get("processes", [])]
    with connected(data, person) as client:
        found = {**client.get("/reporting/status.json"), "processes": processes}
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
    running = Table("process", "state", title="Processes")
    for process in processes:
        running.add_row(process["name"], process["state"])
    console.print(logs, tables, running)
    for process in processes:
        for alarm in process["alarms"]:
            console.print(f"ALARM ({process['name']}): {alarm}", style="bold red", highlight=False)


def _process(known: dict[str, Any]) -> dict[str, Any]:
    """What a process says of itself. The servers say nothing here: that their clients are ready tells it."""
    state, alarms, url = "runs", [], known.get("url")
    if url:
        try:
            ready = httpx.get(f"{url}/readyz", timeout=5, trust_env=False)
            state = "ready" if ready.is_success else f"not ready: {_reasons(ready)}"
            alarms = _alarms(httpx.get(f"{url}/metrics", timeout=5, trust_env=False))
        except httpx.HTTPError as error:
            state = f"does not answer ({type(error).__name__})"
    return {"name": known["name"], "pid": known["pid"], "state": state, "alarms": alarms}


def _reasons(answer: httpx.Response) -> str:
    try:
        return "; ".join(f"{name}: {reason}" for name, reason in answer.json()["reasons"].items())
    except (ValueError, LookupError, AttributeError):
        return f"HTTP {answer.status_code}"


def _alarms(answer: httpx.Response) -> list[str]:
    """The alarms among the metrics of a process; a proxy has none."""
    if not answer.headers.get("content-type", "").startswith("text/plain"):
        return []
    return [
        _ALARMS[sample.name].format(", ".join(sample.labels.values()))
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
        if sample.name in _ALARMS and sample.value > 0
    ]
