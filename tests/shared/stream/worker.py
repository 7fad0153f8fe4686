"""A worker process of a branch, to be killed: `python -m tests.shared.stream.worker <settings as JSON> relay subscriber timers`."""

import asyncio
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from shared.stream.access import Access
from shared.stream.topics import Topics
from tests.shared.ledger.office import Office
from tests.shared.stream.branch import Branch

LATER = datetime(2031, 1, 1, tzinfo=UTC)


async def work(settings: dict[str, str], parts: list[str]) -> None:
    office = Office(settings["superuser"], settings["service"], Path(settings["directory"]))
    topics = Topics(settings["bootstrap"], settings["prefix"], 4, Access(settings["user"], settings["password"]))
    async with Branch.opened(office, topics) as branch:
        runs = {"relay": branch.relay().run, "subscriber": branch.subscriber().run, "timers": branch.timers(LATER).run}
        await asyncio.gather(*(runs[part]() for part in parts))


if __name__ == "__main__":
    asyncio.run(work(json.loads(sys.argv[1]), sys.argv[2:]))
