"""One log and two writers whose connections are cut: dense positions, whole commands in order, and the first answer for ever."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise

import pytest
from hypothesis import given, seed
from hypothesis import strategies as st

from deploy.postgres import Postgres
from shared.ledger.disclose import KeyStore
from shared.ledger.log import Log
from shared.ledger.record import Append, Appended, Conflict, Mismatch, Repeated, Verdict
from tests.properties.profile import profile, seed_of_run
from tests.shared.ledger.office import Office, command, with_body

Setting = tuple[asyncio.AbstractEventLoop, Office]
WRITERS = 2


@dataclass(frozen=True)
class Ask:
    """A command for a stream, at the version that its callers believe in plus `off`; or (`before`) one that was asked before, maybe
    with another body."""

    writer: int
    stream: int
    records: int
    off: int
    before: int | None
    body: bool


@dataclass(frozen=True)
class Round:
    """Asked side by side. After so many turns of the loop all connections are cut, or those who asked one writer go away."""

    asks: list[Ask]
    turns: int
    cut: bool
    leave: int | None


ASK = st.builds(
    Ask,
    writer=st.integers(0, WRITERS - 1),
    stream=st.integers(0, 3),
    records=st.integers(1, 4),
    off=st.sampled_from([0, 0, 0, 0, -1, 1]),
    before=st.none() | st.integers(0, 50),
    body=st.sampled_from([True, True, True, False]),
)
ROUND = st.builds(
    Round,
    st.lists(ASK, min_size=1, max_size=12),
    turns=st.integers(0, 20),
    cut=st.sampled_from([False, False, True]),
    leave=st.none() | st.integers(0, WRITERS - 1),
)


@pytest.fixture(scope="module")
def setting(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setting]:
    loop, office = asyncio.new_event_loop(), Office.found(postgres.superuser_dsn, tmp_path_factory.mktemp("log"))
    yield loop, office
    office.close()
    loop.close()


@dataclass
class Callers:
    """Two writers, and what their callers were told."""

    office: Office
    writers: list[tuple[Log, KeyStore]]
    sent: list[Append] = field(default_factory=list)
    places: dict[int, tuple[int, int, int]] = field(default_factory=dict)
    """Where the sent commands stand, as first told: first and last position, version."""
    acted: set[int] = field(default_factory=set)
    believed: dict[str, int] = field(default_factory=dict)

    async def ask(self, asked: Round) -> None:
        calls = [(one.writer, asyncio.create_task(self._call(one))) for one in asked.asks]
        for _ in range(asked.turns):
            await asyncio.sleep(0)
        if asked.cut:
            await asyncio.to_thread(self._cut)
        for call in (call for writer, call in calls if writer == asked.leave):
            call.cancel()
        for result in await asyncio.gather(*(call for _, call in calls), return_exceptions=True):
            if isinstance(result, Exception):
                raise result

    async def _call(self, ask: Ask) -> None:
        if ask.before is None or not self.sent:
            stream = f"gate/{ask.stream}"
            number = len(self.sent)
            self.sent.append(command(stream, max(0, self.believed.get(stream, 0) + ask.off), ask.records))
        else:
            number = ask.before % len(self.sent)
        log, _ = self.writers[ask.writer]
        if number in self.places and not ask.body:
            assert await log.append(with_body(self.sent[number], b"another")) == Mismatch()
        else:
            self._told(number, await log.append(self.sent[number]))

    def _told(self, number: int, verdict: Verdict) -> None:
        """What a caller hears agrees with what anybody has heard."""
        append, before = self.sent[number], self.places.get(number)
        match verdict:
            case Appended(first, last, version):
                assert number not in self.acted and (before is None or before == (first, last, version))
                assert (version, last - first + 1) == (append.expected + len(append.records), len(append.records))
                self.acted.add(number)
                self.places[number] = (first, last, version)
            case Repeated(first, last, version, stream):
                assert (before is None or before == (first, last, version)) and stream == append.stream
                self.places[number] = (first, last, version)
            case Conflict(version):
                assert before is None and version != append.expected
            case other:
                raise AssertionError(f"{other} is no answer here")
        self.believed[append.stream] = version

    def _cut(self) -> None:
        """As when the server restarts: what was not committed is undone, and nobody knows whether it was."""
        with self.office.as_superuser() as superuser:
            superuser.execute(
                "select pg_terminate_backend(pid, 5000) from pg_stat_activity where usename = %s", (f"{self.office.service}_app",)
            )

    async def check(self) -> None:
        """Whole commands, one after the other, each at the version it expected, and each answer still the same."""
        log, _ = self.writers[0]
        versions: dict[str, int] = {}
        places: dict[object, tuple[int, int]] = {}
        records = await log.page(0)
        assert [record.position for record in records] == list(range(1, len(records) + 1))
        for record in records:
            versions[record.stream] = versions.get(record.stream, 0) + 1
            assert record.version == versions[record.stream]
            first, last = places.get(record.command, (record.position, record.position - 1))
            assert record.position == last + 1
            places[record.command] = (first, record.position)
        assert all(before.recorded <= after.recorded for before, after in pairwise(records))
        for number, append in enumerate(self.sent):
            found = places.get(append.command)
            assert number not in self.places or found == self.places[number][:2]
            if found:
                assert found[1] - found[0] + 1 == len(append.records)
                again = await log.append(append)
                assert isinstance(again, Repeated) and (again.first, again.last) == found
                assert await log.append(replace(append, actor="somebody else")) == Mismatch()


def test_two_writers_whose_connections_are_cut_leave_one_dense_log_and_one_answer_a_command(setting: Setting) -> None:
    loop, office = setting

    async def run(rounds: list[Round]) -> None:
        office.empty()
        callers = Callers(office, [await office.open() for _ in range(WRITERS)])
        for asked in rounds:
            await callers.ask(asked)
        await callers.check()
        for log, keystore in callers.writers:
            await log.close()
            await keystore.close()

    @seed(seed_of_run())
    @profile(examples=5)
    @given(st.lists(ROUND, min_size=4, max_size=12))
    def check(rounds: list[Round]) -> None:
        loop.run_until_complete(run(rounds))

    check()
