"""Logs: JSON lines with the trace, without what people wrote."""

import io
import logging
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
import structlog
from opentelemetry.sdk.trace import TracerProvider

from shared.runtime.logs import configure_logs


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What is logged from here on; everything is put back afterwards."""
    root, kept = logging.getLogger(), (logging.getLogger().handlers[:], logging.getLogger().level)
    settings, stream = structlog.get_config(), io.StringIO()
    configure_logs("gates", "api", stream)
    yield stream
    root.handlers[:], root.level = kept[0], kept[1]
    structlog.configure(**settings)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_says_what_happened_where_and_when(written: io.StringIO) -> None:
    structlog.stdlib.get_logger("relay").info("caught up", log="gates", position=48213)
    (line,) = lines(written)
    assert line["event"] == "caught up" and line["service"] == "gates" and line["process"] == "api" and line["level"] == "info"
    assert line["position"] == 48213 and line["time"].endswith("Z")


def test_a_line_within_a_span_carries_its_trace(written: io.StringIO) -> None:
    with TracerProvider().get_tracer("t").start_as_current_span("s") as span:
        structlog.stdlib.get_logger("relay").info("inside")
    assert lines(written)[0]["trace"] == f"{span.get_span_context().trace_id:032x}"


def test_what_a_person_wrote_is_not_in_it(written: io.StringIO) -> None:
    structlog.stdlib.get_logger("web").info(
        "refused", because="Ann Smith is ill", nested={"names": ["Ann Smith"]}, stream="gate-review/I-1"
    )
    assert "Ann" not in written.getvalue() and lines(written)[0]["stream"] == "gate-review/I-1"


def test_an_exception_is_its_type_and_its_places(written: io.StringIO) -> None:
    try:
        raise ValueError("Ann Smith is ill")
    except ValueError:
        structlog.stdlib.get_logger("web").exception("unexpected")
    (line,) = lines(written)
    assert (
        line["exception"] == "ValueError" and any("test_logs.py" in place for place in line["places"]) and "Ann" not in written.getvalue()
    )


def test_libraries_write_the_same_lines(written: io.StringIO) -> None:
    logging.getLogger("psycopg.pool").warning("pool is %s", "full")
    (line,) = lines(written)
    assert line["event"] == "pool is full" and line["logger"] == "psycopg.pool" and line["service"] == "gates"
