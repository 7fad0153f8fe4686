"""Every published event has a golden sample that today's code still reads, and stands in the committed AsyncAPI document.

`MINUTEBOOK_GOLDEN=write` adds samples of new events and rewrites the document; a golden sample that exists is never rewritten.
"""

import os
from pathlib import Path
from typing import Any, get_args

import orjson
import pytest
from pydantic import BaseModel

from shared.contracts.catalogue import asyncapi, published, sample
from shared.contracts.event import Event

ROOT = Path(__file__).parents[3]
GOLDEN = Path(__file__).parent / "golden"
DOCUMENT = ROOT / "docs" / "asyncapi.json"
PRETTY = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
KINDS = published()

if os.environ.get("MINUTEBOOK_GOLDEN") == "write":
    for each in KINDS:
        if not (golden := GOLDEN / f"{each.wire}.json").exists():
            golden.write_bytes(orjson.dumps([sample(each, full).written()[0] for full in (True, False)], option=PRETTY))
    DOCUMENT.write_bytes(orjson.dumps(asyncapi(), option=PRETTY))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.wire)
def test_what_was_written_when_the_event_was_published_is_still_read(kind: type[Event]) -> None:
    """New fields have defaults, so that old records lose nothing: everything they said is said again."""
    golden = GOLDEN / f"{kind.wire}.json"
    assert golden.exists(), f"{kind.wire} has no golden sample: run this test with MINUTEBOOK_GOLDEN=write and commit it"
    for data in orjson.loads(golden.read_bytes()):
        again, _ = kind.read(data).written()
        assert {key: again[key] for key in data} == data


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.wire)
def test_a_value_that_may_be_absent_is_read_back_as_absent(kind: type[Event]) -> None:
    """A decision without a ballot was written, and then nobody could read it."""
    needed = [
        f"{model.__name__}.{name}" for model, name in _fields(kind) if _nullable(model, name) and model.model_fields[name].is_required()
    ]
    assert not needed, f"give them the default None: {needed}"


def _nullable(model: type[BaseModel], name: str) -> bool:
    return type(None) in get_args(model.model_fields[name].annotation)


def _fields(model: type[BaseModel]) -> list[tuple[type[BaseModel], str]]:
    found = []
    for name, field in model.model_fields.items():
        found.append((model, name))
        for part in _parts(field.annotation):
            if isinstance(part, type) and issubclass(part, BaseModel):
                found += _fields(part)
    return found


def _parts(annotation: Any) -> list[Any]:
    return [annotation, *(part for argument in get_args(annotation) for part in _parts(argument))]


def test_no_published_event_disappears() -> None:
    assert {path.stem for path in GOLDEN.glob("*.json")} <= {kind.wire for kind in KINDS}


def test_the_committed_document_is_that_of_the_code() -> None:
    assert DOCUMENT.read_bytes() == orjson.dumps(asyncapi(), option=PRETTY), (
        "run with MINUTEBOOK_GOLDEN=write and commit docs/asyncapi.json"
    )
