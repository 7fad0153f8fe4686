"""A superuser writes a decision into the log of gates by hand: it goes nowhere, everybody can see it, and the rest works on."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from uuid import UUID, uuid4

import httpx
import orjson
import psycopg
import pytest
from aiokafka import AIOKafkaConsumer
from prometheus_client.parser import text_string_to_metric_families
from psycopg.conninfo import make_conninfo

from shared.contracts.ids import uuid7
from shared.contracts.profile import canonical
from shared.ledger.shards import shard_of
from tests.journeys.instance import Instance, running_instance
from tests.journeys.logs import Logs, awaited, following, name_of
from tests.journeys.walk import OFFICE, PROPOSER, Walk, gbp, walking

INITIATIVE = "I-FORGED"
REVIEW = f"{INITIATIVE}.G1.R1"
ALARM = "minutebook_relay_stopped_at_forged"


@dataclass(frozen=True)
class Setting:
    """An instance with a gate that waits for its decision, and a genuine decision to copy."""

    instance: Instance
    logs: Logs
    walk: Walk

    def as_superuser(self) -> psycopg.Connection:
        """The database of gates, as nobody of the product may enter it."""
        return psycopg.connect(make_conninfo(self.instance.superuser_dsn, dbname="gates"), autocommit=True)


@dataclass(frozen=True)
class Forgery:
    """The record that was slipped in."""

    id: str
    position: int


@pytest.fixture(scope="module")
async def setting() -> AsyncIterator[Setting]:
    """On an instance of its own: a log that was tampered with and could not be healed would fail everybody else."""
    with running_instance(split=True) as split:
        async with _prepared(split) as ready:
            yield ready


@asynccontextmanager
async def _prepared(split: Instance) -> AsyncIterator[Setting]:
    async with following(split) as logs, walking(split, logs) as walk:
        await walk.select(INITIATIVE, "Never decided")
        await walk.prepare(INITIATIVE, 1)
        await walk.select("I-GENUINE", "Decided")
        await walk.decide("I-GENUINE", 1, "GO", funding=gbp(3_000))
        await logs.until("gates", "GateScheduled", "gate-review/I-GENUINE.G2.R1")
        yield Setting(split, logs, walk)


NO_BATCH, ANOTHERS_BATCH = "with a batch that does not exist", "with the batch of another record"


@pytest.fixture(params=[NO_BATCH, ANOTHERS_BATCH])
async def forgery(setting: Setting, request: pytest.FixtureRequest) -> AsyncIterator[Forgery]:
    """A GO that nobody decided, at the end of the log of gates; removed, and the worker started again, at the end."""
    await _quiet(setting)
    with setting.as_superuser() as superuser:
        batch = uuid4() if request.param == NO_BATCH else superuser.execute("select batch from log.record limit 1").fetchall()[0][0]
        forged = _insert(setting, superuser, batch)
    try:
        yield forged
    finally:
        with setting.as_superuser() as superuser, _unguarded(superuser):
            superuser.execute("delete from log.record where position = %s", (forged.position,))
        setting.instance.kill("gates-worker")
        setting.instance.await_ready()


async def _quiet(setting: Setting) -> None:
    """Wait until the relay has passed on all that there is."""

    async def relayed() -> bool:
        with setting.as_superuser() as superuser:
            found = superuser.execute("select (select max(position) from log.record), (select position from view.relay)").fetchall()
        return bool(found[0][0] == found[0][1])

    await awaited(relayed, "the end of gates in Kafka")


def _insert(setting: Setting, superuser: psycopg.Connection, batch: UUID) -> Forgery:
    genuine = setting.logs.of("gates", "GateDecided", "I-GENUINE")[0]
    last = max(int(record["streamversion"]) for record in setting.logs.about("gates", f"gate-review/{REVIEW}"))
    identity, command = str(uuid7()), uuid4()
    record = {
        **genuine,
        "id": identity,
        "subject": f"gate-review/{REVIEW}",
        "initiative": INITIATIVE,
        "streamversion": str(last + 1),
        "commandid": str(command),
        "data": {**genuine["data"], "initiative": INITIATIVE},
    }
    row = superuser.execute(
        "insert into log.record select max(position) + 1, %s, %s, %s, %s, %s, 0, %s, now() from log.record returning position",
        (canonical(record), record["subject"], last + 1, command, batch, shard_of(INITIATIVE)),
    ).fetchall()
    superuser.execute("select pg_notify('log', '')")
    return Forgery(identity, row[0][0])


@contextmanager
def _unguarded(superuser: psycopg.Connection) -> Iterator[None]:
    superuser.execute("set session_replication_role = replica")
    yield
    superuser.execute("set session_replication_role = origin")


def _worker(instance: Instance) -> str:
    return str(next(process["url"] for process in instance.run["processes"] if process["name"] == "gates-worker"))


async def _alarm(setting: Setting) -> bool:
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(f"{_worker(setting.instance)}/metrics")
    families = text_string_to_metric_families(answer.text)
    return any(sample.name == ALARM and sample.value == 1 for family in families for sample in family.samples)


async def _in_kafka(setting: Setting) -> set[str]:
    """The ids of all events of gates that Kafka holds."""
    topics = setting.instance.topics("gates")
    consumer = AIOKafkaConsumer(topics.of("gates"), **topics.options, auto_offset_reset="earliest")
    await consumer.start()
    found = set()
    try:
        for partition, end in (await consumer.end_offsets(consumer.assignment())).items():
            while await consumer.position(partition) < end:
                for records in (await consumer.getmany(timeout_ms=1000)).values():
                    found |= {orjson.loads(record.value)["id"] for record in records}
    finally:
        await consumer.stop()
    return found


async def test_it_reaches_neither_kafka_nor_a_table_and_everybody_can_see_the_alarm(setting: Setting, forgery: Forgery) -> None:
    await awaited(lambda: _alarm(setting), "the alarm")
    told = setting.instance.cli("status").stdout
    assert "ALARM (gates-worker)" in told
    assert "the log of gates holds a record that its service did not append" in " ".join(told.split())

    ids = await _in_kafka(setting)
    assert setting.logs.of("gates", "GateDecided", "I-GENUINE")[0]["id"] in ids
    assert forgery.id not in ids

    # What another service decides meanwhile is shown: the tables go on, without the forged decision.
    proposal = f"I-MEANWHILE-{forgery.id[-6:]}"
    sent = await setting.walk.send(
        PROPOSER, f"intake/proposals/{proposal}/draft-proposal", office="hub", title="Meanwhile", need="We need it", estimate=gbp(10_000)
    )
    with setting.instance.client(OFFICE) as reader:
        after = f"intake:{sent.answer['position']}:{proposal}"
        shown = reader.get("/reporting/views/proposals", params={"initiative": proposal, "after": after}).json()
        decisions = reader.get("/reporting/views/decisions", params={"initiative": INITIATIVE}).json()
    assert [row["row"]["title"] for row in shown["rows"]] == ["Meanwhile"]
    assert decisions["rows"] == []
    counted = {name_of(record) for service in ("intake", "benefits") for record in setting.logs.about(service, INITIATIVE)}
    assert not {"FundingAuthorised", "StageStarted"} & counted


@pytest.mark.parametrize("forgery", [ANOTHERS_BATCH], indirect=True)
async def test_nothing_is_decided_on_that_stream_and_the_reason_is_told(setting: Setting, forgery: Forgery) -> None:
    with setting.instance.client(OFFICE) as reader:
        path = f"/gates/gate-reviews/{REVIEW}"
        for answer in (
            reader.post(f"{path}/decide-gate", json={"outcome": "KILL", "rationale": "Before it runs away"}),
            reader.get(path),
            reader.get(f"{path}/events"),
        ):
            problem = answer.json()
            assert (answer.status_code, problem["rule"]) == (500, "genuine")
            assert f"position {forgery.position}" in problem["detail"].lower()
            assert "Find who wrote to the database" in problem["way_out"]


async def test_once_it_is_removed_the_gate_is_decided_and_the_decision_has_its_effect(setting: Setting) -> None:
    await setting.walk.send(OFFICE, f"gates/gate-reviews/{REVIEW}/decide-gate", outcome="GO", funding=gbp(2_000), rationale="In earnest")
    await setting.walk.started(INITIATIVE, 1)
    assert not await _alarm(setting)
