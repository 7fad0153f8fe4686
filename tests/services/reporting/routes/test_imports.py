"""Imports, the portfolio and the state of the tables over HTTP."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from deploy.postgres import Postgres
from services.reporting.ingest import Ingest
from services.reporting.service import SERVICE
from shared.identity.guard import Identity
from shared.identity.issuer import LocalIssuer, directory
from shared.identity.recorder import ConductRecorder
from shared.runtime.blobs import Blobs
from shared.stream.park import Quarantine
from shared.web.app import create_app
from shared.web.running import Running
from tests.services.reporting.organisation import Organisation, organisation
from tests.services.reporting.releases import published, written


class Caller:
    """Calls of one person."""

    def __init__(self, http: httpx.AsyncClient, issuer: LocalIssuer, org: Organisation, ingest: Ingest) -> None:
        self.http, self.issuer, self.org, self.ingest = http, issuer, org, ingest

    async def send(self, raw: bytes, person: str = "p-okafor", **query: str) -> httpx.Response:
        asked = {"mapping": "gmpp", "effective": "2021-03-31", "file": "release.csv", **query}
        return await self.http.post("/reporting/imports", params=asked, content=raw, headers=self._as(person))

    async def get(self, path: str) -> Any:
        answer = await self.http.get(path, headers=self._as("p-okafor"))
        assert answer.status_code == 200, answer.text
        return answer.json()

    def _as(self, person: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.issuer.cli_token(person)}", "Accept": "application/json"}


@pytest.fixture(scope="module")
async def caller(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Caller]:
    """One organisation for all tests here: each imports under a feed of its own."""
    directory_ = tmp_path_factory.mktemp("instance")
    async with organisation(postgres.superuser_dsn, directory_) as org:
        issuer, recorder = LocalIssuer(directory_), ConductRecorder(org.reporting, "reporting")
        running = Running(SERVICE, org.reporting, org.reporting.log, org.reader, recorder, Quarantine(org.pool, ()))
        identity = Identity(issuer.verifier(), issuer.store, {"reporting": recorder})
        app = create_app([running], identity, people=lambda: directory(directory_))
        app.state.ingest = ingest = Ingest(org.reporting, Blobs(directory_ / "blobs"))
        transport = httpx.ASGITransport(app, client=("127.0.0.1", 50000))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8421") as http:
            yield Caller(http, issuer, org, ingest)


async def test_a_file_goes_up_and_is_asked_for_until_the_portfolio_shows_it(caller: Caller) -> None:
    answer = await caller.send(written("W_1,Way,MOD,Red,2021-01-01,lots", ",,MOD"), feed="way")
    assert answer.status_code == 202
    where = answer.headers["Location"]
    await caller.ingest.finish(answer.json()["batch"])
    recorded = await caller.get(where)
    assert (recorded["status"], recorded["accepted"], recorded["quarantined"], recorded["visible"]) == ("complete", 1, 1, 0)
    await caller.org.settle()
    shown = await caller.get(where)
    assert shown["visible"] == 1
    assert shown["by_column"] == [
        {"column": "TOTAL Baseline Whole Life Costs (Łm)", "reason": "is not an amount such as £2,782.00", "count": 1}
    ]
    assert shown["quarantine"][0]["row"] == 3
    row = next(row for row in (await caller.get("/reporting/portfolio.json"))["initiatives"] if row["id"] == "W_1")
    assert (row["name"], row["rating"], row["whole_life_cost"], row["batch"]) == ("Way", "Red", "unreadable", shown["batch"])


async def test_the_same_file_again_says_that_nothing_was_changed(caller: Caller) -> None:
    raw = written("V_1,Twice,MOD,Red,2021-01-01,£5")
    first = await caller.send(raw, feed="twice")
    await caller.ingest.finish(first.json()["batch"])
    again = await caller.send(raw, feed="twice")
    assert (first.json()["repeated"], again.json()["repeated"]) == (False, True)


async def test_a_refusal_names_the_rule_and_the_way_out(caller: Caller) -> None:
    answer = await caller.send(published("nyc_capital/capital_projects_2013_2019.csv"), feed="nyc")
    assert (answer.status_code, answer.json()["rule"]) == (409, "headers")
    assert "the mapping that is made for it" in answer.json()["way_out"]


async def test_only_a_feed_owner_imports(caller: Caller) -> None:
    answer = await caller.send(written("U_1,Name,MOD"), "p-roy", feed="denied")
    assert answer.status_code == 403 and "feed-owner" in answer.json()["detail"]


async def test_the_status_says_how_far_each_table_is(caller: Caller) -> None:
    first = await caller.send(written("T_1,Behind,MOD,Red,2021-01-01,£5"), feed="behind")
    await caller.ingest.finish(first.json()["batch"])
    behind = {table["table"]: table for table in (await caller.get("/reporting/status.json"))["tables"]}
    assert behind["statuses"]["lag"] > 0 and behind["statuses"]["age_seconds"] >= 0
    assert behind["accounts"]["lag"] is None
    await caller.org.settle()
    level = {table["table"]: table for table in (await caller.get("/reporting/status.json"))["tables"]}
    assert (level["statuses"]["lag"], level["statuses"]["age_seconds"]) == (0, 0.0)
