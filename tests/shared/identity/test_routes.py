"""The routes of the local issuer: links, sessions, people."""

from pathlib import Path
from typing import Any

import pytest

from shared.identity.issuer import LocalIssuer
from tests.shared.identity.site import HERE, Noted, Site, app_of, client


async def test_a_link_signs_a_browser_in_and_not_twice(site: Site) -> None:
    link = site.issuer.mint_link("p-lindqvist")
    first = await site.browser.get(link)
    assert (first.status_code, first.headers["location"]) == (303, "/")
    cookie = first.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=lax" in cookie and "path=/" in cookie and "max-age=28800" in cookie
    assert (await site.browser.get("/identity/me")).json()["person"] == "p-lindqvist"
    again = await site.browser.get(link)
    assert again.status_code == 403 and "used already" in again.text and "./minutebook signin-link" in again.text
    assert "set-cookie" not in again.headers


async def test_over_https_the_cookie_never_leaves_it(tmp_path: Path) -> None:
    issuer = LocalIssuer(tmp_path)
    async with client(app_of(issuer, Noted()), "https://localhost") as browser:
        answer = await browser.get(issuer.mint_link("p-roy"))
        assert "; secure" in answer.headers["set-cookie"].lower()
        assert answer.headers["set-cookie"].startswith("minutebook_session=")
        assert answer.headers["strict-transport-security"]


@pytest.mark.parametrize(
    ("base", "peer"), [(HERE, "192.0.2.7"), ("http://minutebook.example.org", "127.0.0.1"), ("http://127.0.0.1.example.org", "127.0.0.1")]
)
async def test_links_work_on_this_machine_only(tmp_path: Path, base: str, peer: str) -> None:
    issuer = LocalIssuer(tmp_path)
    link = issuer.mint_link("p-roy")
    async with client(app_of(issuer, Noted()), base, peer) as browser:
        assert (await browser.get(link)).status_code == 403
    async with client(app_of(issuer, Noted())) as browser:
        assert (await browser.get(link)).status_code == 303


async def test_two_instances_on_one_machine_do_not_sign_each_other_out(tmp_path: Path) -> None:
    one, two = LocalIssuer(tmp_path / "one"), LocalIssuer(tmp_path / "two")
    async with client(app_of(one, Noted()), "http://localhost:8001") as browser:
        await browser.get(one.mint_link("p-roy"))
        async with client(app_of(two, Noted()), "http://localhost:8002") as other:
            other.cookies = browser.cookies
            await other.get(two.mint_link("p-osei"))
            browser.cookies = other.cookies
        assert (await browser.get("/identity/me")).json()["person"] == "p-roy"


async def test_signing_out_ends_the_session(site: Site) -> None:
    await site.sign_in("p-roy")
    token = next(iter(site.browser.cookies.jar)).value
    out = await site.browser.post("/identity/sign-out", headers={"Origin": HERE})
    assert (out.status_code, out.headers["location"]) == (303, "/identity/signed-out")
    assert "signed out" in (await site.browser.get("/identity/signed-out")).text
    assert not site.browser.cookies
    assert (await site.browser.get("/identity/me", headers={"Authorization": f"Bearer {token}"})).json()["rule"] == "signed-out"


async def test_one_may_ask_who_one_is(site: Site) -> None:
    me = (await site.browser.get("/identity/me", headers=site.bearer("p-tanaka"))).json()
    assert (me["person"], me["name"], me["authn"]) == ("p-tanaka", "M. Tanaka", "local-cli")
    assert {"role": "finance", "office": "hub"} in me["roles"]


async def test_an_administrator_adds_people_and_makes_links_for_them(site: Site) -> None:
    admin = site.bearer("p-okafor")
    new = {"person": "p-abara", "name": "N. Abara", "roles": [{"role": "chair", "office": "edu"}]}
    assert (await site.browser.post("/identity/people", json=new, headers=admin)).status_code == 201
    assert (await site.browser.post("/identity/people", json=new, headers=admin)).json()["rule"] == "once"
    listed = (await site.browser.get("/identity/people", headers=admin)).json()
    assert new in listed
    path = (await site.browser.post("/identity/people/p-abara/sign-in-link", headers=admin)).json()["path"]
    await site.browser.get(path)
    assert (await site.browser.get("/identity/me")).json()["person"] == "p-abara"
    assert (await site.browser.post("/edu/decide", headers={"Origin": HERE})).json()["office"] == "edu"
    assert (await site.browser.post("/dft/decide", headers={"Origin": HERE})).status_code == 403
    unknown = await site.browser.post("/identity/people/p-nobody/sign-in-link", headers=admin)
    assert unknown.json()["rule"] == "known-person"


async def test_nobody_else_does(site: Site) -> None:
    for person in ("p-lindqvist", "p-ferreira", "p-roy"):
        as_person = site.bearer(person)
        assert (await site.browser.get("/identity/people", headers=as_person)).status_code == 403
        assert (await site.browser.post("/identity/people/p-okafor/sign-in-link", headers=as_person)).status_code == 403
        new = {"person": "p-x", "name": "X", "roles": []}
        assert (await site.browser.post("/identity/people", json=new, headers=as_person)).status_code == 403


@pytest.mark.parametrize(
    "wrong",
    [{"person": "service:gates"}, {"roles": [{"role": "service", "office": "hub"}]}, {"roles": [{"role": "king", "office": "hub"}]}],
)
async def test_people_are_not_added_as_services(site: Site, wrong: dict[str, Any]) -> None:
    new = {"person": "p-x", "name": "X", "roles": [], **wrong}
    assert (await site.browser.post("/identity/people", json=new, headers=site.bearer("p-okafor"))).status_code == 422


async def test_the_public_key_is_published(site: Site) -> None:
    assert (await site.browser.get("/identity/jwks.json")).json() == site.issuer.jwks()
