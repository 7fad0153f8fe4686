"""What is seen of a running instance: one trace from the request to the tables of another service, and the metrics."""

import re
from itertools import chain
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import orjson
from psycopg import AsyncConnection

from cli._parts import declared
from deploy.databases import dsns
from shared.contracts.envelope import Envelope
from shared.stream.park import park
from shared.stream.step import REACTIONS, Stuck
from tests.journeys.instance import Instance, awaited
from tests.journeys.logs import SERVICES, following
from tests.journeys.walk import OFFICE, SPONSOR, walking

Span = dict[str, Any]


def spans_of(trace: str, data: Path) -> list[Span]:
    """The spans of a trace, from the files of every process."""
    lines = [line for file in data.glob("logs/traces*.jsonl") for line in file.read_bytes().splitlines() if trace.encode() in line]
    return [orjson.loads(line) for line in lines]


def named(spans: list[Span], name: str, by: str | None = None) -> list[Span]:
    return [span for span in spans if span["name"] == name and by in (None, span["attributes"].get("minutebook.by"))]


def ancestors(span: Span, spans: list[Span]) -> list[str]:
    """The names of what led to a span, nearest first."""
    by_id = {one["span"]: one for one in spans}
    found = []
    while parent := by_id.get(span["parent"] or ""):
        found.append(parent["name"])
        span = parent
    return found


async def test_one_trace_goes_from_the_request_through_the_logs_to_the_tables_of_others(instance: Instance) -> None:
    initiative, trace = f"I-{uuid4().hex[:8].upper()}", uuid4().hex
    async with following(instance) as logs, walking(instance, logs) as walk:
        path = f"intake/proposals/{initiative}"
        need, estimate = "The old one is worn out", {"amount": "20000.00", "currency": "GBP"}
        await walk.send("p-haddad", f"{path}/draft-proposal", office="hub", title="A traced one", need=need, estimate=estimate)
        await walk.send("p-haddad", f"{path}/submit-proposal")
        await walk.send(OFFICE, f"{path}/triage-proposal", risk="low")
        async with instance.async_client(OFFICE) as client:
            answer = await client.post(
                f"/{path}/select-proposal",
                json={"sponsor": SPONSOR, "rationale": "It pays for itself"},
                headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"},
            )
        assert answer.status_code == 200, answer.text
        scheduled = await logs.until("gates", "GateScheduled", f"gate-review/{initiative}.G1.R1")
    assert scheduled["traceparent"][3:35] == trace
    request = "POST /intake/proposals/{identity}/select-proposal"

    def shown() -> list[Span] | None:
        """Each process writes its spans when it pleases."""
        spans = spans_of(trace, instance.data)
        return spans if named(spans, "apply GateScheduled", by="reporting") and named(spans, request) else None

    spans = awaited(shown, "the spans of the request and of reporting's tables")
    (shown_by_reporting,) = named(spans, "apply GateScheduled", by="reporting")
    led = ancestors(shown_by_reporting, spans)
    assert led == [
        "append gate-review/schedule-gate",
        "react scheduling.first_gate",
        "append initiative/register-project",
        "react selection.register_selected",
        "append proposal/select-proposal",
        request,
    ]
    assert named(spans, "relay ProposalSelected") and named(spans, "relay GateScheduled")
    (asked,) = named(spans, request)
    assert asked["parent"] == "00f067aa0ba902b7"


def test_the_metrics_name_every_consumer_every_table_and_every_log(instance: Instance) -> None:
    def missing() -> set[str]:
        return wanted() - set(chain.from_iterable(names(text) for text in metrics(instance)))

    awaited(lambda: not missing() or None, "every metric")
    for text in metrics(instance):
        assert len(names(text)) == len(set(names(text))), "a scraper refuses a metric that stands there twice"
        assert {"minutebook_loop_lag_seconds_count", "minutebook_loop_lag_worst_seconds", "minutebook_samplers_failed"} <= set(names(text))


def metrics(instance: Instance) -> list[str]:
    """What the processes answer now."""
    return [httpx.get(f"{one['url']}/metrics", trust_env=False).text for one in instance.run["processes"] if one["url"]]


