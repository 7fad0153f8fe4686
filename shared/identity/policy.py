"""The access policy: Cedar (cedarpolicy.com), generated from the `role=` of commands and the table of reads. Anything else is denied.

Each service has its policy set, so that its text and hash do not depend on which services share a process. An action is
<service>/<aggregate>/<command> or <service>/<read>; the resource is the office concerned.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

import cedarpy

from shared.domain.decider import aggregate_of
from shared.domain.given import Who
from shared.domain.state import Command, State
from shared.identity.conduct import Conduct
from shared.identity.principal import HUB, ROLES, SERVICE, Denied, Principal
from shared.identity.reads import IDENTITY, READS, Permission

_REMEMBERED = 8192
_SCHEMA = f"""entity Office;
entity Service;
entity Person {{ roles: {{ {", ".join(f'"{role}"?: Set<Office>' for role in ROLES)} }} }};
"""

Roles = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, eq=False)
class AccessPolicy:
    """A service's policy set: its Cedar text, the text's SHA-256 (`accesspolicy` in the envelope), and who may what."""

    text: str
    hash: str
    permissions: Mapping[str, Permission]
    parsed: cedarpy.PolicySet

    def permits(self, person: str, service: bool, roles: Roles, action: str, office: str) -> frozenset[str]:
        """The roles by which this principal may do `action` for `office`; none if it is denied."""
        offices: dict[str, list[dict[str, dict[str, str]]]] = defaultdict(list)
        for role, held_in in roles:
            offices[role].append({"__entity": {"type": "Office", "id": held_in}})
        # Ids travel as structured values: written into Cedar's own syntax, a quotation mark in one could name somebody else.
        principal = {"type": "Service" if service else "Person", "id": person}
        request = {
            "principal": principal,
            "action": {"type": "Action", "id": action},
            "resource": {"type": "Office", "id": office},
            "context": {},
        }
        entity = {"uid": principal, "attrs": {} if service else {"roles": offices}, "parents": []}
        result = cedarpy.is_authorized(request, self.parsed, [entity])
        # A policy that fails is passed over by Cedar. Nobody is let in by what is left of a broken set.
        if not result.allowed or result.diagnostics.errors:
            return frozenset()
        return frozenset(name.split()[0] for name in result.diagnostics.id_annotations_by_reason.values())


_declared: dict[str, AccessPolicy] = {}


def declare(service: str, aggregates: Iterable[type[State]]) -> AccessPolicy:
    """Make the policy set of a service from its aggregates; the conduct of its actors is always one of them. Raises ValueError."""
    states: tuple[type[State], ...] = (*aggregates, Conduct)
    permissions = {
        action_of(service, state, command): Permission(command.roles) for state in states for command in aggregate_of(state).deciders
    }
    permissions |= {f"{service}/{name}": permission for name, permission in READS.items()}
    _declared[service] = _generated(permissions)
    return _declared[service]


def access_policy(service: str) -> AccessPolicy:
    """The policy set of a service that was declared; raises KeyError."""
    return _declared[service]


def policies(service: str) -> str:
    """The Cedar text of a service's policy set; raises KeyError."""
    return _declared[service].text


def action_of(service: str, state: type[State], command: type[Command]) -> str:
    """The name of a command in policies."""
    return f"{service}/{state.kind}/{command.name}"


def must_hold_a_role(principal: Principal, action: str) -> None:
    """Raise Denied for whoever may not do `action` in any office: nothing of what they ask is read."""
    permission = _permission(action)
    held = {SERVICE} if principal.is_service else {role for role, _ in principal.roles}
    if not held & permission.roles:
        raise _denied(principal, permission, action, "any office")


def authorise(principal: Principal, action: str, office: str) -> Who:
    """As whom `principal` may do `action` for `office`; raises Denied.

    Of several roles that permit it, one held in the office itself comes before one held at the hub; then the alphabet decides.
    """
    permission, policy = _permission(action), _declared[action.partition("/")[0]]
    held = _decided(policy, principal.person, principal.is_service, principal.roles, action, office)
    if held is None:
        raise _denied(principal, permission, action, office)
    role, held_in = held
    return Who(principal.person, role, held_in, principal.authn, principal.on_behalf_of)


def _permission(action: str) -> Permission:
    policy = _declared.get(action.partition("/")[0])
    if policy is None or action not in policy.permissions:
        raise Denied("unknown-action", f"no policy permits {action} to anybody", "use an action that the API description lists")
    return policy.permissions[action]


@lru_cache(_REMEMBERED)
def _decided(policy: AccessPolicy, person: str, service: bool, roles: Roles, action: str, office: str) -> tuple[str, str] | None:
    permitting = policy.permits(person, service, roles, action, office)
    if service:
        return (SERVICE, office) if SERVICE in permitting else None
    everywhere = policy.permissions[action].everywhere
    usable = [(held_in != office, held_in != HUB, role, held_in) for role, held_in in roles if role in permitting]
    nearest = min((one for one in usable if everywhere or one[3] in (office, HUB)), default=None)
    return (nearest[2], nearest[3]) if nearest else None


def _denied(principal: Principal, permission: Permission, action: str, office: str) -> Denied:
    asked = " or ".join(sorted(permission.roles - {SERVICE}))
    if not asked:
        return Denied(
            "service-only", f"{action} is done by the services themselves", "it follows from other events; nobody does it by hand"
        )
    held = ", ".join(f"{role} at {at}" for role, at in principal.roles) or "none"
    where = f"at {office} or at the {HUB}" if office != HUB else f"at the {HUB}"
    return Denied("role", f"{action} for {office} needs the role {asked}; held: {held}", f"ask somebody who is {asked} {where}")


def _generated(permissions: dict[str, Permission]) -> AccessPolicy:
    grouped: dict[tuple[str, bool], list[str]] = defaultdict(list)
    for action, permission in sorted(permissions.items()):
        if unknown := permission.roles - {*ROLES, SERVICE}:
            raise ValueError(f"{action} names {', '.join(sorted(unknown))}, which is no role; roles are {', '.join((*ROLES, SERVICE))}")
        for role in permission.roles:
            grouped[role, permission.everywhere].append(action)
    text = "\n".join(_written(role, everywhere, actions) for (role, everywhere), actions in sorted(grouped.items()))
    declared = ", ".join(f'"{action}"' for action in permissions)
    schema = f"{_SCHEMA}action {declared} appliesTo {{ principal: [Person, Service], resource: [Office] }};"
    if errors := cedarpy.validate_policies(text, schema).errors:
        raise ValueError(f"the generated policies do not hold: {'; '.join(map(str, errors))}")
    return AccessPolicy(text, sha256(text.encode()).hexdigest(), permissions, cedarpy.PolicySet.from_str(text))


def _written(role: str, everywhere: bool, actions: list[str]) -> str:
    name, kind = f"{role} everywhere" if everywhere else role, "Service" if role == SERVICE else "Person"
    listed = ",\n    ".join(f'Action::"{action}"' for action in actions)
    head = f'@id("{name}")\npermit (\n  principal is {kind},\n  action in [\n    {listed}\n  ],\n  resource is Office\n)'
    if role == SERVICE:
        return f"{head};\n"
    where = "" if everywhere else f' && principal.roles["{role}"].containsAny([resource, Office::"{HUB}"])'
    return f'{head}\nwhen {{ principal.roles has "{role}"{where} }};\n'


_declared["identity"] = _generated({f"identity/{name}": permission for name, permission in IDENTITY.items()})
