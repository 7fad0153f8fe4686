"""Every command that people may give, sent again with its key at the end of the day: the first answer comes back, and nothing happens."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from hashlib import sha256
from typing import Any

import pytest

from services.gates.default_framework import LIFECYCLES
from services.reporting.feed_batch import batch_id
from tests.journeys.instance import Instance
from tests.journeys.logs import SERVICES, Logs, awaited, following
from tests.journeys.walk import FINANCE, OFFICE, PROPOSER, SPONSOR, Sent, Walk, gbp, walking
from tests.services.reporting.releases import written

CHAIR = "p-lindqvist"
TODAY, LATER = date.today().isoformat(), (date.today() + timedelta(days=14)).isoformat()
GIST = sha256(b"evidence").hexdigest()
_TEXTS = frozenset("title need rationale explanation correction opinion description file".split())
_OTHER = {"risk": "high", "criterion": "another", "decision": "baseline-budget"}


@pytest.fixture(scope="module")
async def logs(split: Instance) -> AsyncIterator[Logs]:
    async with following(split) as logs:
        yield logs


@pytest.fixture(scope="module")
async def walk(split: Instance, logs: Logs) -> AsyncIterator[Walk]:
    """Somebody has given every command once, and each stream has moved on since."""
    async with walking(split, logs) as walk:
        await _offices(walk)
        await _from_draft_to_close(walk)
        await _before_a_board(walk)
        await _what_a_feed_reports(walk, split)
        yield walk


async def _offices(walk: Walk) -> None:
    title, office = "Repeated", "repeated"
    await walk.send(OFFICE, f"gates/offices/{office}/register-office", office=office, title=title, parent="hub")
    seats = [{"person": CHAIR, "capacity": "Chair", "chair": True}]
    await walk.send(OFFICE, f"gates/boards/{office}/constitute-board", office=office, title=title, seats=seats, quorum=1)
    lifecycles = [lifecycle.model_dump(mode="json") for lifecycle in LIFECYCLES]
    framework = f"gates/governance-frameworks/{office}/publish-framework"
    for version in (1, 2):
        await walk.send(OFFICE, framework, office=office, version=version, title=title, lifecycles=lifecycles)
    matrix = f"gates/authority-matrices/{office}"
    right = {"id": "repeated.1", "decision": "select-proposal", "tiers": ["light"], "holder": OFFICE, "valid_from": TODAY}
    await walk.send(OFFICE, f"{matrix}/grant-decision-right", office=office, right=right)
    await walk.send(OFFICE, f"{matrix}/resolve-authority", decision="select-proposal", tier="light")
    await walk.send(OFFICE, f"{matrix}/revoke-authority", right="repeated.1", rationale="For good")


async def _from_draft_to_close(walk: Walk) -> None:
    await walk.select("I-REPEATED", "A shed")
    decision = await walk.decide("I-REPEATED", 1, "GO", funding=gbp(5_000))
    await walk.started("I-REPEATED", 1)
    review, account = "gates/gate-reviews/I-REPEATED.G1.R1", "benefits/investment-accounts/I-REPEATED"
    await walk.send(OFFICE, f"{review}/correct-decision", corrects=decision["id"], correction="A shed, not a barn")
    await walk.send(OFFICE, f"{account}/baseline-budget", amount=gbp(18_000), rationale="As estimated")
    await walk.send(FINANCE, f"{account}/record-actual", amount=gbp(300), day=TODAY, document="INV-1", description="Nails")
    await walk.send(SPONSOR, "reporting/delivery-statuses/I-REPEATED/report-status", office="hub", as_at=TODAY)
    await walk.decide("I-REPEATED", 2, "HOLD")
    again = "gates/gate-reviews/I-REPEATED.G2.R2/schedule-gate"
    await walk.send(OFFICE, again, office="hub", due=LATER, after="I-REPEATED.G2.R1")
    await walk.decide("I-REPEATED", 2, "GO", round_=2)
    await walk.logs.until("intake", "ProjectClosed", "I-REPEATED")
    for initiative, end, body in (
        ("I-REJECTED", "reject-proposal", {"rationale": "It does not pay"}),
        ("I-WITHDRAWN", "withdraw-proposal", {"explanation": "Not needed any more"}),
    ):
        path = f"intake/proposals/{initiative}"
        await walk.send(PROPOSER, f"{path}/draft-proposal", office="hub", title="No", need="None", estimate=gbp(9_000))
        await walk.send(PROPOSER, f"{path}/submit-proposal")
        await walk.send(OFFICE, f"{path}/triage-proposal", risk="low")
        await walk.send(PROPOSER if "withdraw" in end else OFFICE, f"{path}/{end}", **body)


async def _before_a_board(walk: Walk) -> None:
    path = "intake/proposals/I-VOTED"
    await walk.send(PROPOSER, f"{path}/draft-proposal", office="hub", title="A hall", need="Rain", estimate=gbp(100_000))
    await walk.send(PROPOSER, f"{path}/submit-proposal")
    await walk.send(OFFICE, f"{path}/triage-proposal", risk="low")
    await walk.send(CHAIR, f"{path}/select-proposal", sponsor=SPONSOR, rationale="It pays")
    await walk.logs.until("gates", "GateScheduled", "I-VOTED")
    review = "gates/gate-reviews/I-VOTED.G1.R1"
    for kind in ("business-case", "benefit-profile"):
        await walk.send(PROPOSER, f"{review}/submit-evidence", kind=kind, title=kind, sha256=GIST)
    for criterion in ("case", "benefit"):
        await walk.send(OFFICE, f"{review}/assess-criterion", criterion=criterion)
    for member in (CHAIR, "p-nowak"):
        await walk.send(member, f"{review}/cast-vote", vote="KILL", opinion="Let us wait")
    await walk.send(CHAIR, f"{review}/decide-gate", outcome="KILL", rationale="It would not pay")
    await walk.logs.until("benefits", "FundingReturned", "I-VOTED")


async def _what_a_feed_reports(walk: Walk, instance: Instance) -> None:
    await walk.send(OFFICE, "reporting/feeds/repeated/register-feed", office="hub", title="Repeated", mapping="gmpp")
    identity = batch_id("repeated", GIST)
    about = {"office": "hub", "feed": "repeated", "sha256": GIST, "size": 1, "file": "a.csv", "rows": 1}
    read = {"mapping": "gmpp", "mapping_version": 1, "effective": "2021-03-31"}
    await walk.send(OFFICE, f"reporting/feed-batches/{identity}/receive-batch", **about, **read)
    query = {"mapping": "gmpp", "effective": "2021-03-31", "feed": "repeated"}
    async with instance.async_client(OFFICE) as okafor:
        raw = written("REPEATED_1,Reported,MOD,Green,2021-01-01,£5")
        (await okafor.post("/reporting/imports", params=query, content=raw)).raise_for_status()
    await walk.logs.until("intake", "ProjectRegistered", "REPEATED_1")
    await walk.send(OFFICE, "intake/initiatives/REPEATED_1/close-project", explanation="It is built")


async def test_every_command_that_people_may_give_was_given(split: Instance, walk: Walk) -> None:
    async with split.async_client(OFFICE) as okafor:
        described = set()
        for service in SERVICES:
            url = split.run["services"][service]["url"]
            paths = (await okafor.get(f"{url}/openapi.json")).json()["paths"]
            described |= {path for path, found in paths.items() if "post" in found and "{identity}" in path}
    given = {_route(sent) for sent in walk.sent}
    assert {path.strip("/") for path in described} == given


def _route(sent: Sent) -> str:
    service, plural, _, command = sent.path.split("/")
    return f"{service}/{plural}/{{identity}}/{command}"


async def test_each_repeat_gets_the_first_answer_and_nothing_is_recorded(walk: Walk, logs: Logs) -> None:
    before = await _ends(logs)
    for sent in walk.sent:
        answer = await walk.again(sent)
        assert (answer.status_code, answer.json(), answer.headers["ETag"]) == (sent.status, sent.answer, sent.etag), sent.path
        assert answer.headers["Idempotent-Replayed"] == "true", sent.path
    assert await _ends(logs) == before


async def test_the_key_of_one_command_is_refused_for_another(walk: Walk) -> None:
    for sent in [one for one in walk.sent if one.body]:
        answer = await walk.again(sent, **_changed(sent.body))
        assert (answer.status_code, answer.json()["rule"]) == (422, "idempotency-key"), sent.path


async def test_the_key_of_one_person_is_refused_from_another(walk: Walk) -> None:
    sent = next(one for one in walk.sent if one.path.endswith("triage-proposal"))
    answer = await walk.again(sent._replace(path=sent.path.replace("triage", "submit"), person=PROPOSER, body={}))
    assert (answer.status_code, answer.json()["rule"]) == (422, "idempotency-key")


def _changed(body: dict[str, Any]) -> dict[str, Any]:
    """Another body of the same form."""
    for name, value in body.items():
        if name in _TEXTS:
            return {name: f"{value}, or so"}
        if name in _OTHER:
            return {name: _OTHER[name]}
        if isinstance(value, dict) and "id" in value:
            return {name: {**value, "id": "another"}}
        if name == "amount":
            return {name: gbp(1)}
        if name in ("due", "as_at"):
            return {name: "2020-01-01"}
    raise AssertionError(f"what would another body be than {body}?")


async def _ends(logs: Logs) -> dict[str, int]:
    """The ends of the logs once all that is heard of is done: the same in two looks."""
    found: list[dict[str, int]] = [{}]

    async def still() -> bool:
        for service in SERVICES:
            await logs.read(service)
        found.append({service: len(logs.records[service]) for service in SERVICES})
        return found[-1] == found[-2]

    await awaited(still, "the end of all effects")
    return found[-1]
