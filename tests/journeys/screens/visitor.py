"""Somebody at a browser: reads pages, follows links by their words, fills in forms by their labels."""

import re
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, async_playwright, expect

from tests.journeys.instance import PATIENCE, Instance

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic"]
Theme = Literal["light", "dark"]
_REFUSED = re.compile(r"Failed to load resource: the server responded with a status of 4\d\d")
"""What the browser notes when a page says no: that is no fault of the page."""


def found_browser() -> str | None:
    """The path of a Chromium on this machine."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


@asynccontextmanager
async def launched(path: str) -> AsyncIterator[Browser]:
    """A running browser without a window."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        await browser.close()


@dataclass
class Visitor:
    """A person at a page. `faults` are the errors of scripts, styles and the content policy that the browser noted."""

    page: Page
    url: str
    faults: list[str] = field(default_factory=list)

    @classmethod
    async def sign_in(cls, context: BrowserContext, instance: Instance, person: str) -> "Visitor":
        """Open the person's one-time link."""
        page = await context.new_page()
        visitor = cls(page, instance.url)
        page.on("console", visitor._noted)
        page.on("pageerror", lambda error: visitor.faults.append(str(error)))
        await page.goto(instance.link(person))
        return visitor

    def _noted(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not _REFUSED.match(message.text):
            self.faults.append(f"{self.page.url}: {message.text}")

    async def go(self, path: str) -> int:
        """Open a page; its HTTP status."""
        answer = await self.page.goto(self.url + path)
        assert answer is not None
        return answer.status

    async def until(self, path: str, text: str) -> None:
        """Open a page again and again until it shows what follows from an event elsewhere."""
        deadline = time.monotonic() + PATIENCE
        while text not in (await self.read() if await self.go(path) == 200 else ""):
            assert time.monotonic() < deadline, f"{path} does not show {text!r}: {await self.read()}"
            await self.page.wait_for_timeout(100)

    async def read(self) -> str:
        """What the main part of the page says."""
        return await self.page.locator("main").inner_text()

    async def sees(self, *texts: str) -> None:
        """Fail unless the page shows all of these."""
        said = " ".join((await self.read()).split())
        for text in texts:
            assert text in said, f"{self.page.url} does not say {text!r}: {said[:1500]}"

    async def follow(self, words: str) -> None:
        """Click the first link with these words."""
        await self.page.get_by_role("link", name=words, exact=True).first.click()

    async def fill(self, **fields: str) -> None:
        """Fill in fields by their labels, in which _ stands for a space."""
        for label, value in fields.items():
            control = self.page.get_by_label(re.compile(f"^{label.replace('_', ' ')}( \\(optional\\))?$"))
            if await control.evaluate("(node) => node.tagName") == "SELECT":
                await control.select_option(value)
            else:
                await control.fill(value)

    async def choose(self, words: str) -> None:
        """Choose one of several by its words."""
        await self.page.get_by_role("radio", name=words, exact=True).check()

    async def sign(self) -> None:
        """Tick the box beside the sentence that is signed."""
        await self.page.locator(".mb-sign").get_by_role("checkbox").check()

    async def press(self, words: str) -> None:
        """Press a button and wait for the page that follows."""
        async with self.page.expect_navigation():
            await self.button(words).click()

    def button(self, words: str) -> Locator:
        """The button that can be seen with these words."""
        return self.page.get_by_role("button", name=words, exact=True)

    async def heading(self, words: str) -> None:
        """Wait until the page has this heading."""
        await expect(self.page.get_by_role("heading", level=1, name=words)).to_be_visible()
