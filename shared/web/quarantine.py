"""The quarantine of a service over HTTP: which keys wait, and the replay of one or of all."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Self

import structlog
from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.domain.given import Who
from shared.identity.guard import guard
from shared.stream.retry import TRANSIENT
from shared.web.openapi import problems
from shared.web.problems import not_found, not_ready
from shared.web.running import Running

_PATIENCE = 60.0
_log = structlog.get_logger("quarantine")


class Waiting(BaseModel):
    """A key that waits: for the tables (`views`) or the reactions of a service, from `position` of `log` on, and how to mend it."""

    model_config = ConfigDict(from_attributes=True)

    consumer: str
    log: str
    key: str
    position: int
    records: int
    reason: str
    way_out: str
    since: datetime


class ReplayAsked(BaseModel):
    """The key of a log to replay; without one, all that wait."""

    model_config = ConfigDict(extra="forbid")

    log: Annotated[str | None, Field(max_length=40)] = None
    key: Annotated[str | None, Field(max_length=200)] = None

    @model_validator(mode="after")
    def _a_place_or_all(self) -> Self:
        if (self.log is None) != (self.key is None):
            raise ValueError("name both log and key, or neither to replay all that wait")
        return self


class ReplayDone(BaseModel):
    """What a replay did with a key: so many records applied, so many left, and why."""

    log: str
    key: str
    applied: int
    left: int
    reason: str | None = None


def add_quarantine(router: APIRouter, running: Running) -> None:
    """Add the routes of a service's quarantine."""
    name = running.service.name

    @router.get(
        f"/{name}/quarantine",
        dependencies=[Depends(guard(f"{name}/quarantine"))],
        summary="The keys that wait because a record of theirs could not be applied",
        tags=["Quarantine"],
        responses=problems(401, 403, 503),
        operation_id=f"{name}.quarantine",
    )
    async def show() -> list[Waiting]:
        return await listed(running)

    @router.post(
        f"/{name}/quarantine/replay",
        summary="Apply again what waits: of one key, or of all",
        tags=["Quarantine"],
        responses=problems(401, 403, 404, 422, 503),
        operation_id=f"{name}.quarantine.replay",
    )
    async def replay(asked: ReplayAsked, who: Annotated[Who, Depends(guard(f"{name}/replay"))]) -> list[ReplayDone]:
        places = dict.fromkeys((one.log, one.key) for one in await running.quarantine.parked())
        if asked.log is not None and asked.key is not None:
            if (asked.log, asked.key) not in places:
                raise not_found(f"{asked.key} of {asked.log} among the keys that wait", f"look at what waits: GET /{name}/quarantine")
            places = {(asked.log, asked.key): None}
        done = []
        try:
            # A reaction is patient; whoever asked is not. What is not finished is rolled back and still waits.
            async with asyncio.timeout(_PATIENCE):
                for log, key in places:
                    result = await running.quarantine.replay(log, key)
                    _log.info("key_replayed", service=name, log=log, key=key, applied=result.applied, left=result.left, by=who.actor)
                    done.append(ReplayDone(log=log, key=key, applied=result.applied, left=result.left, reason=result.reason))
        except TRANSIENT as error:
            raise not_ready(f"The replay could not be finished ({type(error).__name__}); what is left still waits.") from error
        return done


def listing(waiting: Sequence[Waiting]) -> JSONResponse:
    """The same as an answer."""
    return JSONResponse([one.model_dump(mode="json") for one in waiting], headers={"Vary": "Accept"})


async def listed(running: Running) -> list[Waiting]:
    """What waits in a service, longest first."""
    return [Waiting.model_validate(one) for one in await running.quarantine.parked()]
