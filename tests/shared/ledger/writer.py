"""A process that appends until it is killed: `python -m tests.shared.ledger.writer <office as JSON> <name> <callers>`.

Prints a line for every command answered: its number and its verdict.
"""

import asyncio
import itertools
import sys
from pathlib import Path
from uuid import NAMESPACE_OID, UUID, uuid5

import orjson

from shared.ledger.record import Append, Appended, Disclosure
from tests.shared.ledger.office import Office, command


def numbered(name: str, number: int) -> Append:
    """The same command for the same name and number, in every process."""
    identity: UUID = uuid5(NAMESPACE_OID, f"{name}/{number}")
    text = Disclosure(f"digest {name}/{number}", None, b"because")
    return command(f"{name}/{number}", records=2, identity=identity, disclosures=(text,))


def order(office: Office, name: str, callers: int) -> list[str]:
    """The command line that runs such a process."""
    place = orjson.dumps({"superuser": office.superuser, "service": office.service, "directory": str(office.directory)}).decode()
    return [sys.executable, "-m", "tests.shared.ledger.writer", place, name, str(callers)]


async def main(place: str, name: str, callers: int) -> None:
    found = orjson.loads(place)
    log, _ = await Office(found["superuser"], found["service"], Path(found["directory"])).open()
    numbers = itertools.count()

    async def call() -> None:
        for number in numbers:
            verdict = await log.append(numbered(name, number))
            assert isinstance(verdict, Appended)
            sys.stdout.write(f"{number} {verdict.first} {verdict.last}\n")
            sys.stdout.flush()

    await asyncio.gather(*(call() for _ in range(callers)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