def names(text: str) -> list[str]:
    """The metrics in a text, with their labels."""
    return re.findall(r"^(\w+(?:\{[^}]*\})?) ", text, re.MULTILINE)


def wanted() -> set[str]:
    """What there is to be said of consumers, tables and logs."""
    found: set[str] = set()
    for service in map(declared, SERVICES):
        name = service.name
        found |= {f'minutebook_consumer_lag_records{{consumer="{name}",log="{log}"}}' for log in service.hears()}
        found |= {f'minutebook_table_age_seconds{{log="{v.log}",service="{name}",table="{v.name}"}}' for v in service.views}
        found |= {f'minutebook_quarantined_keys{{consumer="{name}/{step}"}}' for step in ("views", "reactions")}
        found |= {f'minutebook_{one}{{log="{name}"}}' for one in ("relay_lag_records", "relay_running", "relay_stopped_at_forged")}
        found.add(f'minutebook_log_position{{log="{name}"}}')
    return found


async def test_who_looks_at_the_audit_list_is_on_record(instance: Instance) -> None:
    # Somebody whom no other journey signs in: the first look of a minute is the one that is told in full.
    with instance.client("p-okafor") as office:
        new = {"person": "p-looker", "name": "A. Looker", "roles": [{"role": "auditor", "office": "hub"}]}
        assert office.post("/identity/people", json=new).status_code == 201
    async with following(instance) as logs, instance.async_client("p-lindqvist") as stranger, instance.async_client("p-looker") as auditor:
        html = {"Accept": "text/html"}
        assert (await auditor.get("/reporting/audit?log=intake", headers=html)).status_code == 200
        assert (await stranger.get("/reporting/audit", headers=html)).status_code == 403
        seen = await logs.until("reporting", "AuditDataAccessed", "conduct/p-looker", lambda one: one["data"]["what"] == "audit-page")
        assert seen["data"]["filter"] == "log=intake"
        assert not logs.of("reporting", "AuditDataAccessed", "conduct/p-lindqvist")


def test_the_quarantine_of_every_service_is_asked_for_on_the_command_line(instance: Instance) -> None:
    nothing: dict[str, list[Any]] = {name: [] for name in SERVICES}
    assert orjson.loads(instance.cli("quarantine", "--json").stdout) == nothing
    assert orjson.loads(instance.cli("quarantine", "--replay", "--json").stdout) == nothing
    assert "Nothing waits." in instance.cli("quarantine").stdout
    with instance.client("p-okafor") as client:
        assert "Events that wait" in client.get("/reporting/quarantine", headers={"Accept": "text/html"}).text
        assert client.get("/reporting/quarantine").json() == []


async def test_what_waits_is_seen_everywhere_and_tried_again_when_the_worker_starts(instance: Instance) -> None:
    """Here it is as an earlier release left it that could not read the registration; what had been done already is not done twice."""
    initiative = f"I-{uuid4().hex[:8].upper()}"
    async with following(instance) as logs, walking(instance, logs) as walk:
        await walk.select(initiative, "A parked one")
        await logs.until("gates", "GateScheduled", f"gate-review/{initiative}.G1.R1")
        registered = await logs.until("intake", "ProjectRegistered", initiative)
        position = logs.records["intake"].index(registered) + 1
        stuck = Stuck("intake", initiative, position, 0, Envelope(**registered).encode(), "stage: is not known", "upgrade, then replay")
        async with await AsyncConnection.connect(dsns(instance.data, "gates").log) as connection:
            await park(connection, REACTIONS, [stuck])

        (waiting,) = orjson.loads(instance.cli("quarantine", "--json").stdout)["gates"]
        assert (waiting["key"], waiting["consumer"], waiting["reason"]) == (initiative, "reactions", "stage: is not known")
        parked = 'minutebook_quarantined_keys{consumer="gates/reactions"} 1.0'
        awaited(lambda: any(parked in text for text in metrics(instance)) or None, "the parked key in the metrics")

        instance.kill("worker")
        with instance.client(OFFICE) as client:
            awaited(lambda: client.get("/gates/quarantine").json() == [] or None, "the replay")
        assert len(logs.of("gates", "GateScheduled", initiative)) == 1
