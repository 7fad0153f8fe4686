"""minutebook call: any command of any aggregate, derived from its file.

minutebook call intake proposal draft-proposal I-7QX2KM4A --office hub --title "A bridge" --need "The ford floods." --driver value
  --estimate.amount 1200.50 --as p-haddad

Exit code 0: recorded; 1: refused, with rule, field and way out; 2: the command line itself cannot be read.
"""

import importlib
import json
import sys
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import click
import orjson
import typer

from cli._client import DATA, PERSON, connected
from deploy.topology import SERVICES
from shared.domain.state import Command, State
from shared.web.asked import commands_of
from shared.web.fields import Field, Kind, fields_of
from shared.web.forms import text_of
from shared.web.parse import parse_form
from shared.web.service import Service


class ServicesGroup(click.Group):
    """The services, each imported when it is named."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(SERVICES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in SERVICES:
            return None
        service = cast(Service, importlib.import_module(f"services.{cmd_name}.service").SERVICE)
        groups: dict[str, click.Command] = {state.kind: aggregate_group(service.name, state) for state in service.aggregates}
        return click.Group(cmd_name, groups, help=f"{service.title}: the commands of its aggregates.", no_args_is_help=True)


def aggregate_group(service: str, state: type[State]) -> click.Group:
    """The commands of an aggregate that people may give."""
    commands: dict[str, click.Command] = {command.name: call_command(service, state, command) for command in commands_of(state)}
    about = " ".join((state.__doc__ or "").split())
    return click.Group(state.kind, commands, help=about, short_help=about.split(". ")[0], no_args_is_help=True)


def call_command(service: str, state: type[State], command: type[Command]) -> click.Command:
    """One command: an option for each field, dotted for what lies inside; lists and deep values go into --json."""
    options = [option for field in fields_of(command) for option in field_options(field)]
    own: list[click.Parameter] = [
        click.Argument(["identity"], metavar="ID"),
        *options,
        click.Option(["--json", "json"], metavar="BODY", help="The body as JSON, - to read it from standard input; options come on top."),
        click.Option(["--as", "as"], metavar="PERSON", default=PERSON, show_default=True, help="Who gives the command."),
        click.Option(["--if-match", "if_match"], type=int, help="The version of the stream that you saw."),
        click.Option(["--key", "key"], help="The Idempotency-Key; the same key again acts once."),
        click.Option(["--after", "after"], metavar="LOG:POSITION", help="Decide on what was heard up to here."),
        click.Option(["--data", "data"], type=click.Path(path_type=Path), default=DATA, help="The data directory of the running instance."),
    ]
    signed = f" It signs: “{command.signs}.”" if command.signs else ""
    roles = f" For the roles: {', '.join(sorted(command.roles - {'service'}))}."
    return click.Command(
        command.name,
        params=own,
        callback=lambda **given: call(service, state, command, given),
        help=text_of(command) + signed + roles,
        short_help=text_of(command).split(". ")[0],
    )


def field_options(field: Field, prefix: str = "") -> list[click.Parameter]:
    """The options of a field."""
    path = f"{prefix}{field.name}"
    if field.kind in (Kind.GROUP, Kind.MONEY):
        return [option for inner in field.fields for option in field_options(inner, f"{path}.")]
    if field.kind is Kind.ROWS and field.item.fields:
        return []
    several = field.kind in (Kind.CHOICES, Kind.ROWS)
    choice = click.Choice(list(field.choices)) if field.choices else None
    spelt = f"--{path.replace('_', '-')}"
    needed = " (needed)" if field.required and not prefix else ""
    # The name holds the path itself: click would turn its dots into underscores.
    declared = [f"{spelt}/--no-{path.replace('_', '-')}" if field.kind is Kind.BOOLEAN else spelt, _name(path)]
    return [
        click.Option(declared, type=choice, multiple=several, help=f"{field.hint or field.label}{needed}", default=() if several else None)
    ]


def _name(path: str) -> str:
    return "field_" + path.replace(".", "__")


def body_of(command: type[Command], given: dict[str, Any]) -> dict[str, Any]:
    """The body: what --json says, with the options on top. Raises click.UsageError for JSON that cannot be read."""
    text = given.get("json")
    if text == "-":
        text = sys.stdin.read()
    try:
        body = json.loads(text) if text else {}
    except ValueError as error:
        raise click.UsageError(f"--json is no JSON: {error}") from None
    if not isinstance(body, dict):
        raise click.UsageError('--json is an object, such as \'{"title": "A bridge"}\'')
    return _over(body, parse_form(command, _posted(fields_of(command), given)))


def _posted(fields: tuple[Field, ...], given: dict[str, Any], prefix: str = "") -> dict[str, list[str]]:
    """The options that were given, as a form would send them."""
    form: dict[str, list[str]] = {}
    for field in fields:
        path = f"{prefix}{field.name}"
        if field.kind in (Kind.GROUP, Kind.MONEY):
            inner = _posted(field.fields, given, f"{path}.")
            form |= inner | ({f"{path}._given": ["true"]} if inner and field.optional_group else {})
            continue
        value = given.get(_name(path))
        if value is None or value == ():
            continue
        if field.kind is Kind.ROWS:
            form |= {f"{path}.{number}": [one] for number, one in enumerate(value)}
        elif isinstance(value, tuple):
            form[path] = list(value)
        else:
            form[path] = [str(value).lower() if isinstance(value, bool) else str(value)]
    return form


def _over(body: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
    """`options` on top of `body`, object by object; an empty list or object says nothing."""
    for name, value in options.items():
        if isinstance(value, dict):
            if value:
                body[name] = _over(dict(found) if isinstance(found := body.get(name), dict) else {}, value)
        elif value != []:
            body[name] = value
    return body


def call(service: str, state: type[State], command: type[Command], given: dict[str, Any]) -> None:
    """Give the command and print the receipt. Raises CannotStart, which the program prints and ends with 1."""
    body = body_of(command, given)
    headers = {"Content-Type": "application/json", "Idempotency-Key": given["key"] or str(uuid4())}
    if given["if_match"] is not None:
        headers["If-Match"] = f'"{given["if_match"]}"'
    if given["after"]:
        headers["Minutebook-After"] = given["after"]
    path = f"/{service}/{state.plural}/{given['identity']}/{command.name}"
    with connected(given["data"], given["as"]) as client:
        answer = client.request("POST", path, content=orjson.dumps(body), headers=headers)
    receipt = answer.json()
    if answer.headers.get("Idempotent-Replayed"):
        receipt["repeated"] = True
    click.echo(orjson.dumps(receipt, option=orjson.OPT_INDENT_2).decode())


CONTEXT = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


def command(ctx: typer.Context) -> None:
    """Give any command: minutebook call SERVICE AGGREGATE COMMAND ID [--field value …]."""
    # typer brings a click of its own that knows nothing of commands made at run time; these are click's.
    group = ServicesGroup("call", help="Give any command of any aggregate.", no_args_is_help=True)
    group.main(ctx.args, prog_name="minutebook call")
