"""Acting for another person: only with an assignment in the register, only in its role and office, only until it ends."""

from dataclasses import replace
from datetime import datetime

from shared.identity.principal import Denied, Principal
from shared.identity.store import Register


def acting_for(principal: Principal, person: str, register: Register, now: datetime) -> Principal:
    """`principal` with what `person` delegated to it; raises Denied without a delegation in force.

    Where the local issuer knows the person, a delegation holds only as long as the person has the role.
    """
    known = register.people.get(person)
    held = {(role.role, role.office) for role in known.roles} if known else None
    delegated = {
        (delegation.role, delegation.office)
        for delegation in register.delegations
        if (delegation.delegate, delegation.principal) == (principal.person, person) and delegation.until > now
    }
    usable = delegated if held is None else delegated & held
    if principal.is_service or not usable:
        raise Denied(
            "delegation",
            f"{principal.person} holds no delegation of {person} that is in force",
            "an administrator can record one, or act in your own name: leave out X-On-Behalf-Of",
        )
    return replace(principal, roles=tuple(sorted(usable)), on_behalf_of=person)
