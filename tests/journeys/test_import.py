"""A release as it was published goes in whole by one command: once, whatever is killed meanwhile, and its bad rows wait with a reason."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.journeys.instance import Instance
from tests.journeys.logs import SERVICES, Logs, awaited, following, name_of
from tests.services.reporting.releases import DATA, release, written

ROWS = 1000
TELLING = 10
"""Of so many rows one has an id: the others are quarantined and have no effect elsewhere."""


def imported(instance: Instance, file: Path, *more: str, feed: str | None = None) -> dict[str, Any]:
    """Import a file by the command, and what it printed as JSON."""
    chosen = ("--feed", feed) if feed else ()
    done = instance.cli("import", str(file), "--mapping", "gmpp", "--effective", "2021-03-31", *chosen, *more, "--json")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.fixture
async def logs(split: Instance) -> AsyncIterator[Logs]:
    async with following(split) as logs:
        yield logs


async def positions(logs: Logs) -> dict[str, int]:
    """How long each log is."""
    for service in SERVICES:
        await logs.read(service)
    return {service: len(logs.records[service]) for service in SERVICES}


async def test_the_release_of_2021_is_in_the_portfolio_and_the_same_file_again_changes_nothing(split: Instance, logs: Logs) -> None:
    release(2021)
    state = imported(split, DATA / "gmpp/gmpp_2021.csv")
    assert (state["rows"], state["accepted"], state["visible"], state["quarantined"], state["offices"]) == (184, 184, 184, 0, 19)
    assert not state["repeated"]
    portfolio = json.loads(split.cli("portfolio", "--json").stdout)
    rows = [row for row in portfolio["initiatives"] if row["batch"] == state["batch"]]
    assert len({row["id"] for row in rows}) == 184
    assert len({row["office"] for row in rows}) == 19

    before = await positions(logs)
    again = imported(split, DATA / "gmpp/gmpp_2021.csv")
    assert again["repeated"]
    assert again["batch"] == state["batch"]
    assert await positions(logs) == before


def test_rows_without_id_name_or_office_wait_with_reason_and_way_out_and_bad_cells_are_findings(split: Instance, tmp_path: Path) -> None:
    file = tmp_path / "bad.csv"
    file.write_bytes(
        written(
            "BAD_1,Sound,MOD,Green,2021-01-01,£5",
            ",Without an id,MOD,Green,2021-01-01,£5",
            "BAD_3,,MOD,Green,2021-01-01,£5",
            "BAD_4,Without an office,,Green,2021-01-01,£5",
            "BAD_5,With bad cells,MOD,Purple,the other day,lots",
        )
    )
    state = imported(split, file, feed="bad")
    assert (state["accepted"], state["quarantined"], state["findings"]) == (2, 3, 3)
    assert [row["row"] for row in state["quarantine"]] == [3, 4, 5]
    for row, wanting in zip(state["quarantine"], ("id", "name", "office"), strict=True):
        assert f"no {wanting}" in row["reason"]
        assert row["way_out"]
    assert all(found["reason"] and found["count"] == 1 for found in state["by_column"])
    said = split.cli("import", str(file), "--mapping", "gmpp", "--effective", "2021-03-31", "--feed", "bad").stdout
    assert "is on record already" in " ".join(said.split())


@pytest.mark.parametrize("then", ["it goes on by itself", "it is sent again"])
async def test_an_import_whose_api_is_killed_ends_with_each_row_once(split: Instance, logs: Logs, tmp_path: Path, then: str) -> None:
    feed = "killed" if then == "it is sent again" else "left"
    raw = written(*_rows(feed))
    query = {"mapping": "gmpp", "effective": "2021-03-31", "file": "long.csv", "feed": feed}
    async with split.async_client("p-okafor") as okafor:
        sent = await okafor.post("/reporting/imports", params=query, content=raw)
        batch = sent.raise_for_status().json()["batch"]
        await awaited(lambda: _begun(okafor, batch), "the first rows")
        await asyncio.to_thread(split.kill, "reporting-api")
        # However fast the import is, most of it is still to come.
        half = await awaited(lambda: _state(okafor, batch), "the api")
        assert half["status"] == "receiving"
        if then == "it is sent again":
            (tmp_path / "long.csv").write_bytes(raw)
            imported(split, tmp_path / "long.csv", feed=feed)
        done = await awaited(lambda: _complete(okafor, batch), "the end of the import")
    assert (done["accepted"], done["quarantined"]) == (ROWS // TELLING, ROWS - ROWS // TELLING)
    await logs.until("reporting", "BatchCompleted", f"feed-batch/{batch}")
    of_batch = logs.about("reporting", f"feed-batch/{batch}")
    rows = Counter(record["data"]["row"] for record in of_batch if name_of(record).startswith("FeedRecord"))
    assert rows == Counter(range(2, ROWS + 2))
    assert _ids(logs, feed) == {f"{feed}_{number}" for number in range(0, ROWS, TELLING)}


def _rows(feed: str) -> Sequence[str]:
    return [f"{f'{feed}_{number}' if number % TELLING == 0 else ''},Name,MOD,Green,2021-01-01,£5" for number in range(ROWS)]


def _ids(logs: Logs, feed: str) -> set[str]:
    accepted = [record for record in logs.records["reporting"] if name_of(record) == "FeedRecordAccepted"]
    return {record["data"]["initiative"] for record in accepted if record["data"]["feed"] == feed}


async def _state(client: httpx.AsyncClient, batch: str) -> dict[str, Any] | None:
    try:
        answer = await client.get(f"/reporting/imports/{batch}")
    except httpx.TransportError:
        return None
    found: dict[str, Any] | None = answer.json() if answer.status_code == 200 else None
    return found


async def _begun(client: httpx.AsyncClient, batch: str) -> bool:
    state = await _state(client, batch)
    return bool(state and state["accepted"])


async def _complete(client: httpx.AsyncClient, batch: str) -> dict[str, Any] | None:
    state = await _state(client, batch)
    return state if state and state["status"] == "complete" and state["visible"] >= state["accepted"] else None
