"""Forms: one for any command, derived from its JSON Schema; it works without JavaScript and keeps what was typed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from shared.domain.state import Command, State
from shared.web.conditions import local_path
from shared.web.controls import Control, controls, with_row, without_row
from shared.web.fields import words
from shared.web.parse import Posted, parse_form
from shared.web.problems import Problem

__all__ = ["Form", "form_for", "parse_form", "refilled", "require_signature", "rows_changed"]


@dataclass(frozen=True, slots=True)
class Form:
    """What the template `controls.html` shows. `signer` is the name of who would sign, `next` the page to go to afterwards."""

    key: str
    action: str
    title: str
    text: str
    controls: tuple[Control, ...]
    idempotency_key: str
    version: int | None
    signs: str | None
    signer: str
    next: str | None
    back: str | None
    problem: Problem | None = None

    @property
    def wrong(self) -> list[Control]:
        """The controls with an error, in order."""
        return [control for control in _all(self.controls) if control.error]


def _all(found: Iterable[Control]) -> Iterable[Control]:
    for control in found:
        yield control
        yield from _all(control.controls)


def title_of(command: type[Command]) -> str:
    """The command in words: Decide gate."""
    return words(command.name)


def text_of(command: type[Command]) -> str:
    """What the command is, from its docstring; empty where it has none of its own."""
    return " ".join((command.__dict__.get("__doc__") or "").split())


def form_for(
    service: str,
    state: type[State],
    identity: str,
    command: type[Command],
    *,
    version: int | None,
    signer: str,
    values: Mapping[str, Any] | None = None,
    next_page: str | None = None,
    back: str | None = None,
    key: str | None = None,
    problem: Problem | None = None,
) -> Form:
    """The form of `command` for one stream, at the version that the person sees (None: any); with a `problem`, told at its fields."""
    return Form(
        key=f"form-{command.name}",
        action=f"/{service}/{state.plural}/{identity}/{command.name}",
        title=title_of(command),
        text=text_of(command),
        controls=controls(command, values or {}, problem),
        idempotency_key=key or str(uuid4()),
        version=version,
        signs=command.signs.rstrip(".") if command.signs else None,
        signer=signer,
        next=local_path(next_page),
        back=local_path(back),
        problem=problem,
    )


def require_signature(command: type[Command], form: Posted) -> None:
    """Raise Problem 422 unless the box beside the sentence that is signed was ticked."""
    if command.signs and form.get("_signed", [""])[-1] != "true":
        raise Problem(422, "signature", f"Sign it first: “{command.signs}.”", "tick the box beside the sentence", "_signed")


def rows_changed(command: type[Command], form: Posted) -> dict[str, Any]:
    """What the form says, after its Add or Remove button was pressed."""
    values = parse_form(command, form)
    if path := form.get("_add", [""])[-1]:
        values = with_row(command, values, path)
    if path := form.get("_remove", [""])[-1]:
        values = without_row(command, values, path)
    return values


def refilled(form: Posted, name: str) -> str | None:
    """A hidden value of the form; None where it is missing or empty."""
    return form.get(name, [""])[-1] or None
