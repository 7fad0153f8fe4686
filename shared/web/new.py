"""Where a stream begins: choose an id, then fill in the form of the command that starts it."""

import base64
import re
import secrets

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from shared.contracts.values import ID_PATTERN
from shared.domain.state import State
from shared.identity.guard import guard
from shared.web.asked import commands_of
from shared.web.fields import words
from shared.web.forms import title_of
from shared.web.page import page
from shared.web.problems import Problem
from shared.web.running import Running


def minted(prefix: str) -> str:
    """A new id: I-7QX2KM4A (40 random bits in base32)."""
    return f"{prefix}-{base64.b32encode(secrets.token_bytes(5)).decode()}"


def add_new(router: APIRouter, running: Running, state: type[State]) -> None:
    """Add GET /<service>/<plural>/new for an aggregate that people may start: ?id= leads on to the form, ?prefix= suggests an id."""
    starting = [command for command in commands_of(state) if command.starts]
    if not starting:
        return
    path = f"/{running.service.name}/{state.plural}/new"

    async def new(request: Request, id: str | None = None, command: str | None = None, prefix: str | None = None) -> Response:
        if id is not None:
            if not re.fullmatch(ID_PATTERN, id) or id == "new":
                raise Problem(422, "validation", "This is no id.", "use letters, digits and . _ : - (80 at most)", "id")
            chosen = next((one for one in starting if one.name == command), starting[0])
            return RedirectResponse(f"/{running.service.name}/{state.plural}/{id}/{chosen.name}/form", 303)
        suggested = minted(prefix if prefix and re.fullmatch("[A-Za-z]{1,8}", prefix) else state.kind[0].upper())
        named = [(one.name, title_of(one)) for one in starting]
        return await page(request, "new.html", kind=words(state.kind), suggested=suggested, commands=named)

    router.add_api_route(path, new, methods=["GET"], dependencies=[Depends(guard(f"{running.service.name}/read"))], include_in_schema=False)
