"""What a process starts with: its settings, its clock, a loop that is watched."""

import asyncio
import gc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from shared.runtime.clock import age, now
from shared.runtime.loop import BUDGET, LoopLag, quiet_collector
from shared.runtime.settings import Settings, SettingsError


def test_settings_come_from_the_environment(tmp_path: Path) -> None:
    settings = Settings.read({"MINUTEBOOK_DATA": str(tmp_path)})
    assert settings.run == tmp_path / "run.json" and settings.blobs == tmp_path / "blobs"
    assert Settings.read({"MINUTEBOOK_DATA": str(tmp_path), "MINUTEBOOK_RUN": "/x/run.json"}).run == Path("/x/run.json")


@pytest.mark.parametrize("environ", [{}, {"MINUTEBOOK_DATA": "/nowhere/at/all"}])
def test_a_setting_that_is_missing_or_wrong_is_named(environ: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="MINUTEBOOK_DATA"):
        Settings.read(environ)


def test_the_clock_is_utc_to_the_millisecond() -> None:
    moment = now()
    assert moment.tzinfo is UTC and moment.microsecond % 1000 == 0


def test_an_age_is_never_negative() -> None:
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    assert age(noon, noon + timedelta(seconds=90)) == 90 and age(noon + timedelta(seconds=1), noon) == 0


@pytest.fixture
def collector() -> Iterator[None]:
    thresholds = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)


def test_the_collector_leaves_alone_what_was_imported(collector: None) -> None:
    quiet_collector()
    assert gc.get_threshold() == (20_000, 50, 1_000) and gc.get_freeze_count() > 10_000


def test_lag_over_the_budget_is_counted_and_the_worst_shown_once() -> None:
    registry = CollectorRegistry()
    lag = LoopLag(registry)
    lag.observe(BUDGET / 2)
    lag.observe(BUDGET * 3)
    first, second = generate_latest(registry).decode(), generate_latest(registry).decode()
    assert "minutebook_loop_lag_over_budget_total 1.0" in first and "minutebook_loop_lag_seconds_count 2.0" in first
    assert "minutebook_loop_lag_worst_seconds 0.06" in first and "minutebook_loop_lag_worst_seconds 0.0\n" in second


async def test_the_loop_is_sampled_while_it_is_watched() -> None:
    seen: list[float] = []

    class Told(LoopLag):
        def observe(self, lag: float) -> None:
            seen.append(lag)
            super().observe(lag)
            told.set()

    told = asyncio.Event()
    async with Told(CollectorRegistry()).watch():
        await told.wait()
    assert seen and min(seen) >= 0
