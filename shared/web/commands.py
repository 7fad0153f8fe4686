"""The route of every command: POST /<service>/<plural>/{identity}/<command>, and the form that leads to it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from opentelemetry import trace
from pydantic import BaseModel

from shared.contracts.values import ID_PATTERN
from shared.domain.given import Who
from shared.domain.refused import Refused
from shared.domain.state import Command, State
from shared.identity.guard import guard
from shared.identity.policy import access_policy, action_of
from shared.ledger.intent import Conflicted, Intent, Mismatched, Receipt
from shared.ledger.record import LogUnavailable
from shared.runtime.telemetry import traceparent
from shared.web.asked import Asked, asking, commands_of
from shared.web.conditions import (
    AFTER_HEADER,
    POSITION_HEADER,
    command_id,
    expected_version,
    local_path,
    position,
    wanted_positions,
)
from shared.web.fields import words
from shared.web.forms import refilled, require_signature, text_of, title_of
from shared.web.openapi import problems
from shared.web.parse import Posted
from shared.web.problems import Problem, problem_of
from shared.web.refill import FormPages
from shared.web.running import Running

Identity = Annotated[str, Path(pattern=ID_PATTERN, description="The id of the stream.")]
IfMatch = Annotated[str | None, Header(description='The version of the stream that you saw, such as "7"; without it, whatever is current.')]
Key = Annotated[
    str | None,
    Header(description="A UUID, or 8 to 64 characters: the same command sent again with it acts once and gets the first answer."),
]
AfterHeader = Annotated[str | None, Header(alias=AFTER_HEADER, description="Decide on what was heard up to here: log:position, …")]
After = Annotated[str | None, Query(description="Decide on what was heard up to here: log:position, … Waits, then answers 503.")]


class Recorded(BaseModel):
    """Where the events of a command stand: the last at `position` of `log`, the stream at `version`."""

    log: str
    stream: str
    version: int
    position: int
    events: list[str]


def add_commands(router: APIRouter, running: Running, state: type[State]) -> None:
    """Add the routes of all commands of an aggregate that people may call, and of their forms."""
    for command in commands_of(state):
        route = CommandRoute(running, state, command)
        route.add(router)
        FormPages(running, state, command).add(router, route.path, route.action)


@dataclass(frozen=True)
class CommandRoute:
    """The route of one command."""

    running: Running
    state: type[State]
    command: type[Command]

    @property
    def path(self) -> str:
        return f"/{self.running.service.name}/{self.state.plural}/{{identity}}/{self.command.name}"

    @property
    def action(self) -> str:
        return action_of(self.running.service.name, self.state, self.command)

    def add(self, router: APIRouter) -> None:
        """Add the route with its description."""
        body = {"application/json": {"schema": {"$ref": f"#/components/schemas/{self.command.__name__}"}}}
        router.add_api_route(
            self.path,
            self._endpoint(),
            methods=["POST"],
            name=f"{self.state.kind}.{self.command.name}",
            operation_id=f"{self.running.service.name}.{self.state.kind}.{self.command.name}",
            summary=title_of(self.command),
            description=self._described(),
            tags=[words(self.state.kind)],
            status_code=201 if self.command.starts else 200,
            response_model=Recorded,
            responses=problems(401, 403, 404, 409, 412, 413, 415, 422, 503),
            openapi_extra={"requestBody": {"required": True, "content": body}},
        )

    def _described(self) -> str:
        roles = ", ".join(sorted(self.command.roles - {"service"}))
        signed = f" It signs: “{self.command.signs}.”" if self.command.signs else ""
        return f"{text_of(self.command)}\n\nFor the roles: {roles}.{signed}".strip()

    def _endpoint(self) -> Callable[..., Any]:
        admitted = Depends(guard(self.action, asking(self.running, self.state, self.command)))

        async def endpoint(
            request: Request,
            identity: Identity,
            who: Annotated[Who, admitted],
            if_match: IfMatch = None,
            idempotency_key: Key = None,
            minutebook_after: AfterHeader = None,
            after: After = None,
        ) -> Response:
            asked: Asked = request.state.asked
            act = _Act(asked, identity, who, if_match, idempotency_key, minutebook_after or after)
            if asked.form is None:
                return self._answer(await self._act(act), identity)
            return await self._act_by_form(request, act, asked.form)

        return endpoint

    async def _act_by_form(self, request: Request, act: "_Act", form: Posted) -> Response:
        """As the page asks, and on to the next page; what was wrong is told in the form, with what was typed."""
        try:
            require_signature(self.command, form)
            seen = refilled(form, "_version")
            keyed = replace(act, if_match=f'"{seen}"' if seen else act.if_match, key=refilled(form, "_key") or act.key)
            receipt = await self._act(keyed)
        except (Problem, Refused, Conflicted, Mismatched, LogUnavailable) as error:
            return await FormPages(self.running, self.state, self.command).again(request, act.identity, act.asked, problem_of(error))
        target = local_path(refilled(form, "_next")) or self._where(act.identity)
        now, _ = await self.running.handler.state(self.state, act.identity)
        return RedirectResponse(_with_after(target, receipt, now.about()), 303, {POSITION_HEADER: position(receipt.log, receipt.last)})

    async def _act(self, act: "_Act") -> Receipt:
        if act.asked.command is None:
            raise act.asked.wrong or Problem(422, "validation", "The form is no valid command.")
        expected, identifier = expected_version(act.if_match), command_id(act.key, act.who.actor)
        await self.running.heard(wanted_positions(act.after))
        trace.get_current_span().set_attribute("minutebook.command", self.command.name)
        intent = Intent(
            identifier,
            self.state,
            act.identity,
            act.asked.command,
            act.who,
            expected=expected,
            accesspolicy=access_policy(self.running.service.name).hash,
            traceparent=traceparent(),
        )
        try:
            return await self.running.handler.handle(intent)
        except Refused as refusal:
            await self.running.recorder.refused(act.who, intent.stream, self.command, refusal)
            raise

    def _where(self, identity: str) -> str:
        return f"/{self.running.service.name}/{self.state.plural}/{identity}"

    def _answer(self, receipt: Receipt, identity: str) -> Response:
        document = Recorded(
            log=receipt.log, stream=receipt.stream, version=receipt.version, position=receipt.last, events=list(receipt.event_ids)
        )
        headers = {"ETag": f'"{receipt.version}"', POSITION_HEADER: position(receipt.log, receipt.last)}
        if receipt.repeated:
            headers["Idempotent-Replayed"] = "true"
        if self.command.starts:
            headers["Location"] = self._where(identity)
        return JSONResponse(document.model_dump(), 201 if self.command.starts else 200, headers)


@dataclass(frozen=True, slots=True)
class _Act:
    """One call: what was asked, of which stream, by whom, under which conditions."""

    asked: Asked
    identity: str
    who: Who
    if_match: str | None
    key: str | None
    after: str | None


def _with_after(target: str, receipt: Receipt, about: str | None) -> str:
    """The page to go to, asked for as it is once the command is known there."""
    head, hash_sign, anchor = target.partition("#")
    if receipt.last:
        place = position(receipt.log, receipt.last, about or receipt.stream)
        head = f"{head}{'&' if '?' in head else '?'}after={quote(place, safe=':/')}"
    return head + hash_sign + anchor
