"""What can be read of a service beside its pages: states, events, the log, the feed, disclosures, tables."""

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from shared.contracts.conduct import AuditData
from shared.contracts.personal import opened
from shared.domain.state import State
from shared.identity.guard import guard
from shared.identity.policy import authorise
from shared.identity.principal import HUB, Denied, Principal
from shared.ledger.shards import SHARDS
from shared.web.asked import concerning
from shared.web.commands import After, AfterHeader, Identity
from shared.web.conditions import wanted_positions, wants_html
from shared.web.fields import words
from shared.web.openapi import problems
from shared.web.problems import not_found
from shared.web.running import Running
from shared.web.screens import aggregate_page, log_page
from shared.web.tables import table

EVENTS = "application/cloudevents-batch+json"
MOST_DIGESTS = 500
_Limit = Annotated[int, Query(ge=1, le=1000, description="Records at most.")]
_FeedLimit = Annotated[int, Query(ge=1, le=5000, description="Records at most.")]
_From = Annotated[int, Query(ge=0, le=2**53 - 1, description="The position after which to read.")]


class StateRead(BaseModel):
    """A stream folded now. Personal values stand as digests; their texts are disclosed apart."""

    stream: str
    version: int
    state: dict[str, Any]


class FedRecord(BaseModel):
    """A record of a shard: its position, the position before it in the shard (0: none), its exact text (UTF-8)."""

    position: int
    predecessor: int
    record: str


