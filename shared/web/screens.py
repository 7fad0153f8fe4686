"""Screens that every aggregate and log has without a page of its own."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from fastapi import Request
from fastapi.responses import Response

from shared.contracts.personal import opened
from shared.domain.state import Command, State
from shared.identity.policy import action_of, authorise
from shared.identity.principal import HUB, Denied, Principal
from shared.ledger.record import Record
from shared.web.asked import commands_of
from shared.web.fields import words
from shared.web.forms import text_of, title_of
from shared.web.page import page
from shared.web.running import Running

SHOWN = 200
"""The most events that a page lists."""


def may(principal: Principal, action: str, office: str) -> bool:
    """Whether the policy lets them; nothing is recorded."""
    try:
        authorise(principal, action, office)
    except Denied:
        return False
    return True


def open_to(principal: Principal, service: str, found: State) -> list[type[Command]]:
    """The commands that the person may give to a stream as it stands; the rules decide when they are given."""
    state, office = type(found), found.office_in_charge() or HUB
    asked = [command for command in commands_of(state) if found.takes(command)]
    return [command for command in asked if may(principal, action_of(service, state, command), office)]


def digests_in(value: Any) -> list[str]:
    """The digests of personal values in some JSON."""
    if isinstance(value, Mapping):
        own = [value["_sd"]] if isinstance(value.get("_sd"), str) else []
        return own + [digest for inner in value.values() for digest in digests_in(inner)]
    if isinstance(value, list | tuple):
        return [digest for inner in value for digest in digests_in(inner)]
    return []


async def texts_for(request: Request, running: Running, office: str, *values: Any) -> dict[str, Any]:
    """What the digests in `values` stand for, as far as the person may see it and it was not erased."""
    digests = list(dict.fromkeys(digests_in(values)))
    if not digests or not may(request.state.principal, f"{running.service.name}/disclose", office):
        return {}
    return {digest: opened(sealed.decode()) for digest, sealed in (await running.log.disclose(digests)).items()}


async def aggregate_page(request: Request, running: Running, state: type[State], identity: str, found: State, version: int) -> Response:
    """A stream as it stands, its newest events, and what the person may do with it."""
    service, office = running.service.name, found.office_in_charge() or HUB
    records = await running.log.stream(state.stream(identity), max(0, version - SHOWN))
    events = [_event(record) for record in records]
    shown = found.model_dump(mode="json", exclude={"status"})
    here = f"/{service}/{state.plural}/{identity}"
    commands = [
        {"title": title_of(command), "text": text_of(command), "signs": command.signs, "href": f"{here}/{command.name}/form"}
        for command in open_to(request.state.principal, service, found)
    ]
    return await page(
        request,
        "aggregate.html",
        headers={"ETag": f'"{version}"', "Vary": "Accept"},
        known=[await running.known()],
        service=running.service.title,
        log=service,
        kind=words(state.kind),
        identity=identity,
        called=found.called(),
        about=found.about(),
        stage=found.status,
        version=version,
        state=shown,
        events=events,
        earlier=version > len(events),
        commands=commands,
        texts=await texts_for(request, running, office, shown, [event["envelope"]["data"] for event in events]),
    )


async def log_page(request: Request, running: Running, records: Sequence[Record], after: int, following: int | None) -> Response:
    """A page of the log as a list of events."""
    plurals = {state.kind: state.plural for state in running.service.aggregates}
    events = []
    for record in records:
        kind, _, identity = record.stream.partition("/")
        href = f"/{running.service.name}/{plurals[kind]}/{identity}#v{record.version}" if kind in plurals else None
        events.append(_event(record) | {"href": href})
    return await page(
        request, "log.html", known=[await running.known()], service=running.service, events=events, after=after, next=following
    )


def _event(record: Record) -> dict[str, Any]:
    envelope = orjson.loads(record.bytes)
    name = envelope["type"].split(".")[-2]
    spaced = "".join(f" {letter.lower()}" if letter.isupper() and place else letter for place, letter in enumerate(name))
    return {"position": record.position, "version": record.version, "name": spaced, "envelope": envelope}
