"""The people page: who is known here, in which roles, who acts for whom."""

from fastapi import APIRouter, Depends, Request, Response

from shared.identity.guard import Identity, guard
from shared.web.page import page


def add_people(router: APIRouter) -> None:
    """Add GET /people."""

    @router.get("/people", dependencies=[Depends(guard("identity/list-people"))], include_in_schema=False)
    async def people(request: Request) -> Response:
        identity: Identity = request.app.state.identity
        register = identity.store.register()
        return await page(request, "people.html", known=(), listed=sorted(register.people.items()), delegations=register.delegations)
