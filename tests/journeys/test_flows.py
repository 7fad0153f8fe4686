"""The three flows, over HTTP and Kafka, each service in processes of its own: what is decided in one has its effect in the others, once."""

from collections.abc import AsyncIterator
from datetime import date, timedelta

import pytest

from tests.journeys.instance import Instance
from tests.journeys.logs import Logs, following
from tests.journeys.walk import FINANCE, Walk, gbp, walking

IN_A_MONTH = (date.today() + timedelta(days=30)).isoformat()


@pytest.fixture(scope="module")
async def logs(split: Instance) -> AsyncIterator[Logs]:
    async with following(split) as logs:
        yield logs


@pytest.fixture(scope="module")
async def walk(split: Instance, logs: Logs) -> AsyncIterator[Walk]:
    async with walking(split, logs) as walk:
        yield walk


async def test_a_selected_proposal_becomes_an_initiative_with_a_gate_and_an_account(walk: Walk, logs: Logs) -> None:
    await walk.select("I-SELECTED", "A bridge")
    registered = await logs.until("intake", "ProjectRegistered", "I-SELECTED")
    scheduled = await logs.until("gates", "GateScheduled", "I-SELECTED")
    opened = await logs.until("benefits", "InvestmentAccountOpened", "I-SELECTED")
    assert registered["data"]["origin"] == "selection"
    assert (scheduled["data"]["gate"], scheduled["data"]["round"], scheduled["data"]["tier"]) == (1, 1, "light")
    assert opened["data"]["estimate"] == gbp(20_000)
    selected = logs.of("intake", "ProposalSelected", "I-SELECTED")[0]
    assert {record["correlationid"] for record in (registered, scheduled, opened)} == {selected["correlationid"]}
    assert registered["causationid"] == selected["id"]


async def test_a_go_with_funding_releases_the_money_starts_the_stage_and_schedules_the_next_gate(walk: Walk, logs: Logs) -> None:
    await walk.select("I-FUNDED", "A pump")
    decision = await walk.decide("I-FUNDED", 1, "GO", funding=gbp(12_000))
    started = await walk.started("I-FUNDED", 1)
    await logs.until("gates", "GateScheduled", "gate-review/I-FUNDED.G2.R1")
    (authorised,) = logs.of("benefits", "FundingAuthorised", "I-FUNDED")
    (released,) = logs.of("benefits", "FundingReleased", "I-FUNDED")
    assert authorised["data"]["amount"] == released["data"]["amount"] == gbp(12_000)
    assert {record["data"]["decision"] for record in (authorised, released, started)} == {decision["id"]}


async def test_a_go_without_funding_starts_the_stage_and_moves_no_money(walk: Walk, logs: Logs) -> None:
    await walk.select("I-UNFUNDED", "A rule book")
    await walk.decide("I-UNFUNDED", 1, "GO")
    await walk.started("I-UNFUNDED", 1)
    await logs.until("gates", "GateScheduled", "gate-review/I-UNFUNDED.G2.R1")
    assert not logs.of("benefits", "FundingAuthorised", "I-UNFUNDED")


async def test_the_go_of_the_last_gate_closes_the_initiative(walk: Walk, logs: Logs) -> None:
    await walk.select("I-CLOSED", "A fence")
    await walk.decide("I-CLOSED", 1, "GO", funding=gbp(5_000))
    decision = await walk.decide("I-CLOSED", 2, "GO")
    closed = await logs.until("intake", "ProjectClosed", "I-CLOSED")
    assert closed["data"]["decision"] == decision["id"]
    assert logs.counted("I-CLOSED")["GateScheduled"] == 2


async def test_a_conditional_go_lets_the_stage_start(walk: Walk, logs: Logs) -> None:
    await walk.select("I-CONDITIONAL", "A ferry")
    conditions = [{"id": "C1", "text": "Insure it", "owner": "p-roy", "due": IN_A_MONTH}]
    decision = await walk.decide("I-CONDITIONAL", 1, "CONDITIONAL_GO", funding=gbp(9_000), conditions=conditions)
    assert [one["id"] for one in decision["data"]["conditions"]] == ["C1"]
    await walk.started("I-CONDITIONAL", 1)
    await logs.until("gates", "GateScheduled", "gate-review/I-CONDITIONAL.G2.R1")


async def test_a_kill_terminates_the_initiative_and_returns_what_was_not_spent(walk: Walk, logs: Logs) -> None:
    await walk.select("I-KILLED", "A tunnel")
    await walk.decide("I-KILLED", 1, "GO", funding=gbp(12_000))
    await walk.started("I-KILLED", 1)
    account, today = "benefits/investment-accounts/I-KILLED", date.today().isoformat()
    await walk.send(FINANCE, f"{account}/record-actual", amount=gbp(4_500), day=today, document="INV-1", description="Survey")
    decision = await walk.decide("I-KILLED", 2, "KILL")
    returned = await logs.until("benefits", "FundingReturned", "I-KILLED")
    (terminated,) = logs.of("intake", "ProjectTerminated", "I-KILLED")
    assert returned["data"]["amount"] == gbp(7_500)
    assert terminated["data"]["decision"] == returned["data"]["decision"] == decision["id"]


async def test_a_recycle_holds_the_same_gate_once_more(walk: Walk, logs: Logs) -> None:
    await walk.select("I-RECYCLED", "A crane")
    await walk.decide("I-RECYCLED", 1, "RECYCLE")
    scheduled = await logs.until("gates", "GateScheduled", "gate-review/I-RECYCLED.G1.R2")
    assert (scheduled["data"]["gate"], scheduled["data"]["round"]) == (1, 2)
    await walk.decide("I-RECYCLED", 1, "GO", round_=2)
    await walk.started("I-RECYCLED", 1)
    assert logs.counted("I-RECYCLED")["StageStarted"] == 1


async def test_nothing_starts_on_a_hold(walk: Walk, logs: Logs) -> None:
    await walk.select("I-HELD", "A quay")
    held = await walk.decide("I-HELD", 1, "HOLD")
    # What follows a later decision has passed by every reaction that could have followed the hold.
    await walk.select("I-LATER", "A crane beside it")
    later = await walk.decide("I-LATER", 1, "GO", funding=gbp(1_000))
    assert later["recordedtime"] >= held["recordedtime"]
    await walk.started("I-LATER", 1)
    counted = logs.counted("I-HELD")
    assert counted["GateDecided"] == counted["GateScheduled"] == 1
    assert not {"StageStarted", "FundingAuthorised", "ProjectTerminated", "ProjectClosed", "FundingReturned"} & set(counted)
