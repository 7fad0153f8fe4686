"""`python -m cli`: finds the subcommand's file and runs it. Only that file is imported, so that every command starts fast.

A file `cli/<name>.py` is the subcommand `<name>` (`_` is read as `-`, a `_` at the end is dropped). It holds a function `command`, or an
`app` (typer.Typer) where it has subcommands of its own. Files that begin with `_` are no commands.
"""

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from deploy.problems import CannotStart

FILES = {path.stem.rstrip("_").replace("_", "-"): path.stem for path in Path(__file__).parent.glob("[!_]*.py")}


class Commands(TyperGroup):
    """The subcommands, loaded when they are asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        return sorted(FILES)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in FILES:
            return None
        module = import_module(f"cli.{FILES[cmd_name]}")
        app = getattr(module, "app", None)
        if not isinstance(app, typer.Typer):
            # Arguments of other programs pass through where a command takes `ctx` and reads `ctx.args`.
            app = typer.Typer(add_completion=False)
            app.command(cmd_name, context_settings=getattr(module, "CONTEXT", None))(module.command)
        found = get_command(app)
        found.name = cmd_name
        return found


app = typer.Typer(cls=Commands, no_args_is_help=True, add_completion=False, pretty_exceptions_show_locals=False)


@app.callback()
def minutebook() -> None:
    """The permanent, verifiable record of how an organisation chooses, gates and pays for its projects."""


def main() -> None:
    """Run the command line; what a person can mend is said in one sentence, with exit code 1."""
    try:
        app(prog_name="minutebook")
    except CannotStart as problem:
        print(problem, file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
