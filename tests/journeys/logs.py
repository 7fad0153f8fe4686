"""The logs of a running instance as they grow: read over HTTP, kept, and awaited."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx

from shared.contracts.envelope import Envelope, Heard
from shared.projection.view import View
from tests.journeys.instance import PATIENCE, Instance

SERVICES = ("intake", "gates", "benefits", "reporting")
_LOOK = 0.1
_PAGE = 1000
Record = dict[str, Any]
"""An envelope as JSON."""


def name_of(record: Record) -> str:
    """The event's name: GateDecided."""
    return str(record["type"]).split(".")[2]


class Logs:
    """The records of every service, in the order of their positions (the first stands at position 1)."""

    def __init__(self, instance: Instance) -> None:
        # What a person reads is on record: each look would make the logs longer.
        self._client = instance.async_client("service:reporting")
        self.records: dict[str, list[Record]] = {service: [] for service in SERVICES}
        self._grown = asyncio.Condition()
        self._reading = {service: asyncio.Lock() for service in SERVICES}

    async def read(self, service: str) -> None:
        """Read what is new of a log; nothing while it does not answer."""
        async with self._reading[service]:
            await self._read(service)

    async def _read(self, service: str) -> None:
        known = self.records[service]
        while True:
            try:
                answer = await self._client.get(f"/{service}/log", params={"after": len(known), "limit": _PAGE})
            except httpx.TransportError:
                return
            if answer.status_code >= 500:
                return
            found = answer.raise_for_status().json()["records"]
            for one in found:
                assert one["position"] == len(known) + 1, f"{service} continues at {one['position']} after {len(known)}"
                known.append(one["record"])
            if len(found) < _PAGE:
                return

    async def follow(self) -> None:
        """Read all logs again and again, until cancelled."""
        while True:
            await asyncio.gather(*(self.read(service) for service in SERVICES))
            async with self._grown:
                self._grown.notify_all()
            await asyncio.sleep(_LOOK)

    async def until(self, service: str, event: str, about: str, where: Callable[[Record], bool] = lambda _: True) -> Record:
        """The first event of a name about an initiative (or of a stream) that fits. Raises AssertionError when none came."""

        def look() -> Record | None:
            fitting = self.of(service, event, about)
            return next((record for record in fitting if where(record)), None)

        async with self._grown:
            try:
                async with asyncio.timeout(PATIENCE):
                    while (found := look()) is None:
                        await self._grown.wait()
            except TimeoutError:
                came = [f"{name}: {name_of(one)}" for name in SERVICES for one in self.about(name, about)]
                raise AssertionError(f"no {event} about {about} within {PATIENCE:.0f} s; came {came}") from None
        return found

    def about(self, service: str, key: str) -> list[Record]:
        """The records about an initiative, or of a stream."""
        return [record for record in self.records[service] if key in (record.get("initiative"), record["subject"])]

    def of(self, service: str, event: str, about: str) -> list[Record]:
        """The events of a name about an initiative, or of a stream."""
        return [record for record in self.about(service, about) if name_of(record) == event]

    def counted(self, initiative: str) -> Counter[str]:
        """How often each event was recorded about an initiative, over all logs."""
        return Counter(name_of(record) for service in SERVICES for record in self.about(service, initiative))

    async def close(self) -> None:
        """Disconnect."""
        await self._client.aclose()


@asynccontextmanager
async def following(instance: Instance) -> AsyncIterator[Logs]:
    """The logs of an instance, read on and on meanwhile."""
    logs = Logs(instance)
    task = asyncio.create_task(logs.follow())
    try:
        yield logs
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await logs.close()


class AsRead:
    """A log that was read, as a source for a rebuild."""

    def __init__(self, log: str, view: View[Any], records: Sequence[Record]) -> None:
        self._log, self._view, self._records, self._read = log, view, records, 0

    async def read(self, upto: int) -> AsyncIterator[Sequence[Heard]]:
        """See shared.projection.rebuild.Source."""
        assert upto <= len(self._records), f"{self._log} was read up to {len(self._records)}, a table has applied {upto}"
        yield list(self._heard(upto))
        self._read = max(self._read, upto)

    def _heard(self, upto: int) -> Iterable[Heard]:
        events = {event.wire: event for event in self._view.folds}
        for place, record in enumerate(self._records[self._read : upto], self._read + 1):
            if event := events.get(record["type"]):
                yield Heard(self._log, place, Envelope(**record), event.read(record["data"]))


async def awaited(look: Callable[[], Any], what: str) -> Any:
    """Await something truthy of an async function; raises AssertionError when nothing came."""
    deadline = time.monotonic() + PATIENCE
    while not (found := await look()):
        assert time.monotonic() < deadline, f"{what} did not come within {PATIENCE:.0f} s"
        await asyncio.sleep(_LOOK)
    return found
