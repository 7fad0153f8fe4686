"""Traces: one trace across a hand-over, kept in a file that stays small, without statements and addresses."""

from pathlib import Path

import orjson
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from shared.runtime import telemetry
from shared.runtime.telemetry import JsonLines


def provider_to(path: Path, bound: int = 10_000) -> TracerProvider:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(JsonLines(path, bound)))
    return provider


def test_a_traceparent_that_was_handed_over_continues_the_trace() -> None:
    assert telemetry.traceparent() is None and telemetry.trace_id() is None
    with TracerProvider().get_tracer("t").start_as_current_span("request") as span:
        handed = telemetry.traceparent()
        assert handed and telemetry.trace_id() == f"{span.get_span_context().trace_id:032x}"
    with telemetry.continuing(handed, "apply", log="gates", position=7) as later:
        assert trace.get_current_span() is later
        assert later.get_span_context().trace_id == span.get_span_context().trace_id


def test_spans_are_kept_as_lines_without_what_may_be_personal(tmp_path: Path) -> None:
    tracer = provider_to(tmp_path / "logs" / "traces.jsonl").get_tracer("t")
    attributes = {"db.statement": "select 'Ann'", "http.url": "/people/ann", "minutebook.command": "decide-gate", "db.system": "postgresql"}
    with tracer.start_as_current_span("outer"), tracer.start_as_current_span("inner", attributes=attributes):
        pass
    inner, outer = [orjson.loads(line) for line in (tmp_path / "logs" / "traces.jsonl").read_text().splitlines()]
    assert inner["trace"] == outer["trace"] and inner["parent"] == outer["span"] and outer["parent"] is None
    assert inner["attributes"] == {"minutebook.command": "decide-gate", "db.system": "postgresql"}


def test_the_file_stays_within_its_bound_and_one_before_it_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "traces.jsonl"
    tracer = provider_to(path, bound=2_000).get_tracer("t")
    for number in range(40):
        with tracer.start_as_current_span(f"span {number}"):
            pass
    assert path.stat().st_size <= 2_000 and path.with_name("traces.jsonl.1").stat().st_size <= 2_000
    assert orjson.loads(path.read_text().splitlines()[-1])["name"] == "span 39"
