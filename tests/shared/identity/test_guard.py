"""The guard of a route: who gets in, with which token, from which page; and no route without one."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi import APIRouter, Depends, FastAPI
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Mount, Route

from shared.identity.guard import guard, make_public, policy_of, public, routes_without_policy
from shared.identity.issuer import LocalIssuer
from tests.shared.identity.people import Provider
from tests.shared.identity.site import HERE, Noted, Site, app_of


async def test_without_a_token_nobody_gets_in_and_that_is_no_denial_to_record(site: Site) -> None:
    answer = await site.browser.post("/hub/decide")
    assert answer.status_code == 401 and answer.json()["rule"] == "sign-in"
    assert "signin-link" in answer.json()["way_out"]
    assert site.recorder.told == []


async def test_with_the_role_one_acts_in_it(site: Site) -> None:
    answer = await site.browser.post("/edu/decide", headers=site.bearer("p-lindqvist"))
    assert answer.json() == {"actor": "p-lindqvist", "role": "chair", "office": "hub", "for": None}


async def test_without_the_role_one_is_denied_and_it_is_recorded(site: Site) -> None:
    answer = await site.browser.post("/edu/decide", headers=site.bearer("p-haddad"))
    assert answer.status_code == 403 and answer.json()["rule"] == "role"
    assert site.recorder.told == [("p-haddad", "POST dossiers/dossier/decide-dossier", "role")]


async def test_a_token_that_does_not_hold_is_recorded_without_a_name(site: Site) -> None:
    for token in (Provider().token(), "junk"):
        answer = await site.browser.post("/edu/decide", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 401
    assert site.recorder.told == [("anonymous", "POST dossiers/dossier/decide-dossier", "issuer")]


@pytest.mark.parametrize(
    "sent",
    [
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example.org"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1:9999"},
        {"Sec-Fetch-Site": "cross-site", "Origin": HERE},
        {"Origin": "https://evil.example.org"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Origin": "null"},
        {},
    ],
)
async def test_a_change_from_another_site_is_refused_although_the_cookie_is_good(site: Site, sent: dict[str, str]) -> None:
    await site.sign_in("p-lindqvist")
    answer = await site.browser.post("/edu/decide", headers=sent)
    assert answer.status_code == 403 and answer.json()["rule"] == "same-origin"
    assert site.recorder.told == [("p-lindqvist", "POST dossiers/dossier/decide-dossier", "same-origin")]


@pytest.mark.parametrize("sent", [{"Sec-Fetch-Site": "same-origin", "Origin": HERE}, {"Sec-Fetch-Site": "same-origin"}, {"Origin": HERE}])
async def test_a_change_from_our_own_page_is_accepted(site: Site, sent: dict[str, str]) -> None:
    await site.sign_in("p-lindqvist")
    assert (await site.browser.post("/edu/decide", headers=sent)).status_code == 200


async def test_a_program_with_a_token_needs_no_page(site: Site) -> None:
    await site.sign_in("p-haddad")
    headers = {**site.bearer("p-lindqvist"), "Sec-Fetch-Site": "cross-site"}
    assert (await site.browser.post("/edu/decide", headers=headers)).json()["actor"] == "p-lindqvist"


async def test_credentials_of_another_kind_do_not_fall_back_to_the_cookie(site: Site) -> None:
    await site.sign_in("p-lindqvist")
    for header in ("Basic YTpi", "Bearer", "Bearer "):
        assert (await site.browser.post("/edu/decide", headers={"Authorization": header})).status_code == 401


async def test_a_delegate_acts_for_another_and_says_so(site: Site) -> None:
    until = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    delegation = {"delegate": "p-roy", "principal": "p-lindqvist", "role": "chair", "office": "hub", "until": until}
    for_her = {**site.bearer("p-roy"), "X-On-Behalf-Of": "p-lindqvist"}
    assert (await site.browser.post("/edu/decide", headers=for_her)).json()["rule"] == "delegation"
    created = await site.browser.post("/identity/delegations", json=delegation, headers=site.bearer("p-okafor"))
    assert created.status_code == 201
    answer = await site.browser.post("/edu/decide", headers=for_her)
    assert answer.json() == {"actor": "p-roy", "role": "chair", "office": "hub", "for": "p-lindqvist"}
    assert (await site.browser.post("/edu/decide", headers=site.bearer("p-roy"))).status_code == 403


async def test_every_answer_has_the_security_headers(site: Site) -> None:
    for path in ("/identity/signed-out", "/identity/me", "/nowhere"):
        headers = (await site.browser.get(path)).headers
        policy = headers["content-security-policy"]
        assert "script-src 'self'" in policy and "frame-ancestors 'none'" in policy and "default-src 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "same-origin"
        assert "strict-transport-security" not in headers


def test_every_route_of_the_issuer_has_a_policy(tmp_path: Path) -> None:
    assert routes_without_policy(app_of(LocalIssuer(tmp_path), Noted())) == []


def test_a_route_without_a_policy_is_found_wherever_it_hides() -> None:
    def nothing() -> None: ...

    deep, inner, app = APIRouter(), APIRouter(), FastAPI(docs_url=None, redoc_url=None, openapi_url="/openapi.json")
    deep.add_api_route("/bare", nothing)
    deep.add_api_route("/guarded", nothing, dependencies=[Depends(guard("dossiers/read"))])
    inner.include_router(deep, prefix="/deep")
    app.include_router(inner, prefix="/in")
    app.add_api_route("/plain", nothing, methods=["POST"])
    app.mount("/sub", Starlette(routes=[Route("/leaf", lambda request: Response())]))
    app.mount("/assets", Starlette())
    assert sorted(routes_without_policy(app)) == [
        "* /assets",
        "GET /in/deep/bare",
        "GET/HEAD /openapi.json",
        "GET/HEAD /sub/leaf",
        "POST /plain",
    ]


def test_a_policy_of_a_router_holds_for_its_routes_and_open_routes_say_why() -> None:
    def nothing() -> None: ...

    open_routes, app = APIRouter(), FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    open_routes.add_api_route("/healthz", nothing)
    app.include_router(open_routes, dependencies=[Depends(public("health, without data"))])
    app.add_api_route("/page", nothing, dependencies=[Depends(guard("dossiers/read"))])
    app.mount("/assets", Starlette())
    make_public(next(route for route in app.routes if isinstance(route, Mount)), "stylesheets")
    assert routes_without_policy(app) == []
    assert [policy_of(route) for route in app.routes[1:]] == ["dossiers/read", "public: stylesheets"]
