"""minutebook test: every check and every test, as they run before a change is let in."""

import subprocess
import sys
from pathlib import Path

import typer

ROOT = Path(__file__).parents[1]
CONTEXT = {"allow_extra_args": True, "ignore_unknown_options": True}
CHECKS = (
    ("ruff check", ["-m", "ruff", "check", "."]),
    ("ruff format", ["-m", "ruff", "format", "--check", "."]),
    ("mypy", ["-m", "mypy", "."]),
    ("import-linter", ["-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]),
)


def command(ctx: typer.Context) -> None:
    """Run ruff, mypy, import-linter and pytest on real servers. Arguments go to pytest; with any, the linters are left out."""
    failed = [] if ctx.args else [name for name, arguments in CHECKS if _run(name, arguments)]
    if _run("pytest", ["-m", "pytest", *ctx.args]):
        failed.append("pytest")
    if failed:
        print(f"Failed: {', '.join(failed)}.", file=sys.stderr)
        raise typer.Exit(1)


def _run(name: str, arguments: list[str]) -> int:
    print(f"── {name}", file=sys.stderr, flush=True)
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, check=False).returncode