class Digests(BaseModel):
    """Digests to disclose. `stream` is the stream in whose records they stand; without it, only who may disclose at the hub."""

    digests: Annotated[list[Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{43}$")]], Field(max_length=MOST_DIGESTS)]
    stream: Annotated[str | None, Field(max_length=200)] = None


class Disclosed(BaseModel):
    """Texts by digest, and the disclosures that their digests can be checked against; what was erased, or never was here, is absent."""

    texts: dict[str, Any]
    disclosures: dict[str, str]


def add_states(router: APIRouter, running: Running, state: type[State]) -> None:
    """Add the routes that read one aggregate's streams."""
    service, tags = running.service.name, [words(state.kind)]
    path = f"/{service}/{state.plural}/{{identity}}"
    common: dict[str, Any] = {"methods": ["GET"], "tags": tags, "dependencies": [Depends(guard(f"{service}/read"))]}

    async def read_state(request: Request, identity: Identity, minutebook_after: AfterHeader = None, after: After = None) -> Response:
        await running.heard(wanted_positions(minutebook_after or after))
        found, version = await running.handler.state(state, identity)
        if not version:
            raise not_found(state.stream(identity), "look at its id; ids are case-sensitive")
        if wants_html(request):
            return await aggregate_page(request, running, state, identity, found, version)
        document = StateRead(stream=state.stream(identity), version=version, state=found.model_dump(mode="json"))
        return JSONResponse(document.model_dump(), headers={"ETag": f'"{version}"', "Vary": "Accept"})

    async def read_events(request: Request, identity: Identity) -> Response:
        records = await running.log.stream(state.stream(identity))
        if not records:
            raise not_found(state.stream(identity), "look at its id; ids are case-sensitive")
        await running.recorder.accessed(request.state.who, AuditData.EVENTS, stream=state.stream(identity))
        body = b"[" + b",\n".join(record.bytes for record in records) + b"]"
        return Response(body, media_type=EVENTS, headers={"ETag": f'"{records[-1].version}"'})

    said = f"A {state.kind.replace('-', ' ')} as it stands"
    found = problems(401, 403, 404, 422, 503)
    router.add_api_route(
        path, read_state, response_model=StateRead, summary=said, responses=found, operation_id=f"{service}.{state.kind}", **common
    )
    listed = "Its events: the exact envelopes, as a CloudEvents batch"
    shape: dict[int | str, dict[str, Any]] = {
        200: {"description": "A CloudEvents batch", "content": {EVENTS: {"schema": {"type": "array"}}}}
    }
    common["dependencies"] = [Depends(guard(f"{service}/audit", concerning(running, state)))]
    router.add_api_route(
        f"{path}/events",
        read_events,
        summary=listed,
        responses=shape | problems(401, 403, 404, 422),
        response_class=Response,
        operation_id=f"{service}.{state.kind}.events",
        **common,
    )


def add_log(router: APIRouter, running: Running) -> None:
    """Add the routes that read the log of a service."""
    service, name = running.service, running.service.name

    @router.get(
        f"/{name}/log",
        dependencies=[Depends(guard(f"{name}/audit"))],
        summary="The log, in the order of its positions",
        tags=["Log"],
        responses=problems(401, 403, 422, 503),
        operation_id=f"{name}.log",
    )
    async def read_log(request: Request, after: _From = 0, limit: _Limit = 200) -> Response:
        records = await running.log.page(after, limit)
        following = records[-1].position if len(records) == limit else None
        await running.recorder.accessed(request.state.who, AuditData.LOG, after=after, limit=limit)
        if wants_html(request):
            return await log_page(request, running, records, after, following)
        listed = [{"position": record.position, "record": orjson.Fragment(record.bytes)} for record in records]
        return _json({"log": name, "after": after, "next": following, "records": listed})

    @router.get(
        f"/{name}/feed",
        dependencies=[Depends(guard(f"{name}/feed"))],
        response_model=list[FedRecord],
        summary="A shard of the log: exact records, each with the position before it",
        tags=["Log"],
        responses=problems(401, 403, 422, 503),
        operation_id=f"{name}.log.feed",
    )
    async def read_feed(
        request: Request, shard: Annotated[int, Query(ge=0, lt=SHARDS)], after: _From = 0, limit: _FeedLimit = 1000
    ) -> Response:
        records = await running.log.by_shard(shard, after, limit)
        before = (await running.log.predecessors(after))[shard] if records else 0
        await running.recorder.accessed(request.state.who, AuditData.FEED, shard=shard, after=after, limit=limit)
        fed = []
        for record in records:
            fed.append({"position": record.position, "predecessor": before, "record": record.bytes.decode()})
            before = record.position
        return _json(fed)

    @router.post(
        f"/{name}/disclosures",
        dependencies=[Depends(guard(f"{name}/read"))],
        response_model=Disclosed,
        summary="What digests stand for",
        tags=["Log"],
        responses=problems(401, 403, 404, 422, 503),
        operation_id=f"{name}.disclosures",
    )
    async def disclose(request: Request, wanted: Digests) -> Disclosed:
        office, asked = HUB, wanted.digests
        if wanted.stream is not None:
            kind, _, identity = wanted.stream.partition("/")
            state = next((known for known in service.aggregates if known.kind == kind), None)
            records = await running.log.stream(wanted.stream) if state else []
            if state is None or not records:
                raise not_found(wanted.stream)
            found, _ = await running.handler.state(state, identity)
            office = found.office_in_charge() or HUB
            said = b"\n".join(record.bytes for record in records)
            asked = [digest for digest in asked if f'"_sd":"{digest}"'.encode() in said or f'"reason":"{digest}"'.encode() in said]
        principal: Principal = request.state.principal
        try:
            who = authorise(principal, f"{name}/disclose", office)
        except Denied as denial:
            await running.recorder.denied(principal.person, f"POST {name}/disclose", denial)
            raise
        await running.recorder.accessed(who, AuditData.DISCLOSURES, stream=wanted.stream)
        disclosures = {digest: sealed.decode() for digest, sealed in (await running.log.disclose(asked)).items()}
        return Disclosed(texts={digest: opened(text) for digest, text in disclosures.items()}, disclosures=disclosures)


def add_views(router: APIRouter, running: Running) -> None:
    """Add the route that reads the tables of a service."""
    name = running.service.name
    views = {view.name: view for view in running.service.views}

    @router.get(
        f"/{name}/views/{{view}}",
        dependencies=[Depends(guard(f"{name}/read"))],
        summary="The rows of a table, with the positions up to which they are known",
        tags=["Tables"],
        responses=problems(401, 403, 404, 422, 503),
        operation_id=f"{name}.views",
    )
    async def read_view(
        request: Request, view: str, limit: _Limit = 200, minutebook_after: AfterHeader = None, after: After = None
    ) -> Response:
        if view not in views:
            raise not_found(f"A table called {view}", f"tables here: {', '.join(sorted(views)) or 'none'}")
        await running.heard(wanted_positions(minutebook_after or after))
        return _json(await table(running, views[view], dict(request.query_params), limit))


def _json(document: Any) -> Response:
    headers = {"Vary": "Accept"}
    return Response(orjson.dumps(document, default=str), media_type="application/json", headers=headers)
