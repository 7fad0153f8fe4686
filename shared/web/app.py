"""The app: one or several services in one process, every route derived from their aggregates and behind a policy."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from psycopg import InterfaceError, OperationalError
from starlette.exceptions import HTTPException

from shared.domain.refused import Refused
from shared.identity.guard import Identity, make_public, public
from shared.identity.headers import HEADERS, SecurityHeaders
from shared.identity.policy import declare
from shared.identity.principal import NotAdmitted
from shared.ledger.intent import Conflicted, Mismatched
from shared.ledger.record import Forged, LogUnavailable
from shared.projection.arrival import NotYet
from shared.projection.reader import NotMade
from shared.runtime.health import Health
from shared.runtime.telemetry import instrument
from shared.web.asked import commands_of
from shared.web.commands import add_commands
from shared.web.conditions import wanted_positions, wants_html
from shared.web.new import add_new
from shared.web.openapi import describe
from shared.web.page import Site, environment, problem_page
from shared.web.people import add_people
from shared.web.problems import Problem, not_ready, problem_of
from shared.web.quarantine import add_quarantine
from shared.web.reads import add_log, add_states, add_views
from shared.web.running import Running

HERE = Path(__file__).parent
Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]
_log = structlog.get_logger("web")


def create_app(
    running: Sequence[Running],
    identity: Identity,
    *,
    people: Callable[[], Mapping[str, str]],
    health: Health | None = None,
    assets: Path | None = None,
    routers: Sequence[APIRouter] = (),
    lifespan: Lifespan | None = None,
) -> FastAPI:
    """The app of these services. `people` names them by id; `assets` is the directory of style sheets and scripts (none: pages are plain);
    `routers` are those beside the services, each route with its own policy (the local issuer's)."""
    app = FastAPI(title="Minutebook", version="1", openapi_url=None, docs_url=None, redoc_url=None, lifespan=lifespan)
    app.add_middleware(SecurityHeaders)
    app.state.identity = identity
    app.state.site = Site(environment([one.service for one in running]), tuple(running), people)
    _answer_problems(app)
    for path, folder in (("/static", HERE / "static"), ("/assets", assets)):
        if folder is not None:
            app.mount(path, StaticFiles(directory=folder), name=path.strip("/"))
            make_public(app.routes[-1], "style sheets and scripts")
    app.include_router((health or Health()).router(), dependencies=[Depends(public("probes hold no data"))])
    for router in routers:
        app.include_router(router)
    _add_front(app)
    add_people(app.router)
    for one in running:
        declare(one.service.name, one.service.aggregates)
        app.include_router(routes(one))
    describe(app, [command for one in running for state in one.service.aggregates for command in commands_of(state)], "Minutebook")
    instrument(app)
    return app


def routes(running: Running) -> APIRouter:
    """All routes of a service: its own pages come before what is derived, so that a page may stand in for it."""
    router = APIRouter()
    for pages in running.service.pages:
        router.include_router(pages, dependencies=[Depends(partial(_await_heard, running))], include_in_schema=False)
    add_log(router, running)
    add_views(router, running)
    add_quarantine(router, running)
    for state in running.service.aggregates:
        add_new(router, running, state)
        add_states(router, running, state)
        add_commands(router, running, state)
    return router


async def _await_heard(running: Running, request: Request) -> None:
    """A page that is asked for with ?after=log:position shows what stands there."""
    await running.heard(wanted_positions(request.query_params.get("after")))


def _add_front(app: FastAPI) -> None:
    @app.get("/", dependencies=[Depends(public("leads to the portfolio"))], include_in_schema=False)
    async def front() -> Response:
        return RedirectResponse("/reporting/portfolio", 303)

    @app.get("/openapi.json", dependencies=[Depends(public("the description of the API holds no data"))], include_in_schema=False)
    async def openapi() -> Response:
        return JSONResponse(app.openapi())


def _answer_problems(app: FastAPI) -> None:
    """Every failure is answered as a problem: JSON for programs, a page for people."""

    async def answer(request: Request, error: Exception) -> Response:
        problem = _problem(error)
        if wants_html(request):
            return await problem_page(request, problem)
        return problem.response(request.url.path)

    async def unexpected(request: Request, error: Exception) -> Response:
        _log.error("unexpected", exc_info=error, method=request.method)
        response = await answer(request, error)
        # This answer is made outside of the middleware that sets them.
        response.headers.update({name: value for name, value in HEADERS.items() if name not in response.headers})
        return response

    expected = (
        Problem,
        Refused,
        Conflicted,
        Mismatched,
        LogUnavailable,
        OperationalError,
        InterfaceError,
        Forged,
        NotAdmitted,
        NotYet,
        NotMade,
        RequestValidationError,
        HTTPException,
    )
    for kind in expected:
        app.add_exception_handler(kind, answer)
    app.add_exception_handler(Exception, unexpected)


def _problem(error: Exception) -> Problem:
    match error:
        case NotAdmitted():
            headers: dict[str, Any] = {"WWW-Authenticate": "Bearer"} if error.status == 401 else {}
            return Problem(error.status, error.rule, _sentence(error.because), error.way_out, headers=headers)
        case NotYet() | NotMade():
            return not_ready(_sentence(str(error)))
        case Forged():
            _log.error("forged", position=error.position, what=error.what)
    return problem_of(error)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
