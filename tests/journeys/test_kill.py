"""Processes are killed in the middle of twenty flows: each flow still ends exactly once, and nothing that was answered is lost."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import psycopg
import pytest

from deploy.databases import dsns
from services.reporting.service import SERVICE as REPORTING
from shared.projection.digest import digest
from shared.projection.rebuild import rebuild
from shared.stream.step import VIEWS
from tests.journeys.instance import Instance
from tests.journeys.logs import SERVICES, AsRead, Logs, Record, awaited, following
from tests.journeys.walk import Sent, Walk, gbp, walking

FLOWS = 20
COMMANDS = 11
"""Of the shortest flow."""
APIS = tuple(f"{service}-api" for service in SERVICES)
VICTIMS = ("intake-worker", "gates-worker", "benefits-worker", "reporting-worker", *APIS, "proxy", "postgres", "kafka")
EVERYTHING = "everything"
MIXED = [
    (way, f"I-KILLING-{number}") for number, way in zip(range(FLOWS), ("closed", "killed", "recycled", "unfunded") * FLOWS, strict=False)
]
ONCE = {"ProposalSelected": 1, "ProjectRegistered": 1, "InvestmentAccountOpened": 1}
ENDS: dict[str, dict[str, int]] = {
    "closed": {"GateScheduled": 2, "GateDecided": 2, "FundingAuthorised": 1, "FundingReleased": 1, "StageStarted": 1, "ProjectClosed": 1},
    "killed": {
        "GateScheduled": 2,
        "GateDecided": 2,
        "FundingAuthorised": 1,
        "FundingReleased": 1,
        "StageStarted": 1,
        "ProjectTerminated": 1,
        "FundingReturned": 1,
    },
    "recycled": {"GateScheduled": 3, "GateDecided": 2, "FundingAuthorised": 1, "FundingReleased": 1, "StageStarted": 1},
    "unfunded": {"GateScheduled": 2, "GateDecided": 1, "StageStarted": 1},
}
EFFECTS = {*ONCE, *(name for end in ENDS.values() for name in end)}


@dataclass
class Chaos:
    """Kills the next victim when so many commands have been answered: the process dies right after an answer, amid all others."""

    instance: Instance
    due: list[tuple[int, str]]
    answered: list[Sent] = field(default_factory=list)
    more: asyncio.Event = field(default_factory=asyncio.Event)

    def hear(self, sent: Sent) -> None:
        """A command was answered."""
        self.answered.append(sent)
        self.more.set()

    async def rage(self) -> None:
        """Kill until nobody is left to be killed."""
        for after, victim in self.due:
            while len(self.answered) < after:
                self.more.clear()
                await self.more.wait()
            if victim == EVERYTHING:
                await asyncio.to_thread(self.instance.kill_everything)
                await asyncio.to_thread(self.instance.start)
            else:
                await asyncio.to_thread(self.instance.kill, victim)


async def flow(walk: Walk, way: str, initiative: str) -> Record:
    """One flow to its end, which is the event that is returned."""
    logs = walk.logs
    await walk.select(initiative, f"To be {way}")
    if way == "recycled":
        await walk.decide(initiative, 1, "RECYCLE")
        await walk.decide(initiative, 1, "GO", round_=2, funding=gbp(7_000))
        return await logs.until("gates", "GateScheduled", f"gate-review/{initiative}.G2.R1")
    if way == "unfunded":
        await walk.decide(initiative, 1, "GO")
        return await logs.until("gates", "GateScheduled", f"gate-review/{initiative}.G2.R1")
    await walk.decide(initiative, 1, "GO", funding=gbp(7_000))
    await walk.decide(initiative, 2, "GO" if way == "closed" else "KILL")
    return await logs.until(*(("intake", "ProjectClosed") if way == "closed" else ("benefits", "FundingReturned")), initiative)


@pytest.fixture(scope="module")
async def after(split: Instance) -> AsyncIterator[tuple[Logs, Chaos]]:
    """The logs after twenty flows, in the middle of which every victim was killed, and then everything at once."""
    dice = random.Random()
    victims = [*dice.sample(VICTIMS, len(VICTIMS)), EVERYTHING]
    # Every flow sends more commands than the shortest, so that all of them are due before the flows have ended.
    moments = sorted(dice.sample(range(1, FLOWS * COMMANDS), len(victims)))
    chaos = Chaos(split, list(zip(moments, victims, strict=True)))
    print(f"killed after so many answers: {chaos.due}")
    async with following(split) as logs, walking(split, logs, chaos.hear) as walk:
        await asyncio.gather(chaos.rage(), *(flow(walk, way, initiative) for way, initiative in MIXED))
        await asyncio.to_thread(split.await_ready)
        yield logs, chaos


@pytest.mark.timeout(400)
async def test_each_flow_ends_exactly_once(after: tuple[Logs, Chaos]) -> None:
    logs, _ = after
    for way, initiative in MIXED:
        effects = {name: count for name, count in logs.counted(initiative).items() if name in EFFECTS}
        assert effects == {**ONCE, **ENDS[way]}, f"{initiative} was to be {way}"


async def test_each_round_of_a_gate_is_scheduled_once_and_each_decision_is_funded_once(after: tuple[Logs, Chaos]) -> None:
    logs, _ = after
    for _, initiative in MIXED:
        reviews = Counter(record["subject"] for record in logs.of("gates", "GateScheduled", initiative))
        assert set(reviews.values()) == {1}
        for event in ("FundingAuthorised", "FundingReleased"):
            decisions = Counter(record["data"]["decision"] for record in logs.of("benefits", event, initiative))
            assert set(decisions.values()) <= {1}


async def test_nothing_that_was_answered_is_lost(split: Instance, after: tuple[Logs, Chaos]) -> None:
    logs, chaos = after
    async with following(split) as now:
        for service in SERVICES:
            await awaited(partial(_as_long, now, logs, service), f"the log of {service}")
            assert now.records[service][: len(logs.records[service])] == logs.records[service]
        for sent in chaos.answered:
            last = now.records[sent.log][sent.answer["position"] - 1]
            assert last["id"] == sent.answer["events"][-1]
            assert last["subject"] == sent.answer["stream"]


async def _as_long(now: Logs, before: Logs, service: str) -> bool:
    return len(now.records[service]) >= len(before.records[service])


async def test_nothing_is_parked(split: Instance, after: tuple[Logs, Chaos]) -> None:
    for service in SERVICES:
        async with await psycopg.AsyncConnection.connect(dsns(split.data, service).log) as connection:
            cursor = await connection.execute("select consumer, log, key, reason from view.parked")
            assert await cursor.fetchall() == []


async def test_the_tables_of_reporting_equal_a_fold_of_the_logs(split: Instance, after: tuple[Logs, Chaos]) -> None:
    logs, _ = after
    async with await psycopg.AsyncConnection.connect(dsns(split.data, "reporting").log, autocommit=True) as connection:
        for log in SERVICES:
            await awaited(partial(_applied, connection, log, len(logs.records[log])), f"the end of {log} in reporting")
        for view in REPORTING.views:
            while True:
                before = await _marks(connection)
                await logs.read(view.log)
                folded_as_it_came = await digest(connection, view)
                await rebuild(connection, VIEWS, view, AsRead(view.log, view, logs.records[view.log]))
                folded_again = await digest(connection, view)
                # Reading the logs is itself recorded, once a minute: what came in between does not count.
                if await _marks(connection) == before:
                    assert folded_again == folded_as_it_came, view.name
                    break


async def _marks(connection: psycopg.AsyncConnection[Any]) -> list[tuple[Any, ...]]:
    found = await connection.execute("select log, shard, position from view.mark where consumer = %s order by 1, 2", (VIEWS,))
    return await found.fetchall()


async def _applied(connection: psycopg.AsyncConnection[Any], log: str, upto: int) -> bool:
    found = await connection.execute("select coalesce(max(position), 0) from view.mark where consumer = %s and log = %s", (VIEWS, log))
    return bool(((await found.fetchone()) or (0,))[0] >= upto)
