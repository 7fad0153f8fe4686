"""An app with a guarded route and those of the local issuer, as a browser or a program on this machine meets it."""

from dataclasses import dataclass, field
from typing import Annotated, Any, cast

import httpx
from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.responses import Response

from shared.domain.given import Who
from shared.domain.refused import Refused
from shared.identity.guard import Identity, guard
from shared.identity.headers import SecurityHeaders
from shared.identity.issuer import LocalIssuer
from shared.identity.principal import NotAdmitted
from shared.identity.recorder import ConductRecorder
from shared.identity.routes import router

HERE = "http://127.0.0.1:8421"


@dataclass
class Noted(ConductRecorder):
    """Keeps what it was told instead of recording it."""

    told: list[tuple[str, str, str]] = field(default_factory=list)

    async def denied(self, actor: str, route: str, denial: NotAdmitted) -> None:
        self.told.append((actor, route, denial.rule))


async def office_in_path(request: Request) -> str:
    return str(request.path_params["office"])


def problem(request: Request, error: Exception) -> Response:
    refusal = cast("NotAdmitted | Refused", error)
    return JSONResponse({"rule": refusal.rule, "because": refusal.because, "way_out": refusal.way_out}, getattr(refusal, "status", 409))


@dataclass
class Site:
    """The app's issuer, what it records, and a browser."""

    issuer: LocalIssuer
    recorder: Noted
    browser: httpx.AsyncClient

    def bearer(self, person: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.issuer.cli_token(person)}"}

    async def sign_in(self, person: str) -> httpx.Response:
        return await self.browser.get(self.issuer.mint_link(person))


def app_of(issuer: LocalIssuer, recorder: Noted) -> FastAPI:
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.state.identity = Identity(issuer.verifier(), issuer.store, {"dossiers": recorder})

    @app.post("/{office}/decide")
    async def decide(who: Annotated[Who, Depends(guard("dossiers/dossier/decide-dossier", office_in_path))]) -> dict[str, Any]:
        return {"actor": who.actor, "role": who.role, "office": who.office, "for": who.on_behalf_of}

    app.include_router(router(issuer))
    app.add_exception_handler(NotAdmitted, problem)
    app.add_exception_handler(Refused, problem)
    app.add_middleware(SecurityHeaders)
    return app


def client(app: FastAPI, base: str = HERE, peer: str = "127.0.0.1") -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app, client=(peer, 50000)), base_url=base)
