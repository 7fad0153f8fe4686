"""Make docs/portfolio.png from a running instance: PYTHONPATH=. python docs/screenshot.py DATA.

Needs Chromium, and an instance with the release of 2021 imported.
"""

import asyncio
import sys
from pathlib import Path

from playwright.async_api import async_playwright

from deploy.instance import read_run_file
from shared.identity.issuer import mint_link
from tests.journeys.screens.visitor import FLAGS, found_browser

TARGET = Path(__file__).with_name("portfolio.png")
SIZE = {"width": 1400, "height": 900}


async def portfolio(data: Path) -> None:
    """Take the first screen of the portfolio, in light, as a person of the portfolio office sees it."""
    url = read_run_file(data / "run.json")["url"]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=found_browser(), args=FLAGS)
        page = await browser.new_page(viewport=SIZE, color_scheme="light")  # type: ignore[arg-type]
        await page.goto(url + mint_link(data, "p-okafor"))
        await page.get_by_role("heading", level=1, name="Portfolio").wait_for()
        await page.screenshot(path=TARGET)
        await browser.close()


if __name__ == "__main__":
    asyncio.run(portfolio(Path(sys.argv[1])))
