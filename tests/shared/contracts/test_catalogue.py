"""Every published event has a golden sample that today's code still reads, and stands in the committed AsyncAPI document.

`MINUTEBOOK_GOLDEN=write` adds samples of new events and rewrites the document; a golden sample that exists is never rewritten.
"""

import os
from pathlib import Path

import orjson
import pytest

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


def test_no_published_event_disappears() -> None:
    assert {path.stem for path in GOLDEN.glob("*.json")} <= {kind.wire for kind in KINDS}


def test_the_committed_document_is_that_of_the_code() -> None:
    assert DOCUMENT.read_bytes() == orjson.dumps(asyncapi(), option=PRETTY), (
        "run with MINUTEBOOK_GOLDEN=write and commit docs/asyncapi.json"
    )
