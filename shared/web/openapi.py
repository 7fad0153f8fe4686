"""OpenAPI 3.1 of the services in this process: the schemas of commands come from the aggregates, the problems from RFC 9457."""

from collections.abc import Iterable
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from shared.domain.state import Command
from shared.web.problems import MEDIA_TYPE, ProblemDetails

_SAID = {
    401: "Nobody is signed in, or the token has expired",
    403: "Not permitted",
    404: "Not on record here",
    409: "A rule refused it, or it keeps changing",
    412: "The stream is at another version than If-Match says",
    413: "The body is too large",
    415: "The body is of a type that is not read here",
    422: "Not valid, or the Idempotency-Key was used for something else",
    503: "Not ready: what was asked for has not been heard yet, or the log does not answer",
}
_SCHEMA = {"$ref": "#/components/schemas/ProblemDetails"}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The problem responses of a route."""
    return {status: {"description": _SAID[status], "content": {MEDIA_TYPE: {"schema": _SCHEMA}}} for status in statuses}


def describe(app: FastAPI, commands: Iterable[type[Command]], title: str) -> None:
    """Let the app describe itself, with the schemas of `commands` among its components. Raises ValueError if two have one name."""
    models = list(dict.fromkeys(commands))
    names = [command.__name__ for command in models]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"two commands are called {', '.join(twice)}: routes and schemas need one name for each")

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = get_openapi(
                title=title,
                version=app.version,
                summary="The permanent, verifiable record of how an organisation chooses, gates and pays for its projects.",
                routes=app.routes,
            )
            inputs = [(command, "validation") for command in models]
            _, found = models_json_schema(
                [*inputs, (ProblemDetails, "serialization")],  # type: ignore[list-item]
                ref_template="#/components/schemas/{model}",
            )
            components = document.setdefault("components", {})
            components["schemas"] = {**components.get("schemas", {}), **found.get("$defs", {})}
            components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
            document["security"] = [{"token": []}]
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]
