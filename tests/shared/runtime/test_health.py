"""Health: alive, ready or why not, and metrics that never fail as a whole."""

import asyncio
from collections.abc import Iterable

import httpx
import pytest
from fastapi import FastAPI

from shared.runtime import health as module
from shared.runtime.health import Health, Measure, Sample


async def asked(health: Health, path: str) -> httpx.Response:
    app = FastAPI()
    app.include_router(health.router())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here") as http:
        return await http.get(path)


async def fine() -> str | None:
    return None


async def test_a_process_without_trouble_is_alive_and_ready() -> None:
    health = Health(checks={"log": fine})
    assert (await asked(health, "/healthz")).json() == {"status": "alive"}
    assert (await asked(health, "/readyz")).json() == {"status": "ready"}


async def test_a_process_that_is_not_ready_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_WITHIN", 0.01)

    async def behind() -> str | None:
        return "gates is 12 records behind"

    async def failing() -> str | None:
        raise OSError("secret host")

    async def silent() -> str | None:
        await asyncio.Event().wait()
        return None

    answer = await asked(Health(checks={"log": fine, "views": behind, "kafka": failing, "keys": silent}), "/readyz")
    assert answer.status_code == 503 and answer.headers["retry-after"] == "1"
    reasons = answer.json()["reasons"]
    assert reasons["views"] == "gates is 12 records behind" and reasons["kafka"] == "failed (OSError)" and "no answer" in reasons["keys"]


async def test_metrics_are_sampled_when_they_are_asked_for() -> None:
    values = [3.0, 1.0]

    async def lag() -> Iterable[Sample]:
        return [Sample(Measure.CONSUMER_LAG, ("gates", "intake"), values.pop(0))]

    health = Health(samplers=[lag])
    for value in (3.0, 1.0):
        assert f'minutebook_consumer_lag_records{{consumer="gates",log="intake"}} {value}' in (await asked(health, "/metrics")).text


async def test_a_sampler_that_fails_is_counted_and_the_others_answer() -> None:
    async def failing() -> Iterable[Sample]:
        raise OSError

    async def position() -> Iterable[Sample]:
        return [Sample(Measure.LOG_POSITION, ("gates",), 7)]

    text = (await asked(Health(samplers=[failing, position]), "/metrics")).text
    assert "minutebook_samplers_failed 1.0" in text and 'minutebook_log_position{log="gates"} 7.0' in text
