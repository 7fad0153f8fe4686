"""From a posted form to the JSON of a command. Names are dotted paths: conditions.0.text."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from shared.domain.state import Command
from shared.web.fields import Field, Kind, fields_of

ABSENT = object()
_WHOLE = re.compile(r"[+-]?\d{1,18}")
MAX_ROWS = 500
"""The most rows that one list of a form may hold."""

Posted = Mapping[str, list[str]]


def posted(pairs: Iterable[tuple[str, Any]]) -> dict[str, list[str]]:
    """The texts of a form by name, in order; files are left out."""
    texts: dict[str, list[str]] = {}
    for name, value in pairs:
        if isinstance(value, str):
            texts.setdefault(name, []).append(value)
    return texts


def parse_form(command: type[Command], form: Posted) -> dict[str, Any]:
    """The JSON of `command` as the form says it. What cannot be read as a number stays text, for the validator to name."""
    return _object(fields_of(command), "", form)


def _object(fields: Iterable[Field], prefix: str, form: Posted) -> dict[str, Any]:
    values = {field.name: _value(field, prefix + field.name, form) for field in fields}
    return {name: value for name, value in values.items() if value is not ABSENT}


def _value(field: Field, path: str, form: Posted) -> Any:
    match field.kind:
        case Kind.GROUP | Kind.MONEY:
            return _group(field, path, form)
        case Kind.ROWS:
            return _rows(field, path, form)
        case Kind.CHOICES:
            return [value for value in form[path] if value] if path in form else ABSENT
        case Kind.BOOLEAN:
            return form[path][-1] == "true" if path in form else ABSENT
    if path not in form:
        return ABSENT
    raw = form[path][-1]
    if not raw.strip() and not (field.may_be_blank and raw):
        return _blank(field)
    return _scalar(field, raw)


def _scalar(field: Field, raw: str) -> Any:
    if field.kind is Kind.CHOICE and set(field.choices) == {"true", "false"}:
        return raw == "true"
    if field.kind is Kind.INTEGER:
        digits = raw.strip().replace(",", "")
        return int(digits) if _WHOLE.fullmatch(digits) else raw
    if field.kind is Kind.JSON:
        try:
            return orjson.loads(raw)
        except orjson.JSONDecodeError:
            return raw
    return raw if field.kind in (Kind.TEXT, Kind.LINES) else raw.strip()


def _blank(field: Field) -> Any:
    """What an empty entry means: nothing, the empty text, or that it was left out."""
    if field.nullable:
        return None if field.required or field.default is not None else ABSENT
    if field.may_be_blank and (field.required or field.default):
        return ""
    return ABSENT


def _group(field: Field, path: str, form: Posted) -> Any:
    values = _object(field.fields, path + ".", form)
    if field.required and not field.nullable:
        return values
    meant = form.get(f"{path}._given", [""])[-1] == "true" if field.optional_group else not _empty(field.fields, values)
    if meant:
        return values
    return None if field.nullable and (field.required or field.default is not None) else ABSENT


def _rows(field: Field, path: str, form: Posted) -> Any:
    start = len(path) + 1
    numbers = sorted({int(head) for name in form if name.startswith(path + ".") and (head := name[start:].split(".")[0]).isdecimal()})
    # While rows are added and removed, empty ones are kept, so that each keeps its number.
    keep, rows = "_add" in form or "_remove" in form, []
    for number in numbers[:MAX_ROWS]:
        row = _value(field.item, f"{path}.{number}", form)
        if row is ABSENT or row is None or row == "":
            if keep:
                rows.append("")
            continue
        if not keep and field.item.kind in (Kind.GROUP, Kind.MONEY) and field.item.anchored and _empty(field.item.fields, row):
            continue
        rows.append(row)
    return rows if rows or field.required or field.default else ABSENT


def _empty(fields: Iterable[Field], values: Mapping[str, Any]) -> bool:
    return all(_untouched(field, values.get(field.name)) for field in fields)


def _untouched(field: Field, value: Any) -> bool:
    if value in (None, "", [], {}, False) or value == field.default:
        return True
    return isinstance(value, dict) and _empty(field.fields, value)
