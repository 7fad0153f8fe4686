"""Logs: one JSON object a line, with the ids of the trace, without personal data.

What a person wrote never reaches the logs: values are numbers, ids and names from the code; any other text is replaced by its length, an
exception is its type and the places it passed. What happened to whom is in the record, where it is permitted and can be erased.
"""

import logging
import re
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from enum import Enum
from pathlib import Path
from typing import Any, TextIO
from uuid import UUID

import orjson
import structlog
from opentelemetry import trace

_PLAIN = re.compile(r"[\w./:@+\-,=<>\[\]]{0,200}")
_OWN = (
    "event",
    "level",
    "time",
    "logger",
    "service",
    "process",
    "trace",
    "span",
    "exception",
    "places",
    "reason",
    "trouble",
    "what",
)


def _safe(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, UUID | Path):
        return str(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): _safe(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_safe(item) for item in value]
    text = str(value)
    return text if _PLAIN.fullmatch(text) else f"<{type(value).__name__}, {len(text)} characters>"


def without_texts(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace texts that are no ids; an exception leaves its type and the places it passed."""
    found = event.pop("exc_info", None)
    error = sys.exc_info()[1] if found is True else found[1] if isinstance(found, tuple) else found
    safe = {key: value if key in _OWN else _safe(value) for key, value in event.items()}
    if isinstance(error, BaseException):
        safe["exception"] = type(error).__name__
        state = getattr(error, "sqlstate", None)
        if isinstance(state, str):
            safe["sqlstate"] = state
        frames = traceback.extract_tb(error.__traceback__)[-12:]
        safe["places"] = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
    return safe


def with_trace(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Add the ids of the current trace and span (W3C, hexadecimal)."""
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace"], event["span"] = f"{context.trace_id:032x}", f"{context.span_id:016x}"
    return event


def _line(event: Any, **_: Any) -> str:
    return orjson.dumps(event, default=str).decode()


def configure_logs(service: str, process: str, stream: TextIO | None = None, level: int = logging.INFO) -> None:
    """Send our logs and those of libraries to `stream` (standard error unless told) as JSON lines."""

    def named(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event["service"], event["process"] = service, process
        return event

    before: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        named,
        with_trace,
    ]
    structlog.configure(
        processors=[*before, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    clean: list[Any] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        without_texts,
        structlog.processors.JSONRenderer(serializer=_line),
    ]
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=before, processors=clean))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    # A request is one span; a second line for it says nothing more.
    logging.getLogger("uvicorn.access").setLevel(logging.WARNING)
    for name in ("aiokafka", "faststream", "httpx"):
        logging.getLogger(name).setLevel(logging.WARNING)
