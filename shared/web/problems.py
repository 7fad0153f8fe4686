"""Problems (RFC 9457): what went wrong, by which rule, at which field, and the way out. Never a stack trace."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from psycopg import InterfaceError, OperationalError
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from starlette.exceptions import HTTPException

from shared.domain.refused import Refused
from shared.ledger.intent import Conflicted, Mismatched
from shared.ledger.record import Forged, LogUnavailable
from shared.runtime.telemetry import trace_id

MEDIA_TYPE = "application/problem+json"
_TITLES = {
    400: "The request cannot be read",
    401: "Sign in first",
    403: "Not permitted",
    404: "Not found",
    405: "Not possible here",
    409: "Refused by a rule",
    412: "It has changed since you saw it",
    413: "Too large",
    415: "Of a kind that is not read here",
    422: "Not valid",
    500: "Something went wrong here",
    503: "Not ready",
}


class FieldError(BaseModel):
    """What is wrong at one place of the body; `pointer` is an RFC 6901 JSON pointer."""

    pointer: str
    detail: str


class ProblemDetails(BaseModel):
    """Problem details (RFC 9457) with the rule, the field and the way out."""

    type: str
    title: str
    status: int
    detail: str
    rule: str
    instance: str | None = None
    field: str | None = None
    way_out: str | None = None
    errors: list[FieldError] | None = None


@dataclass(eq=False)
class Problem(Exception):
    """An answer that is no success. `rule` is a stable kebab-case name, `detail` a sentence, `way_out` what would be accepted."""

    status: int
    rule: str
    detail: str
    way_out: str | None = None
    field: str | None = None
    errors: Sequence[FieldError] = ()
    headers: Mapping[str, str] | None = None

    @property
    def title(self) -> str:
        return _TITLES.get(self.status, "Not possible")

    def at(self, prefix: str) -> "Problem":
        """The same, `prefix` being where the body lies."""
        return replace(self, field=f"{prefix}.{self.field}" if self.field else prefix)

    def document(self, instance: str | None) -> dict[str, Any]:
        """The problem as a JSON object."""
        details = ProblemDetails(
            type=f"urn:minutebook:problem:{self.rule}",
            title=self.title,
            status=self.status,
            detail=self.detail,
            rule=self.rule,
            instance=instance,
            field=self.field,
            way_out=self.way_out,
            errors=list(self.errors) or None,
        )
        return details.model_dump(exclude_none=True)

    def response(self, instance: str | None) -> JSONResponse:
        """The problem as an answer."""
        return JSONResponse(self.document(instance), self.status, dict(self.headers or {}), MEDIA_TYPE)


def not_found(what: str, way_out: str | None = None) -> Problem:
    """404."""
    return Problem(404, "exists", f"{what} is not on record here.", way_out)


def not_ready(detail: str, seconds: int = 1) -> Problem:
    """503 with Retry-After."""
    return Problem(503, "ready", detail, f"try again in {seconds} s", headers={"Retry-After": str(seconds)})


def say(error: ErrorDetails) -> str:
    """A validation error in plain words."""
    context, kind = error.get("ctx") or {}, error["type"]
    plain = {
        "missing": "is needed",
        "extra_forbidden": "is not known here; leave it out",
        "string_too_short": "is needed" if context.get("min_length") == 1 else f"has at least {context.get('min_length')} characters",
        "string_too_long": f"has at most {context.get('max_length')} characters",
        "enum": f"is one of {context.get('expected')}",
        "int_type": "is a whole number",
        "int_parsing": "is a whole number",
        "decimal_parsing": "is a number, such as 375.90",
        "decimal_type": "is a number, such as 375.90",
        "decimal_max_places": f"has at most {context.get('decimal_places')} decimal places",
        "greater_than_equal": f"is at least {context.get('ge')}",
        "less_than_equal": f"is at most {context.get('le')}",
        "date_from_datetime_parsing": "is a date, such as 2026-03-31",
        "date_parsing": "is a date, such as 2026-03-31",
        "datetime_from_date_parsing": "is an instant with offset, such as 2026-03-31T09:00:00Z",
        "datetime_parsing": "is an instant with offset, such as 2026-03-31T09:00:00Z",
        "model_type": "is an object with named members",
    }
    if kind == "string_pattern_mismatch":
        return _PATTERNS.get(str(context.get("pattern")), f"must match {context.get('pattern')}")
    return plain.get(kind) or error["msg"].removeprefix("Value error, ")


_PATTERNS = {
    r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,79}$": "is an id: a letter or digit, then letters, digits and . _ : - (80 at most)",
    r"^[A-Z]{3}$": "is a currency code of three capitals, such as GBP",
    r"^[0-9a-f]{64}$": "is a SHA-256: 64 lower-case hexadecimal digits",
}


def invalid(errors: Sequence[ErrorDetails], skip: int = 0) -> Problem:
    """422 for what does not validate; `skip` members of each location do not belong to the body."""
    found = [FieldError(pointer=pointer(error["loc"][skip:]), detail=say(error)) for error in errors]
    first = found[0] if found else FieldError(pointer="", detail="is not valid")
    name = first.pointer.strip("/").replace("/", ".") or None
    more = f" ({len(found) - 1} more)" if len(found) > 1 else ""
    return Problem(422, "validation", f"{name or 'The body'} {first.detail}{more}.", "mend the fields that are named", name, found)


def pointer(location: Sequence[int | str]) -> str:
    """An RFC 6901 JSON pointer."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in location)


def problem_of(error: Exception) -> Problem:
    """The answer to an exception; 500 with the id of the trace for what nobody foresaw."""
    match error:
        case Problem():
            return error
        case Refused():
            return Problem(409, error.rule, f"{_sentence(error.because)}", error.way_out, error.field)
        case Conflicted() if error.expected is not None:
            detail = f"{error.stream} is at version {error.current}; you saw version {error.expected}."
            way_out = "read it again and decide on what it says now"
            return Problem(412, "if-match", detail, way_out, headers={"ETag": f'"{error.current}"'})
        case Conflicted():
            detail = f"{error.stream} keeps changing while this is decided; it is at version {error.current}."
            return Problem(409, "concurrent", detail, "send it again with the same Idempotency-Key")
        case Mismatched():
            detail = "This Idempotency-Key was used before, with another content or by another actor."
            return Problem(422, "idempotency-key", detail, "take a new key for a new command", "Idempotency-Key")
        case LogUnavailable() | OperationalError() | InterfaceError():
            return not_ready("The log does not answer; whether the command was recorded is not known yet.")
        case Forged():
            detail = f"At position {error.position} of the log, {error.what}. Nothing is decided on what its service did not write."
            return Problem(500, "genuine", detail, f"tell the administrator. {error.way_out}")
        case RequestValidationError():
            return invalid(error.errors(), skip=1)
        case ValidationError():
            return invalid(error.errors())
        case HTTPException():
            rule = {404: "exists", 405: "method"}.get(error.status_code, "request")
            return Problem(error.status_code, rule, _sentence(str(error.detail)), headers=error.headers)
    trace = trace_id()
    detail = "This is a fault of ours, not yours; nothing is known to have been recorded."
    return Problem(500, "unexpected", detail, f"report it with trace {trace}" if trace else "try again; report it if it stays")


def _sentence(text: str) -> str:
    text = text.strip() or "No reason was given"
    return text[0].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")
