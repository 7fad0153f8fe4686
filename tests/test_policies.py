"""The whole product in one app: every route is behind a policy, and lets in whom the rule books name, nobody else."""

from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from cli._parts import Instance, Part, opened
from cli.serve import composed
from deploy.databases import migrate
from deploy.postgres import start_postgres
from deploy.topology import SERVICES
from shared.identity.guard import policy_of, routes_without_policy
from shared.identity.issuer import LocalIssuer
from shared.identity.policy import access_policy
from shared.identity.principal import HUB, ROLES
from shared.identity.store import Assignment
from shared.projection.prepare import prepare
from shared.projection.schema import install
from shared.runtime.health import Health
from shared.stream.schema import install as install_stream
from shared.stream.step import VIEWS
from tests.servers import temporary_data

PUBLIC = "public: "
FILLED = {"identity": "I-NOBODY", "view": "proposals", "batch": "no.batch", "person": "p-nobody", "initiative": "I-NOBODY", "name": "none"}


@dataclass(frozen=True)
class Whole:
    """The app of all services, and the issuer that it trusts. For each role there is a person who holds it at the hub and no other."""

    app: FastAPI
    issuer: LocalIssuer
    http: httpx.AsyncClient

    def guarded(self) -> dict[tuple[str, str], set[str]]:
        """The actions that every route is behind which is not open to all, by method and path.

        A page may stand in for a derived route, which it answers to programs: then both of their actions are asked for.
        """
        found: dict[tuple[str, str], set[str]] = defaultdict(set)
        for route in iter_route_contexts(self.app.routes):
            policy = policy_of(route) or ""
            for method in () if policy.startswith(PUBLIC) else route.methods or ():
                found[method, route.path or ""] |= set(policy.split(", "))
        return found

    async def ask(self, method: str, path: str, role: str | None = None) -> httpx.Response:
        """Ask a route, of nothing that exists."""
        signed = {"Authorization": f"Bearer {self.issuer.cli_token(f'p-only-{role}')}"} if role else {}
        body = b"{}" if method == "POST" else b""
        headers = {"Accept": "application/json", "Content-Type": "application/json", **signed}
        return await self.http.request(method, path.format(**FILLED), content=body, headers=headers)


@pytest.fixture(scope="module")
async def whole() -> AsyncIterator[Whole]:
    with temporary_data() as data, pytest.MonkeyPatch.context() as environment:
        server = start_postgres(data)
        try:
            migrate(server.superuser_dsn, data, SERVICES)
            issuer = LocalIssuer(data)
            for role in ROLES:
                issuer.add_person(f"p-only-{role}", role, (Assignment(role=role, office=HUB),))
            async with AsyncExitStack() as at_end:
                environment.setenv("MINUTEBOOK_DATA", str(data))
                instance = Instance.read()
                parts = [await at_end.enter_async_context(opened(instance, name)) for name in SERVICES]
                for part in parts:
                    await _tables(part)
                app = composed(instance, parts, Health())
                transport = httpx.ASGITransport(app, raise_app_exceptions=False)
                http = await at_end.enter_async_context(httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1"))
                yield Whole(app, issuer, http)
        finally:
            server.stop()


async def _tables(part: Part) -> None:
    """The tables of a service, which its worker makes."""
    async with part.pool.connection() as connection:
        await install(connection)
        await install_stream(connection)
        await prepare(connection, VIEWS, part.service.views)


def may(action: str) -> frozenset[str]:
    """The roles that the rule books and the table of reads name for an action."""
    return access_policy(action.partition("/")[0]).permissions[action].roles


async def test_no_route_is_without_a_policy(whole: Whole) -> None:
    assert routes_without_policy(whole.app) == []


async def test_every_described_route_is_guarded_or_open_for_a_reason(whole: Whole) -> None:
    paths = whole.app.openapi()["paths"]
    described = {(method.upper(), path) for path, found in paths.items() for method in found}
    ids = [operation["operationId"] for found in paths.values() for operation in found.values()]
    assert len(ids) == len(set(ids)), "each operation has an id of its own"
    known = {(method, route.path): policy_of(route) for route in iter_route_contexts(whole.app.routes) for method in route.methods or ()}
    assert described
    assert all(known[one] for one in described)


async def test_nobody_gets_in_without_a_token(whole: Whole) -> None:
    let_in = [(method, path) for method, path in whole.guarded() if (await whole.ask(method, path)).status_code != 401]
    assert let_in == []


@pytest.mark.parametrize("role", ROLES)
async def test_each_role_is_let_in_where_it_is_named_and_nowhere_else(whole: Whole, role: str) -> None:
    wrong = []
    for (method, path), actions in whole.guarded().items():
        status = (await whole.ask(method, path, role)).status_code
        if status >= 500 or (status == 403) == all(role in may(action) for action in actions):
            wrong.append(f"{method} {path} ({', '.join(actions)}): {status}")
    assert wrong == []
