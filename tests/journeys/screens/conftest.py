"""The browser, and people at it. Where no Chromium is found, the journeys through the screens are skipped, and say so."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser

from tests.journeys.instance import Instance
from tests.journeys.screens.visitor import BROWSERS, Theme, Visitor, found_browser, launched

Visit = Callable[..., Awaitable[Visitor]]


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """A real browser, one for the whole run."""
    path = found_browser()
    if path is None:
        pytest.skip(f"NO BROWSER: none of {', '.join(BROWSERS)} is in PATH, so the screens were not walked; apt-get install chromium")
    async with launched(path) as browser:
        yield browser


@asynccontextmanager
async def _visits(instance: Instance, browser: Browser) -> AsyncIterator[Visit]:
    visitors: list[Visitor] = []

    async def signed_in(person: str, theme: Theme = "light", width: int = 1400) -> Visitor:
        context = await browser.new_context(color_scheme=theme, viewport={"width": width, "height": 900})
        visitors.append(await Visitor.sign_in(context, instance, person))
        return visitors[-1]

    yield signed_in
    faults = [fault for visitor in visitors for fault in visitor.faults]
    for visitor in visitors:
        await visitor.page.context.close()
    assert not faults, faults


@pytest.fixture
async def visit(instance: Instance, browser: Browser) -> AsyncIterator[Visit]:
    """visit(person) signs somebody in, in a browser window of their own. At the end no page may have had a fault."""
    async with _visits(instance, browser) as visit:
        yield visit


@pytest.fixture(scope="module")
async def module_visit(instance: Instance, browser: Browser) -> AsyncIterator[Visit]:
    """The same for what a module prepares once."""
    async with _visits(instance, browser) as visit:
        yield visit
