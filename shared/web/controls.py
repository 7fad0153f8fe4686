"""The form of a command: its fields with values and errors, ready for the template."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from shared.domain.state import Command
from shared.web.fields import Field, Kind, choice_words, fields_of
from shared.web.problems import FieldError, Problem

RADIO_UP_TO = 5
"""With more choices than this, a list that opens takes less room than radio buttons."""


@dataclass(frozen=True, slots=True)
class Control:
    """A field in a form: `path` is its dotted name, `key` its id in the page, `controls` its rows or members."""

    field: Field
    path: str
    label: str
    value: Any
    error: str | None
    controls: tuple["Control", ...] = ()
    given: bool = False

    @property
    def key(self) -> str:
        return "f-" + self.path.replace(".", "-")

    @property
    def described(self) -> str | None:
        """The ids of what describes the control, for aria-describedby."""
        ids = ([f"{self.key}-hint"] if self.field.hint else []) + ([f"{self.key}-error"] if self.error else [])
        return " ".join(ids) or None

    @property
    def text(self) -> str:
        """The value as it is typed."""
        if self.value is None:
            return ""
        if self.field.kind is Kind.JSON:
            return self.value if isinstance(self.value, str) else orjson.dumps(self.value, option=orjson.OPT_INDENT_2).decode()
        return str(self.value).lower() if isinstance(self.value, bool) else str(self.value)

    @property
    def options(self) -> tuple[tuple[str, str], ...]:
        """The choices, each with its words."""
        if self.field.choices == ("true", "false"):
            return (("true", "Yes"), ("false", "No"))
        return tuple((choice, choice_words(choice)) for choice in self.field.choices)

    @property
    def radio(self) -> bool:
        return len(self.field.choices) <= RADIO_UP_TO

    @property
    def mode(self) -> str:
        """The inputmode of a text control."""
        return {Kind.INTEGER: "numeric", Kind.DECIMAL: "decimal"}.get(self.field.kind, "text")


def controls(command: type[Command], values: Mapping[str, Any], problem: Problem | None = None) -> tuple[Control, ...]:
    """The controls of the form of `command`, filled with `values` (JSON, as far as they can be read); errors at their fields."""
    fields = fields_of(command)
    return tuple(_control(field, field.name, values.get(field.name, field.default), _errors(fields, problem)) for field in fields)


def _control(field: Field, path: str, value: Any, errors: Mapping[str, str], label: str | None = None) -> Control:
    inner: tuple[Control, ...] = ()
    if field.kind in (Kind.GROUP, Kind.MONEY):
        members = value if isinstance(value, Mapping) else {}
        inner = tuple(_control(f, f"{path}.{f.name}", members.get(f.name, f.default), errors) for f in field.fields)
    elif field.kind is Kind.ROWS:
        rows: Sequence[Any] = value if isinstance(value, list | tuple) else ()
        inner = tuple(_control(field.item, f"{path}.{n}", row, errors, f"{field.label} {n + 1}") for n, row in enumerate(rows))
    return Control(field, path, label or field.label, value, errors.get(path), inner, isinstance(value, Mapping))


def _errors(fields: Sequence[Field], problem: Problem | None) -> dict[str, str]:
    """What is wrong by the path of the control that shows it: the deepest one that the pointer names."""
    if problem is None:
        return {}
    found: list[FieldError] = list(problem.errors)
    if not found and problem.field:
        said = problem.detail + (f" The way out: {problem.way_out}." if problem.way_out else "")
        found = [FieldError(pointer="/" + problem.field.replace(".", "/"), detail=f"{said} (rule: {problem.rule})")]
    errors: dict[str, str] = {}
    for error in found:
        path = deepest(fields, error.pointer.strip("/").split("/"))
        if path:
            errors[path] = f"{errors[path]}; {error.detail}" if path in errors else error.detail
    return errors


def deepest(fields: Sequence[Field], parts: Sequence[str]) -> str | None:
    """The path of the deepest control that `parts` names; None where even the first is unknown."""
    path: list[str] = []
    known = {field.name: field for field in fields}
    field: Field | None = None
    for part in parts:
        if field is not None and field.kind is Kind.ROWS and part.isdecimal():
            field = field.item
        elif part in known:
            field = known[part]
        else:
            break
        path.append(part)
        known = {inner.name: inner for inner in field.fields} if field.kind in (Kind.GROUP, Kind.MONEY) else {}
    return ".".join(path) or None


def with_row(command: type[Command], values: dict[str, Any], path: str) -> dict[str, Any]:
    """`values` with an empty row added to the list at `path`; unchanged where no such list is."""
    return _changed(fields_of(command), values, path.split("."), _add)


def without_row(command: type[Command], values: dict[str, Any], path: str) -> dict[str, Any]:
    """`values` without the row at `path`."""
    head, _, number = path.rpartition(".")
    return _changed(fields_of(command), values, head.split("."), lambda rows, _: [r for n, r in enumerate(rows) if str(n) != number])


def _add(rows: list[Any], field: Field) -> list[Any]:
    return [*rows, {} if field.item.kind in (Kind.GROUP, Kind.MONEY) else ""]


def _changed(fields: Sequence[Field], values: dict[str, Any], parts: Sequence[str], change: Any) -> dict[str, Any]:
    field = next((f for f in fields if f.name == parts[0]), None)
    if field is None:
        return values
    inner = values.get(field.name)
    if field.kind is Kind.ROWS and len(parts) == 1:
        return {**values, field.name: change(list(inner or ()), field)}
    if field.kind is Kind.GROUP and len(parts) > 1:
        return {**values, field.name: _changed(field.fields, inner or {}, parts[1:], change)}
    if field.kind is Kind.ROWS and len(parts) > 2 and parts[1].isdecimal() and isinstance(inner, list):
        rows = [_changed(field.item.fields, row, parts[2:], change) if str(n) == parts[1] else row for n, row in enumerate(inner)]
        return {**values, field.name: rows}
    return values
