"""A command as it was asked for: read from the request before anybody is let in, because its office decides who may."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import orjson
from fastapi import Request
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from shared.contracts.values import ID_PATTERN
from shared.domain.decider import aggregate_of
from shared.domain.state import Command, State
from shared.identity.principal import HUB
from shared.web.conditions import is_form, read_body
from shared.web.parse import Posted, parse_form, posted
from shared.web.problems import Problem, invalid, not_found
from shared.web.running import Running


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks for. `form` is what was posted (None: JSON); `values` its JSON; `wrong` why it is no valid command."""

    state: State
    version: int
    command: Command | None
    form: Posted | None
    values: dict[str, Any]
    wrong: Problem | None = None


def identity_of(request: Request) -> str:
    """The id of the stream that the path names; raises Problem 422. (Guards run before paths are validated.)"""
    identity: str = request.path_params["identity"]
    if not re.fullmatch(ID_PATTERN, identity):
        raise Problem(422, "validation", "The path names no id.", "ids are letters, digits and . _ : - (80 at most)", "identity")
    return identity


async def ask(request: Request, running: Running, state: type[State], command: type[Command]) -> Asked:
    """Read the body and the stream. Raises Problem: 404 for a stream that has not begun, 413, 415, 422 for invalid JSON."""
    identity = identity_of(request)
    found, version = await running.handler.state(state, identity)
    if not command.starts and not found.exists:
        starting = [f"POST …/{c.name}" for c in commands_of(state) if c.starts]
        way_out = f"start it first: {', '.join(starting)}" if starting else None
        raise not_found(state.stream(identity), way_out)
    if is_form(request):
        form = await posted_form(request)
        values = parse_form(command, form)
        try:
            return Asked(found, version, command.model_validate_json(orjson.dumps(values)), form, values)
        except ValidationError as error:
            return Asked(found, version, None, form, values, invalid(error.errors()))
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise Problem(415, "media-type", f"A body of type {kind or 'unknown'} is not read here.", "send application/json, or a form")
    body = await read_body(request) or b"{}"
    try:
        return Asked(found, version, command.model_validate_json(body), None, {})
    except ValidationError as error:
        raise invalid(error.errors()) from None


async def posted_form(request: Request) -> Posted:
    """The form in the body; raises Problem 413, 422."""
    # Starlette reads the form from the body that is kept here, so that the limit holds for it as well.
    request._body = await read_body(request)
    try:
        return posted((await request.form(max_fields=5000, max_files=0)).multi_items())
    except HTTPException as error:
        raise Problem(422, "form", f"The form cannot be read: {error.detail}.", "send it as the page does") from None


def asking(running: Running, state: type[State], command: type[Command]) -> Callable[[Request], Awaitable[str]]:
    """The office that a request for `command` concerns; what was asked is left at request.state.asked."""

    async def office(request: Request) -> str:
        asked = await ask(request, running, state, command)
        request.state.asked = asked
        named = asked.command.office_asked() if command.starts and asked.command else None
        if command.starts and asked.command is None:
            # An office that cannot be read belongs to nobody: whoever may start one anywhere is told what is wrong.
            raw = asked.values.get("office")
            named = raw if isinstance(raw, str) and raw else None
        return named or asked.state.office_in_charge() or HUB

    return office


def concerning(running: Running, state: type[State]) -> Callable[[Request], Awaitable[str]]:
    """The office in charge of the stream that a request names."""

    async def office(request: Request) -> str:
        found, _ = await running.handler.state(state, identity_of(request))
        return found.office_in_charge() or HUB

    return office


def commands_of(state: type[State]) -> tuple[type[Command], ...]:
    """The commands of an aggregate that people may call; those of services alone have no route."""
    return tuple(command for command in aggregate_of(state).deciders if command.roles != {"service"})
