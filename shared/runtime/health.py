"""Health: /healthz (the process lives), /readyz (it can do its work, else why not), /metrics (Prometheus text)."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Gauge, generate_latest

_WITHIN = 2.0

Check = Callable[[], Awaitable[str | None]]
"""Why the process is not ready, as a sentence; None when it is."""


class Measure(Enum):
    """What is measured: metric, help, labels."""

    CONSUMER_LAG = ("minutebook_consumer_lag_records", "Records of a log that a consumer has not applied", ("consumer", "log"))
    TABLE_AGE = ("minutebook_table_age_seconds", "Seconds since a table last showed all that Kafka holds", ("service", "table", "log"))
    RELAY_LAG = ("minutebook_relay_lag_records", "Records of a log that are not yet in Kafka", ("log",))
    RELAY_RUNNING = ("minutebook_relay_running", "1 when this process relays the log, 0 when it stands by", ("log",))
    RELAY_FORGED = ("minutebook_relay_stopped_at_forged", "1 when the log holds a record that its service did not append", ("log",))
    QUARANTINED = ("minutebook_quarantined_keys", "Keys that wait in quarantine", ("consumer",))
    LOG_POSITION = ("minutebook_log_position", "Position of the newest record", ("log",))


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of a measure; `labels` in the order that the measure names them."""

    measure: Measure
    labels: tuple[str, ...]
    value: float


Sampler = Callable[[], Awaitable[Iterable[Sample]]]


@dataclass
class Health:
    """What this process knows of its health. Parts of the process add checks and samplers while they are wired."""

    checks: dict[str, Check] = field(default_factory=dict)
    samplers: list[Sampler] = field(default_factory=list)
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)

    def __post_init__(self) -> None:
        self._gauges: Mapping[Measure, Gauge] = {m: Gauge(m.value[0], m.value[1], m.value[2], registry=self.registry) for m in Measure}
        self._failed = Gauge("minutebook_samplers_failed", "Samplers that gave no answer at this scrape", registry=self.registry)

    async def reasons(self) -> dict[str, str]:
        """Why the process is not ready, by check; empty when it is."""
        answers = await asyncio.gather(*(_asked(check) for check in self.checks.values()))
        return {name: reason for name, reason in zip(self.checks, answers, strict=True) if reason}

    async def metrics(self) -> bytes:
        """All metrics: those sampled now, and the counters that parts of the process keep."""
        found = await asyncio.gather(*(asyncio.wait_for(_listed(s), _WITHIN) for s in self.samplers), return_exceptions=True)
        for gauge in self._gauges.values():
            gauge.clear()
        self._failed.set(sum(isinstance(samples, BaseException) for samples in found))
        for samples in found:
            for sample in [] if isinstance(samples, BaseException) else samples:
                self._gauges[sample.measure].labels(*sample.labels).set(sample.value)
        return generate_latest(self.registry) + generate_latest(REGISTRY)

    def router(self) -> APIRouter:
        """The three routes; they need no token and say nothing of anybody."""
        router = APIRouter(tags=["health"])

        @router.get("/healthz", summary="The process lives")
        async def healthz() -> dict[str, str]:
            return {"status": "alive"}

        @router.get("/readyz", summary="The process can do its work", responses={503: {"description": "Not ready, with the reasons"}})
        async def readyz() -> JSONResponse:
            reasons = await self.reasons()
            if reasons:
                return JSONResponse({"status": "not ready", "reasons": reasons}, 503, {"Retry-After": "1"})
            return JSONResponse({"status": "ready"})

        @router.get("/metrics", summary="Metrics in the Prometheus text format", response_class=Response)
        async def metrics() -> Response:
            return Response(await self.metrics(), media_type=CONTENT_TYPE_LATEST)

        return router


async def _asked(check: Check) -> str | None:
    try:
        return await asyncio.wait_for(check(), _WITHIN)
    except TimeoutError:
        return f"gave no answer within {_WITHIN:g} s"
    except Exception as error:
        return f"failed ({type(error).__name__})"


async def _listed(sampler: Sampler) -> list[Sample]:
    return list(await sampler())
