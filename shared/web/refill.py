"""The page with a command's form: empty, with a row more or less, or once more with what was typed and what is wrong."""

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Depends, Request, Response

from shared.domain.state import Command, State
from shared.identity.guard import guard
from shared.identity.principal import HUB
from shared.web.asked import Asked, concerning, posted_form
from shared.web.conditions import local_path
from shared.web.fields import Kind, fields_of, words
from shared.web.forms import form_for, refilled, rows_changed
from shared.web.page import page, site_of
from shared.web.problems import Problem, not_found
from shared.web.running import Running


@dataclass(frozen=True)
class FormPages:
    """The form of one command as pages. Who may not give the command anywhere does not see its form."""

    running: Running
    state: type[State]
    command: type[Command]

    def add(self, router: APIRouter, path: str, action: str) -> None:
        """Add GET <path>/form, the form, and POST <path>/form, which adds or removes a row of it."""
        # A stream that has not begun is in no office yet: its form is open to all readers, its command is not.
        starts, service = self.command.starts, self.running.service.name
        shown = guard(f"{service}/read") if starts else guard(action, concerning(self.running, self.state))
        for method, endpoint in (("GET", self._get), ("POST", self._post)):
            router.add_api_route(f"{path}/form", endpoint, methods=[method], dependencies=[Depends(shown)], include_in_schema=False)

    async def _get(self, request: Request, identity: str) -> Response:
        version = await self._version(identity)
        values: dict[str, Any] = dict(request.query_params)
        next_page = values.pop("next", None)
        # A form opens with one empty row of each list that needs one.
        values |= {f.name: [{} if f.item.fields else ""] for f in fields_of(self.command) if f.kind is Kind.ROWS and f.required}
        if self.command.starts:
            office = max(((at == HUB, at) for _, at in request.state.principal.roles), default=(True, HUB))[1]
            values = {f.name: office for f in fields_of(self.command) if f.kind is Kind.OFFICE} | values
        return await self._page(request, identity, version, values, next_page)

    async def _post(self, request: Request, identity: str) -> Response:
        form = await posted_form(request)
        version = _seen(refilled(form, "_version"), await self._version(identity))
        values = rows_changed(self.command, form)
        return await self._page(request, identity, version, values, refilled(form, "_next"), refilled(form, "_key"))

    async def again(self, request: Request, identity: str, asked: Asked, problem: Problem) -> Response:
        """The form with what was typed and what is wrong; after a conflict it stands at the version that is current now."""
        form = asked.form or {}
        version = asked.version if problem.status == 412 else _seen(refilled(form, "_version"), asked.version)
        key = None if problem.rule == "idempotency-key" else refilled(form, "_key")
        return await self._page(request, identity, version, asked.values, refilled(form, "_next"), key, problem)

    async def _version(self, identity: str) -> int:
        found, version = await self.running.handler.state(self.state, identity)
        if not self.command.starts and not found.exists:
            raise not_found(self.state.stream(identity))
        return version

    async def _page(
        self,
        request: Request,
        identity: str,
        version: int,
        values: dict[str, Any],
        next_page: str | None,
        key: str | None = None,
        problem: Problem | None = None,
    ) -> Response:
        principal, service = request.state.principal, self.running.service.name
        found, _ = await self.running.handler.state(self.state, identity)
        here = f"/{service}/{self.state.plural}/{identity}" if version else "/"
        form = form_for(
            service,
            self.state,
            identity,
            self.command,
            version=version,
            signer=site_of(request).people().get(principal.person, principal.person),
            values=values,
            next_page=next_page,
            back=local_path(next_page) or here,
            key=key,
            problem=problem,
        )
        status = problem.status if problem else 200
        headers = problem.headers if problem else None
        kind, subject = words(self.state.kind), found.called()
        return await page(request, "form.html", status=status, headers=headers, form=form, kind=kind, identity=identity, subject=subject)


def _seen(stated: str | None, current: int) -> int:
    return int(stated) if stated and stated.isdecimal() and len(stated) < 16 else current
