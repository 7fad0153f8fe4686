"""What may be asked beside commands: reads of a service, and the acts of the local issuer, each with the roles that may."""

from dataclasses import dataclass

from shared.identity.principal import ROLES, SERVICE


@dataclass(frozen=True, slots=True)
class Permission:
    """Who may. `everywhere`: a role held in any office is enough, because what is read belongs to no single office."""

    roles: frozenset[str]
    everywhere: bool = False


_ANYBODY = frozenset(ROLES)

READS = {
    "read": Permission(_ANYBODY | {SERVICE}, everywhere=True),
    "audit": Permission(frozenset({"auditor", "administrator", "portfolio-office", SERVICE})),
    "feed": Permission(frozenset({"auditor", "administrator", "portfolio-office", SERVICE})),
    "disclose": Permission(_ANYBODY | {SERVICE}),
    "quarantine": Permission(frozenset({"auditor", "administrator", "feed-owner", "portfolio-office", SERVICE})),
    "replay": Permission(frozenset({"administrator", "portfolio-office"})),
}
"""Every service's reads, <service>/<name>. read: internal data, its states, views and pages; audit: the list of its events;
feed: its records by shard; disclose: what people wrote and who they are, within the office that it belongs to; quarantine: which keys
wait and why; replay: try them again."""

IDENTITY = {
    "me": Permission(_ANYBODY | {SERVICE}, everywhere=True),
    "sign-out": Permission(_ANYBODY, everywhere=True),
    "list-people": Permission(frozenset({"administrator"})),
    "add-person": Permission(frozenset({"administrator"})),
    "mint-link": Permission(frozenset({"administrator"})),
    "delegate": Permission(frozenset({"administrator"})),
}
"""The acts of the local issuer, identity/<name>."""
