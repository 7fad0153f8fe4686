"""minutebook proxy: one address for services that run in processes of their own."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

import httpx
import typer
import uvicorn
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from cli._urls import service_urls

_HOP = frozenset("connection keep-alive proxy-authenticate proxy-authorization te trailers transfer-encoding upgrade".split())
"""Headers that concern one connection alone (RFC 9110, 7.6.1)."""
FRONT = "reporting"
"""Who answers what belongs to no service: the front page, style sheets, sign-in."""
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def command(
    port: Annotated[int, typer.Option(help="Where it listens.")],
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
) -> None:
    """Pass requests on to the services by the first part of their path."""
    uvicorn.run(app(service_urls(Path(os.environ["MINUTEBOOK_DATA"]))), host=host, port=port, log_config=None, access_log=False)


def app(urls: dict[str, str]) -> Starlette:
    """The proxy over these services."""
    client = httpx.AsyncClient(timeout=60, limits=httpx.Limits(max_connections=200))

    async def passed(request: Request) -> Response:
        first = request.url.path.split("/")[1]
        target = urls.get(first, urls[FRONT]) + request.url.path
        headers = [(name, value) for name, value in request.headers.raw if name.decode() not in _HOP]
        asked = client.build_request(request.method, target, params=request.url.query.encode(), headers=headers, content=request.stream())
        try:
            answer = await client.send(asked, stream=True)
        except httpx.ConnectError:
            return PlainTextResponse(f"{first or FRONT} is starting again; repeat the request.\n", 503, {"Retry-After": "1"})
        except httpx.TransportError:
            # It stopped on the way: whether the command acted is not known here, and its key makes sure that it acts once.
            said = f"{first or FRONT} stopped before it answered; repeat the request, a command with the same Idempotency-Key.\n"
            return PlainTextResponse(said, 502, {"Retry-After": "1"})
        kept = [(name, value) for name, value in answer.headers.raw if name.decode().lower() not in _HOP]
        response = StreamingResponse(answer.aiter_raw(), answer.status_code, background=BackgroundTask(answer.aclose))
        response.raw_headers = kept
        return response

    async def alive(request: Request) -> Response:
        return PlainTextResponse("ready\n")

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await client.aclose()

    routes = [Route("/healthz", alive), Route("/readyz", alive), Route("/{path:path}", passed, methods=METHODS)]
    return Starlette(routes=routes, lifespan=lifespan)
