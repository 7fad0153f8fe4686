"""The trace of a decision goes on: a span for every record that was relayed, shown or reacted to."""

from collections.abc import Iterable

from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from shared.runtime.telemetry import tracer

_CONTEXT = TraceContextTextMapPropagator()


def passed(name: str, started: int, records: Iterable[tuple[str, str, int]]) -> None:
    """Ends a span `name` for each (W3C traceparent, log, position); all began at `started` (ns since 1970). Free where nobody traces."""
    for traceparent, log, position in records:
        context = _CONTEXT.extract({"traceparent": traceparent})
        span = tracer.start_span(name, context, attributes={"minutebook.log": log, "minutebook.position": position}, start_time=started)
        if not span.is_recording():
            return
        span.end()
