"""Rebuilt = incremental, and every effect once, under random commands, faults, deliveries, rebuilds and replays."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack

import pytest
from hypothesis import given, seed
from hypothesis import strategies as st

from deploy.postgres import Postgres
from tests.properties.machine import STEPS, Organisation, Step
from tests.properties.profile import profile, seed_of_run
from tests.properties.site import Site, opened

Setting = tuple[asyncio.AbstractEventLoop, dict[str, Site], str]


@pytest.fixture(scope="module")
def setting(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setting]:
    """Databases that are made once, and the loop in which their connections live: hypothesis knows no async."""
    loop, stack = asyncio.new_event_loop(), AsyncExitStack()
    try:
        sites = loop.run_until_complete(stack.enter_async_context(opened(postgres.superuser_dsn, tmp_path_factory.mktemp("organisation"))))
        yield loop, sites, postgres.superuser_dsn
    finally:
        loop.run_until_complete(stack.aclose())
        loop.close()


@pytest.mark.timeout(7200)
def test_whatever_happens_the_tables_are_what_the_logs_say(setting: Setting) -> None:
    loop, sites, superuser = setting

    @seed(seed_of_run())
    @profile(examples=5)
    @given(st.lists(STEPS, min_size=50, max_size=100))
    def check(steps: list[Step]) -> None:
        loop.run_until_complete(Organisation(sites, superuser).live(steps))

    check()
