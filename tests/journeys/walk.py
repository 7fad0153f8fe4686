"""People who walk a proposal through its gates over HTTP, and do not give up when a process is killed under them."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from hashlib import sha256
from typing import Any, NamedTuple
from uuid import uuid4

import httpx

from tests.journeys.instance import PATIENCE, Instance
from tests.journeys.logs import Logs, Record

OFFICE, PROPOSER, SPONSOR, FINANCE = "p-okafor", "p-haddad", "p-roy", "p-tanaka"
LIGHT_GATES = {
    1: (("charter-note", "risk-list", "benefit-line"), ("case", "risk", "benefit")),
    2: (("acceptance-record",), ("acceptance",)),
}
"""The gates of the light tier: the evidence that each asks for, and its must criteria."""
_AGAIN = frozenset({502, 503, 504})
_PAUSE = 0.2


def gbp(amount: int | str) -> dict[str, str]:
    """An amount in pounds."""
    return {"amount": f"{amount}.00" if isinstance(amount, int) else amount, "currency": "GBP"}


class Sent(NamedTuple):
    """A command that was answered with success: what was sent, and the answer."""

    person: str
    path: str
    key: str
    body: dict[str, Any]
    status: int
    answer: dict[str, Any]
    etag: str

    @property
    def log(self) -> str:
        return str(self.answer["log"])


class Walk:
    """Sends commands as people; a command that is not answered is sent again with its key."""

    def __init__(self, clients: dict[str, httpx.AsyncClient], logs: Logs, answered: Callable[[Sent], None] = lambda _: None) -> None:
        self._clients, self.logs, self._answered = clients, logs, answered
        self.sent: list[Sent] = []

    async def send(self, person: str, path: str, **body: Any) -> Sent:
        """Send a command: <service>/<aggregates>/<id>/<command>. Raises AssertionError if it is refused."""
        key = str(uuid4())
        answer = await self._sent(person, path, key, body)
        assert answer.status_code in (200, 201), f"{path}: {answer.status_code} {answer.text}"
        sent = Sent(person, path, key, body, answer.status_code, answer.json(), answer.headers["ETag"])
        self.sent.append(sent)
        self._answered(sent)
        return sent

    async def again(self, sent: Sent, **other: Any) -> httpx.Response:
        """Send a command again with its key, perhaps with another body."""
        return await self._sent(sent.person, sent.path, sent.key, {**sent.body, **other})

    async def _sent(self, person: str, path: str, key: str, body: dict[str, Any]) -> httpx.Response:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                answer = await self._clients[person].post(f"/{path}", json=body, headers={"Idempotency-Key": key})
                if answer.status_code not in _AGAIN:
                    return answer
                said = answer.text
            except httpx.TransportError as error:
                said = repr(error)
            assert time.monotonic() < deadline, f"{path} is not answered: {said}"
            await asyncio.sleep(_PAUSE)

    async def select(self, initiative: str, title: str, estimate: int = 20_000) -> None:
        """A proposal of the light tier, from draft to selection."""
        path = f"intake/proposals/{initiative}"
        await self.send(
            PROPOSER, f"{path}/draft-proposal", office="hub", title=title, need="The old one is worn out", estimate=gbp(estimate)
        )
        await self.send(PROPOSER, f"{path}/submit-proposal")
        await self.send(OFFICE, f"{path}/triage-proposal", risk="low")
        await self.send(OFFICE, f"{path}/select-proposal", sponsor=SPONSOR, rationale="It pays for itself")

    async def prepare(self, initiative: str, gate: int, round_: int = 1) -> str:
        """Await a gate of the light tier, put its evidence before it and assess it; the id of the review."""
        review = f"{initiative}.G{gate}.R{round_}"
        await self.logs.until("gates", "GateScheduled", f"gate-review/{review}")
        evidence, criteria = LIGHT_GATES[gate]
        path = f"gates/gate-reviews/{review}"
        for kind in evidence:
            digest = sha256(f"{review} {kind}".encode()).hexdigest()
            await self.send(PROPOSER, f"{path}/submit-evidence", kind=kind, title=kind.replace("-", " "), sha256=digest)
        for criterion in criteria:
            await self.send(OFFICE, f"{path}/assess-criterion", criterion=criterion)
        return review

    async def decide(self, initiative: str, gate: int, outcome: str, round_: int = 1, **more: Any) -> Record:
        """Prepare a gate and decide it; the decision as it was recorded."""
        review = await self.prepare(initiative, gate, round_)
        await self.send(OFFICE, f"gates/gate-reviews/{review}/decide-gate", outcome=outcome, rationale=f"We decide {outcome}", **more)
        return await self.logs.until("gates", "GateDecided", f"gate-review/{review}")

    async def started(self, initiative: str, stage: int) -> Record:
        """Await the start of a stage."""
        return await self.logs.until("intake", "StageStarted", initiative, lambda record: record["data"]["stage"] == stage)


@asynccontextmanager
async def walking(instance: Instance, logs: Logs, answered: Callable[[Sent], None] = lambda _: None) -> AsyncIterator[Walk]:
    """A walk through an instance; `answered` hears of every success."""
    async with AsyncExitStack() as at_end:
        people = (OFFICE, PROPOSER, SPONSOR, FINANCE, "p-lindqvist", "p-nowak", "p-ferreira")
        clients = {person: await at_end.enter_async_context(instance.async_client(person)) for person in people}
        yield Walk(clients, logs, answered)
