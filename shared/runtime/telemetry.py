"""Traces: one trace from the request through log, Kafka and consumer to the read model (W3C trace context).

Spans are kept in a file of the instance, bounded by size: nothing is sent anywhere.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import orjson
from fastapi import FastAPI
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.instrumentation.psycopg import PsycopgInstrumentor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_PROPAGATOR = TraceContextTextMapPropagator()
_BOUND = 16 * 2**20
_QUIET = "healthz,readyz,metrics,assets,static"
_KEPT = ("http.request.method", "http.method", "http.route", "http.response.status_code", "http.status_code", "db.system", "db.operation")
"""Attributes without personal data; statements and full addresses stay out."""
tracer = trace.get_tracer("minutebook")


class JsonLines(SpanExporter):
    """Writes spans as JSON lines. At `bound` bytes the file becomes <name>.1, which replaces the one before it."""

    def __init__(self, path: Path, bound: int = _BOUND) -> None:
        self._path, self._bound, self._lock = path, bound, threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        lines = b"".join(orjson.dumps(written(span), option=orjson.OPT_APPEND_NEWLINE, default=str) for span in spans)
        with self._lock:
            try:
                if self._path.exists() and self._path.stat().st_size + len(lines) > self._bound:
                    self._path.replace(self._path.with_name(self._path.name + ".1"))
                with self._path.open("ab") as file:
                    file.write(lines)
            except OSError:
                return SpanExportResult.FAILURE
        return SpanExportResult.SUCCESS


def written(span: ReadableSpan) -> dict[str, object]:
    """A span as one JSON object: ids in hexadecimal, times in nanoseconds since 1970."""
    context, parent = span.get_span_context(), span.parent
    attributes = span.attributes or {}
    return {
        "trace": f"{context.trace_id:032x}" if context else "",
        "span": f"{context.span_id:016x}" if context else "",
        "parent": f"{parent.span_id:016x}" if parent else None,
        "name": span.name.split("\n")[0][:120],
        "service": span.resource.attributes.get("service.name"),
        "start": span.start_time,
        "end": span.end_time,
        "status": span.status.status_code.name,
        "attributes": {key: value for key, value in attributes.items() if key in _KEPT or key.startswith(("minutebook.", "messaging."))},
    }


def configure_traces(service: str, path: Path | None) -> TracerProvider:
    """Install the tracer of this process, once; with `path`, spans are kept there."""
    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    if path is not None:
        provider.add_span_processor(BatchSpanProcessor(JsonLines(path)))
    trace.set_tracer_provider(provider)
    PsycopgInstrumentor().instrument(capture_parameters=False)
    return provider


def instrument(app: FastAPI) -> None:
    """Make a span of every request but those of probes and files."""
    FastAPIInstrumentor.instrument_app(app, excluded_urls=_QUIET, exclude_spans=["receive", "send"])


def traceparent() -> str | None:
    """The current trace context as a W3C traceparent; None outside a trace."""
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier)
    return carrier.get("traceparent")


def trace_id() -> str | None:
    """The id of the current trace in hexadecimal; None outside a trace."""
    context = trace.get_current_span().get_span_context()
    return f"{context.trace_id:032x}" if context.is_valid else None


@contextmanager
def continuing(parent: str | None, name: str, **attributes: str | int) -> Iterator[trace.Span]:
    """A span `name` that continues the trace of `parent`, a W3C traceparent; a new trace where there is none."""
    # What failed is told elsewhere: in the record, to the person, in the logs. Here it would be written out for nobody.
    with tracer.start_as_current_span(name, _context(parent), attributes=_named(attributes), record_exception=False) as span:
        yield span


def spanned(parent: str, name: str, began: int, **attributes: str | int) -> None:
    """A span `name` in the trace of `parent`, from `began` (ns since 1970) until now."""
    tracer.start_span(name, _context(parent), attributes=_named(attributes), start_time=began).end()


def _context(parent: str | None) -> Context | None:
    return _PROPAGATOR.extract({"traceparent": parent}) if parent else None


def _named(attributes: dict[str, str | int]) -> dict[str, str | int]:
    return {f"minutebook.{key}": value for key, value in attributes.items()}
