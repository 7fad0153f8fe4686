"""The handler: a command is decided on what is on record, acts once, and its first answer stays its answer."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from enum import StrEnum
from typing import Any
from uuid import uuid4

import pytest

from shared.contracts.envelope import Envelope
from shared.contracts.event import Event
from shared.contracts.personal import Personal
from shared.contracts.personal import opened as opened_text
from shared.contracts.values import Count, Text
from shared.domain.decider import Events, decides, evolves
from shared.domain.given import Given, Who
from shared.domain.refused import Refused, require
from shared.domain.state import Command, Fact, State
from shared.ledger.handler import Handler
from shared.ledger.intent import Conflicted, Intent, Mismatched
from shared.ledger.log import Log
from tests.shared.ledger.office import Office

ANN = Who("p-ann", "clerk", "hub")


class FileOpened(Event, service="toy"):
    limit: Count


class PageAdded(Event, service="toy"):
    words: Personal[Text]


class FileShut(Event, service="toy"):
    pass


class FileStatus(StrEnum):
    OPEN = "open"
    SHUT = "shut"


class File(State):
    status: FileStatus | None = None
    limit: int = 0
    pages: int = 0


class House(Fact):
    quiet: bool


class OpenFile(Command, role="clerk", starts=True):
    limit: Count = 3


class AddPage(Command, role="clerk"):
    words: Personal[Text]
    after: str | None = None


class ShutFile(Command, role="clerk"):
    pass


@decides
def open_file(file: File, command: OpenFile, given: Given) -> Events:
    yield FileOpened(limit=command.limit)


@decides
def add_page(file: File, command: AddPage, given: Given) -> Events:
    file.must_be(FileStatus.OPEN)
    require(file.pages < file.limit, rule="limit", because=f"the file holds {file.limit} pages")
    if command.after:
        require(given.of(File, command.after).pages > 0, rule="order", because="the other file is empty")
        house = given.fact(House, "hub")
        require(not house or not house.quiet, rule="quiet", because="not at night")
    yield PageAdded(words=command.words).note(reason=command.words)


@decides
def shut_file(file: File, command: ShutFile, given: Given) -> Events:
    if file.status is FileStatus.OPEN:
        yield FileShut()


@evolves
def opened(file: File, event: FileOpened) -> File:
    return file.replace(status=FileStatus.OPEN, limit=event.limit)


@evolves
def added(file: File, event: PageAdded) -> File:
    return file.replace(pages=file.pages + 1)


@evolves
def shut(file: File, event: FileShut) -> File:
    return file.replace(status=FileStatus.SHUT)


async def _house(kind: type[Fact], key: str) -> tuple[Fact | None, dict[str, int]]:
    return House(quiet=False), {"gates": 41}


@pytest.fixture
async def handler(log: Log) -> Handler:
    return Handler(log, "toy", _house, b"secret")


@pytest.fixture
async def other(office: Office) -> AsyncIterator[Handler]:
    """The same service in another process, as far as memory goes."""
    opened, keystore = await office.open()
    yield Handler(opened, "toy", _house, b"secret")
    await opened.close()
    await keystore.close()


def intent(command: Command, identity: str = "F-1", **more: Any) -> Intent:
    return Intent(uuid4(), File, identity, command, ANN, **more)


async def test_a_command_is_recorded_with_who_when_and_what_was_known(handler: Handler) -> None:
    await handler.handle(intent(OpenFile(), "F-0"))
    await handler.handle(intent(AddPage(words="first"), "F-0"))
    await handler.handle(intent(OpenFile()))
    receipt = await handler.handle(intent(AddPage(words="hello", after="F-0")))
    (record,) = await handler.log.page(receipt.last - 1, 1)
    envelope = Envelope.decode(record.bytes)
    assert (envelope.actor, envelope.role, envelope.office, envelope.source) == ("p-ann", "clerk", "hub", "/offices/hub/toy")
    assert envelope.given == [{"log": "toy", "stream": "file/F-0", "version": 2}, {"log": "gates", "position": 41}]
    assert envelope.reason == envelope.data["words"]["_sd"]
    assert receipt.event_ids == (envelope.id,)
    assert b"hello" not in record.bytes
    disclosed = await handler.log.disclose([envelope.data["words"]["_sd"]])
    assert [opened_text(text.decode()) for text in disclosed.values()] == ["hello"]


async def test_a_repeat_gets_the_first_answer_also_after_the_state_moved_on(handler: Handler, other: Handler) -> None:
    await handler.handle(intent(OpenFile(limit=1)))
    command = intent(AddPage(words="only"), body=b'{"words":"only"}')
    first = await handler.handle(command)
    await handler.handle(intent(ShutFile()))
    for again in (handler, other):
        assert await again.handle(command) == replace(first, repeated=True)


async def test_the_same_id_for_something_else_is_refused(handler: Handler) -> None:
    command = intent(OpenFile(limit=1))
    await handler.handle(command)
    with pytest.raises(Mismatched):
        await handler.handle(replace(command, command=OpenFile(limit=2)))
    with pytest.raises(Mismatched):
        await handler.handle(replace(command, who=Who("p-bob", "clerk", "hub")))


async def test_a_caller_who_saw_an_older_version_is_told_the_current_one(handler: Handler) -> None:
    await handler.handle(intent(OpenFile()))
    await handler.handle(intent(AddPage(words="a"), expected=1))
    with pytest.raises(Conflicted) as conflict:
        await handler.handle(intent(AddPage(words="b"), expected=1))
    assert conflict.value.current == 2


async def test_a_refusal_is_never_given_on_what_memory_alone_says(handler: Handler, other: Handler) -> None:
    await handler.handle(intent(OpenFile()))
    with pytest.raises(Refused, match="empty"):
        await handler.handle(intent(AddPage(words="b", after="F-9"), "F-1"))
    await other.handle(intent(OpenFile(), "F-9"))
    await other.handle(intent(AddPage(words="x"), "F-9"))
    await handler.handle(intent(AddPage(words="b", after="F-9"), "F-1"))


async def test_a_limit_holds_when_two_processes_write_at_once(handler: Handler, other: Handler) -> None:
    await handler.handle(intent(OpenFile(limit=3)))
    hands = [(handler, other)[n % 2].handle(intent(AddPage(words=f"page {n}"))) for n in range(8)]
    answers = await asyncio.gather(*hands, return_exceptions=True)
    assert sum(not isinstance(answer, BaseException) for answer in answers) == 3
    assert all(isinstance(answer, Refused) for answer in answers if isinstance(answer, BaseException))
    assert (await handler.state(File, "F-1"))[0].pages == 3


async def test_a_command_that_changes_nothing_records_nothing(handler: Handler) -> None:
    await handler.handle(intent(OpenFile()))
    await handler.handle(intent(ShutFile()))
    receipt = await handler.handle(intent(ShutFile()))
    assert (receipt.version, receipt.event_ids) == (2, ())
