"""The catalogue of events: every published type with its schema and a sample, and the AsyncAPI 3 document made of them."""

import importlib
import pkgutil
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

import shared.contracts as contracts
from shared.contracts.event import TYPES, Event
from shared.contracts.personal import Personal

SERVICES = ("intake", "gates", "benefits", "reporting")
_PATTERNS = {r"^[A-Z]{3}$": "GBP", r"^[0-9a-f]{64}$": "ab" * 32}


def published() -> list[type[Event]]:
    """Every event of the published language, by wire name."""
    for module in pkgutil.walk_packages(contracts.__path__, "shared.contracts."):
        importlib.import_module(module.name)
    return [TYPES[wire] for wire in sorted(TYPES) if TYPES[wire].__module__.startswith("shared.contracts.")]


def sample(kind: type[BaseModel], full: bool = True) -> Any:
    """A deterministic instance: every field set if `full`, else the required ones only."""
    fields = {name: field for name, field in kind.model_fields.items() if full or field.is_required()}
    return kind.model_validate({name: _value(field.annotation, name, tuple(field.metadata)) for name, field in fields.items()})


def _value(annotation: Any, name: str, metadata: tuple[Any, ...] = ()) -> Any:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _value(arguments[0], name, (*metadata, *arguments[1:]))
    if origin in (Union, UnionType):
        return _value(next(argument for argument in arguments if argument is not NoneType), name, metadata)
    if origin is tuple:
        return (_value(arguments[0], name),)
    if origin is list:
        return [_value(arguments[0], name)]
    if origin is dict:
        return {"key": _value(arguments[1], name)}
    if origin is Personal:
        sealed: Personal[Any] = Personal("X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0")
        return sealed
    if issubclass(annotation, BaseModel):
        return sample(annotation)
    if issubclass(annotation, Enum):
        return next(iter(annotation))
    plain = {int: 2, bool: True, Decimal: Decimal("12.50"), date: date(2026, 3, 31), datetime: datetime(2026, 3, 31, 9, tzinfo=UTC)}
    if annotation in plain:
        return plain[annotation]
    patterns = [item.pattern for item in metadata if getattr(item, "pattern", None)]
    return _PATTERNS.get(patterns[0], name) if patterns else name


def asyncapi() -> dict[str, Any]:
    """The AsyncAPI 3.0 document: one channel per service's topic, one message per event, with its schema and sample."""
    kinds = published()
    messages: dict[str, Any] = {}
    for kind in kinds:
        data, _ = sample(kind).written()
        messages[kind.wire] = {
            "name": kind.wire,
            "title": kind.__name__,
            "summary": (kind.__doc__ or "").strip().splitlines()[0],
            "contentType": "application/cloudevents+json",
            "payload": kind.model_json_schema(
                mode="serialization", ref_template=f"#/components/messages/{kind.wire}/payload/$defs/{{model}}"
            ),
            "examples": [{"name": "sample", "payload": data}],
        }
    channels = {}
    for service in SERVICES:
        said = [kind.wire for kind in kinds if kind.service in (service, "record")]
        channels[service] = {
            "address": f"minutebook.{service}.v1",
            "description": f"What {service} records: CloudEvents 1.0, structured mode; the schema of each message is that of `data`.",
            "messages": {wire: {"$ref": f"#/components/messages/{wire}"} for wire in said},
        }
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Minutebook", "version": "1", "description": "Typed, ordered, documented events of a portfolio's record."},
        "channels": channels,
        "operations": {f"receive-{service}": {"action": "receive", "channel": {"$ref": f"#/channels/{service}"}} for service in SERVICES},
        "components": {"messages": messages},
    }


__all__ = ["SERVICES", "asyncapi", "published", "sample"]
