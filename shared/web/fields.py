"""The fields of a command, read off its JSON Schema: what a form shows and how it is read back."""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Any

from shared.domain.state import Command

ONE_LINE = 500
"""A text that may have more characters than this is entered in several lines."""


class Kind(StrEnum):
    """How a value is entered."""

    TEXT = "text"
    LINES = "lines"
    INTEGER = "integer"
    DECIMAL = "decimal"
    DATE = "date"
    MOMENT = "moment"
    PERSON = "person"
    OFFICE = "office"
    SHA256 = "sha256"
    CHOICE = "choice"
    CHOICES = "choices"
    BOOLEAN = "boolean"
    MONEY = "money"
    GROUP = "group"
    ROWS = "rows"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `fields` are the members of a group, or the one kind of item of rows; `default` is as in JSON."""

    name: str
    label: str
    hint: str
    kind: Kind
    required: bool
    nullable: bool = False
    default: Any = None
    choices: tuple[str, ...] = ()
    max_length: int | None = None
    may_be_blank: bool = False
    """Whether the empty text is a value."""
    fields: tuple["Field", ...] = field(default=())

    @property
    def item(self) -> "Field":
        """The kind of item of rows."""
        return self.fields[0]

    @property
    def anchored(self) -> bool:
        """Whether an entered group can be told from an empty one by what stands in it."""
        anchors = (Kind.TEXT, Kind.LINES, Kind.INTEGER, Kind.DECIMAL, Kind.DATE, Kind.MOMENT, Kind.PERSON, Kind.SHA256)
        return any(f.required and not f.nullable and not f.may_be_blank and f.kind in anchors for f in self.fields)

    @property
    def optional_group(self) -> bool:
        """Whether the form asks if the group is meant, because an empty one could be."""
        return self.kind is Kind.GROUP and not self.anchored and (self.nullable or not self.required)


def words(name: str) -> str:
    """gate_review, gate-review or GateReview → Gate review."""
    name = re.sub(r"(?<=[a-z])[A-Z](?=[a-z])", lambda found: f" {found[0].lower()}", name)
    text = name.replace("_", " ").replace("-", " ").strip()
    return text[:1].upper() + text[1:]


def choice_words(value: str) -> str:
    """CONDITIONAL_GO → Conditional go; Amber/Red stays."""
    return words(value.lower() if value.isupper() else value)


@lru_cache(maxsize=512)
def fields_of(command: type[Command]) -> tuple[Field, ...]:
    """The fields of a command, in the order that it declares them."""
    schema = command.model_json_schema(mode="validation")
    return _members(schema, schema.get("$defs", {}))


def _members(schema: dict[str, Any], defs: dict[str, Any]) -> tuple[Field, ...]:
    required = schema.get("required", ())
    return tuple(_field(name, member, defs, name in required) for name, member in schema.get("properties", {}).items())


def _resolved(schema: dict[str, Any], defs: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema or len(schema.get("allOf", ())) == 1:
        target = defs[schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else schema["allOf"][0]
        schema = {**target, **{key: value for key, value in schema.items() if key not in ("$ref", "allOf")}}
    return schema


def _options(schema: dict[str, Any], defs: dict[str, Any]) -> list[dict[str, Any]]:
    """What a value may be, where it may be several things: an optional amount is a choice within a choice."""
    found = [_resolved(option, defs) for option in schema.get("anyOf", ())]
    return [inner for option in found for inner in (_options(option, defs) or [option])]


def _field(name: str, schema: dict[str, Any], defs: dict[str, Any], required: bool) -> Field:
    # What stands at the field explains it; the docstring of its type is for programmers.
    hint = schema.get("description", "")
    schema = _resolved(schema, defs)
    options = _options(schema, defs)
    nullable = any(option.get("type") == "null" for option in options)
    options = [option for option in options if option.get("type") != "null"]
    shape = options[0] if len(options) == 1 else schema
    common: dict[str, Any] = {
        "name": name,
        "label": _LABELS.get(name) or words(name),
        "hint": hint.strip(),
        "required": required,
        "nullable": nullable,
        "default": schema.get("default"),
    }
    if len(options) == 2 and {option.get("type") for option in options} == {"number", "string"}:
        return Field(kind=Kind.DECIMAL, **common)
    return _shaped(shape, defs, common)


_LABELS = {"sha256": "SHA-256"}
_FORMATS = {
    "textarea": Kind.LINES,
    "date": Kind.DATE,
    "date-time": Kind.MOMENT,
    "person": Kind.PERSON,
    "office": Kind.OFFICE,
    "sha256": Kind.SHA256,
}


def _shaped(shape: dict[str, Any], defs: dict[str, Any], common: dict[str, Any]) -> Field:
    kind = shape.get("type")
    if "enum" in shape:
        return Field(kind=Kind.CHOICE, choices=tuple(str(value) for value in shape["enum"]), **common)
    if "const" in shape:
        return Field(kind=Kind.CHOICE, choices=(str(shape["const"]),), **common)
    if kind == "string":
        several = Kind.LINES if shape.get("maxLength", 0) > ONE_LINE else Kind.TEXT
        entered = _FORMATS.get(shape.get("format", ""), several)
        blank = entered in (Kind.TEXT, Kind.LINES) and not shape.get("minLength") and not shape.get("pattern")
        return Field(kind=entered, max_length=shape.get("maxLength"), may_be_blank=blank, **common)
    if kind == "boolean" and common["nullable"]:
        return Field(kind=Kind.CHOICE, choices=("true", "false"), **common)
    if kind in ("integer", "boolean"):
        return Field(kind=Kind(kind), **common)
    if kind == "object" and shape.get("properties"):
        members = _members(shape, defs)
        money = {member.name for member in members} == {"amount", "currency"}
        return Field(kind=Kind.MONEY if money else Kind.GROUP, fields=members, **common)
    if kind == "array" and isinstance(shape.get("items"), dict):
        item = _field("", shape["items"], defs, True)
        if item.kind is Kind.CHOICE and not item.nullable:
            return Field(kind=Kind.CHOICES, choices=item.choices, **common)
        if item.kind not in (Kind.ROWS, Kind.CHOICES, Kind.BOOLEAN) and not item.nullable and not item.may_be_blank:
            return Field(kind=Kind.ROWS, fields=(item,), **common)
    return Field(kind=Kind.JSON, **common)
