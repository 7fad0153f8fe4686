"""Denials and refused signed decisions are on record: once a minute at once, repeats with their count when it is over."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from deploy.postgres import Postgres
from shared.contracts.conduct import AccessDenied, AuditData, AuditDataAccessed, DecisionRefused, ReactionRefused
from shared.contracts.envelope import Envelope
from shared.domain.given import Who
from shared.domain.refused import Refused
from shared.domain.scenario import scenario
from shared.identity.conduct import Conduct, RecordReactionRefusal
from shared.identity.policy import access_policy
from shared.identity.principal import Denied
from shared.identity.recorder import ConductRecorder
from shared.ledger.handler import Handler
from shared.ledger.intent import Intent, Receipt
from shared.ledger.log import Log
from tests.shared.identity.people import Clock, DecideDossier, OpenDossier
from tests.shared.ledger.office import Office

NO = Denied("role", "needs the role chair", "ask a chair")
ADA = Who("ada", "chair", "edu")


@pytest.fixture
def office(postgres: Postgres, tmp_path: Path) -> Iterator[Office]:
    founded = Office.found(postgres.superuser_dsn, tmp_path)
    yield founded
    founded.close()


@pytest.fixture
async def log(office: Office) -> AsyncIterator[Log]:
    opened, keystore = await office.open()
    yield opened
    await opened.close()
    await keystore.close()


def handler(log: Log) -> Handler:
    return Handler(log, "dossiers", None, b"secret")


Recorded = AccessDenied | AuditDataAccessed | DecisionRefused | ReactionRefused


async def recorded(log: Log) -> list[tuple[str, Recorded]]:
    found = [Envelope.decode(record.bytes) for record in await log.page(0)]
    events = [(envelope.subject, envelope.event()) for envelope in found]
    return [(subject, event) for subject, event in events if isinstance(event, Recorded)]


async def counts(log: Log) -> list[int]:
    return [event.count for _, event in await recorded(log) if not isinstance(event, ReactionRefused)]


async def test_a_denial_is_recorded_at_once_and_its_repeats_with_their_count(log: Log) -> None:
    clock = Clock()
    recorder = ConductRecorder(handler(log), "dossiers", clock)
    for _ in range(5):
        await recorder.denied("ada", "POST dossiers/audit", NO)
    assert await counts(log) == [1]
    await recorder.settle()
    assert await counts(log) == [1]
    clock.forward(minutes=1)
    await recorder.settle()
    first, repeats = await recorded(log)
    assert first == ("conduct/ada", AccessDenied(route="POST dossiers/audit", rule="role", minute="2026-03-02T12:00Z", count=1))
    assert repeats == ("conduct/ada", AccessDenied(route="POST dossiers/audit", rule="role", minute="2026-03-02T12:00Z", count=4))
    await recorder.settle(everything=True)
    assert await counts(log) == [1, 4]


async def test_each_actor_route_and_minute_is_recorded_by_itself(log: Log) -> None:
    clock = Clock()
    recorder = ConductRecorder(handler(log), "dossiers", clock)
    await recorder.denied("ada", "GET dossiers/audit", NO)
    await recorder.denied("bob", "GET dossiers/audit", NO)
    await recorder.denied("ada", "GET dossiers/feed", NO)
    clock.forward(minutes=1)
    await recorder.denied("ada", "GET dossiers/audit", NO)
    assert await counts(log) == [1, 1, 1, 1]


async def test_the_service_records_it_under_the_policy_that_denied(log: Log) -> None:
    await ConductRecorder(handler(log), "dossiers").denied("ada", "GET dossiers/audit", NO)
    (record,) = await log.page(0)
    envelope = Envelope.decode(record.bytes)
    assert (envelope.actor, envelope.role, envelope.authn) == ("service:dossiers", "service", "service")
    assert envelope.accesspolicy == access_policy("dossiers").hash


async def test_many_at_once_add_up(log: Log) -> None:
    recorder = ConductRecorder(handler(log), "dossiers", Clock())
    await asyncio.gather(*(recorder.denied("ada", f"GET route {n % 3}", NO) for n in range(60)))
    assert await counts(log) == [1, 1, 1]
    await recorder.settle(everything=True)
    assert sorted(await counts(log)) == [1, 1, 1, 19, 19, 19]


async def test_two_processes_of_a_service_record_one_first_and_every_repeat(log: Log) -> None:
    recorders = [ConductRecorder(handler(log), "dossiers", Clock()) for _ in range(2)]
    for recorder in recorders:
        for _ in range(3):
            await recorder.denied("ada", "GET dossiers/audit", NO)
    for recorder in recorders:
        await recorder.settle(everything=True)
    assert sorted(await counts(log)) == [1, 2, 3]


async def test_a_refused_signed_decision_is_recorded_and_an_unsigned_one_is_not(log: Log) -> None:
    recorder = ConductRecorder(handler(log), "dossiers", Clock())
    refusal = Refused("quorum", "quorum is 3 of 5, 2 present " + "and free of conflict " * 30, way_out="gather one more")
    await recorder.refused(ADA, "dossier/D-1", OpenDossier, refusal)
    assert await recorded(log) == []
    for _ in range(3):
        await recorder.refused(ADA, "dossier/D-1", DecideDossier, refusal)
    await recorder.settle(everything=True)
    (subject, first), (_, repeats) = await recorded(log)
    assert isinstance(first, DecisionRefused) and isinstance(repeats, DecisionRefused)
    assert (subject, first.subject, first.command, first.rule) == ("conduct/ada", "dossier/D-1", "decide-dossier", "quorum")
    assert (first.count, repeats.count) == (1, 2)


async def test_reads_of_audit_data_are_recorded_once_a_minute_with_their_count(log: Log) -> None:
    clock = Clock()
    recorder = ConductRecorder(handler(log), "dossiers", clock)
    for after in (0, 200, 400):
        await recorder.accessed(ADA, AuditData.LOG, after=after, limit=200, before=None)
    await recorder.accessed(ADA, AuditData.EVENTS, stream="dossier/D-1")
    clock.forward(minutes=1)
    await recorder.settle()
    minute = "2026-03-02T12:00Z"
    assert await recorded(log) == [
        ("conduct/ada", AuditDataAccessed(what=AuditData.LOG, filter="after=0&limit=200", minute=minute)),
        ("conduct/ada", AuditDataAccessed(what=AuditData.EVENTS, filter="stream=dossier/D-1", minute=minute)),
        ("conduct/ada", AuditDataAccessed(what=AuditData.LOG, filter="after=0&limit=200", minute=minute, count=2)),
    ]


async def test_what_services_read_of_each_other_is_not_recorded(log: Log) -> None:
    recorder = ConductRecorder(handler(log), "dossiers", Clock())
    await recorder.accessed(Who("service:gates", "service", "hub"), AuditData.FEED, shard=3)
    assert await recorded(log) == []


async def test_what_somebody_typed_into_a_filter_stays_out_of_the_record(log: Log) -> None:
    recorder = ConductRecorder(handler(log), "dossiers", Clock())
    await recorder.accessed(ADA, AuditData.AUDIT_PAGE, initiative="I-7", actor="Rosalind Franklin, 12 Hill Road")
    ((_, event),) = await recorded(log)
    assert isinstance(event, AuditDataAccessed) and event.filter == "initiative=I-7&actor=…"


async def test_when_the_process_stops_what_was_counted_is_recorded(log: Log) -> None:
    recorder = ConductRecorder(handler(log), "dossiers", Clock())
    started = asyncio.Event()

    async def wait(seconds: float) -> None:
        assert seconds == 30
        started.set()
        await asyncio.Event().wait()

    running = asyncio.create_task(recorder.run(wait))
    await started.wait()
    for _ in range(3):
        await recorder.denied("ada", "GET dossiers/audit", NO)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert await counts(log) == [1, 2]


@dataclass
class Failing:
    """A handler whose log cannot be reached for a while; with `lost`, it records and only the answer is lost."""

    handler: Handler
    down: bool = True
    lost: bool = False
    sent: list[Intent] = field(default_factory=list)

    async def handle(self, intent: Intent) -> Receipt:
        self.sent.append(intent)
        if self.down and not self.lost:
            raise ConnectionError
        receipt = await self.handler.handle(intent)
        if self.down:
            raise ConnectionError
        return receipt


@pytest.mark.parametrize("lost", [False, True])
async def test_what_could_not_be_recorded_is_sent_again_and_counted_once(log: Log, lost: bool) -> None:
    clock, failing = Clock(), Failing(handler(log), lost=lost)
    recorder = ConductRecorder(failing, "dossiers", clock)
    for _ in range(3):
        await recorder.denied("ada", "GET dossiers/audit", NO)
    clock.forward(minutes=1)
    await recorder.settle()
    failing.down = False
    await recorder.settle()
    assert await counts(log) == [1, 2]


async def test_memory_is_bounded_and_what_is_forgotten_is_recorded_first(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.identity.recorder._HELD", 3)
    recorder = ConductRecorder(handler(log), "dossiers", Clock())
    for _ in range(2):
        for route in range(6):
            await recorder.denied("ada", f"GET route {route}", NO)
            await recorder.denied("ada", f"GET route {route}", NO)
    assert len(recorder._minutes) == 3
    await recorder.settle(everything=True)
    assert sum(await counts(log)) == 24


def test_the_conduct_of_an_actor_adds_up() -> None:
    minute = datetime(2026, 3, 2, tzinfo=UTC).isoformat()
    denied = AccessDenied(route="GET x", rule="role", minute=minute, count=4)
    refused = DecisionRefused(subject="dossier/D-1", command="decide-dossier", rule="quorum", because="2 of 3", minute=minute)
    command = RecordReactionRefusal(
        reaction="schedule",
        cause="e-1",
        cause_log="intake",
        cause_position=7,
        subject="gate-review/I-1.G1.R1",
        command="schedule-gate",
        rule="once",
        because="it exists already",
    )
    read = AuditDataAccessed(what=AuditData.LOG, minute=minute, count=2)
    outcome = scenario(Conduct, "ada").given(denied, refused, read).by("service:gates", role="service").when(command)
    outcome.then(ReactionRefused(**command.model_dump()))
    assert outcome.state == Conduct(denials=4, refusals=1, reaction_refusals=1, audit_reads=2)
