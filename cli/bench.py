"""`minutebook bench`: measures the product's parts against what others use."""

from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.table import Table

from bench.append import measure, summary

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)


@app.callback()
def bench() -> None:
    """Measures the product's parts against what others use."""


@app.command()
def append(
    rounds: Annotated[int, typer.Option(min=1, help="How often every contender runs; they take turns.")] = 7,
    json: Annotated[bool, typer.Option("--json", help="Figures as JSON on standard output.")] = False,
) -> None:
    """Durable appends, 64 callers in one process, against peers on one server started for it."""
    told = summary(measure(rounds, Console(stderr=True).print))
    if json:
        typer.echo(orjson.dumps(told, option=orjson.OPT_INDENT_2))
    else:
        _show(told)


def _show(told: dict[str, Any]) -> None:
    rates = Table(title=f"Durable events per second, {told['callers']} callers, {told['event_bytes']} bytes an event (medians)")
    rates.add_column("")
    rates.add_column("events/s", justify="right")
    for name, rate in told["events_per_second"].items():
        rates.add_row(name, f"{rate:,}")
    ratios = Table(title="Ratios (medians of the rounds)")
    for heading in ("ours", "against", "ratio", "target", ""):
        ratios.add_column(heading)
    for row in told["ratios"]:
        ratios.add_row(row["ours"], row["peer"], f"{row['ratio']:.2f}", f"≥ {row['target']}", "met" if row["met"] else "missed")
    console = Console()
    console.print(rates)
    console.print(ratios)
