"""Governance framework: which gates a tier passes and what each asks, as versioned data. What runs stays on the version it started with."""

from collections import Counter
from collections.abc import Iterable
from enum import StrEnum
from itertools import pairwise

from pydantic import Field

from services.gates.rules import compiled
from shared.contracts.gates.governance_framework import FrameworkPublished, Gate, Lifecycle
from shared.contracts.terms import Tier
from shared.contracts.values import Count, Name, OfficeId
from shared.domain.decider import Events, decides, evolves
from shared.domain.given import Given
from shared.domain.refused import Refused, require
from shared.domain.state import Command, State


class Status(StrEnum):
    PUBLISHED = "published"


class GovernanceFramework(State):
    """All published versions of one framework. Stream: governance-framework/<id>."""

    status: Status | None = None
    office: str = ""
    name: str = ""
    latest: int = 0
    versions: dict[int, tuple[Lifecycle, ...]] = Field(default_factory=dict)

    def office_in_charge(self) -> str | None:
        return self.office or None

    def must_not_exist(self) -> None:
        """Publishing begins the framework and continues it."""

    def lifecycle(self, version: int, tier: Tier) -> Lifecycle:
        """The gates of `tier` in that version; raises Refused (rule `framework`) when it has none."""
        for lifecycle in self.versions.get(version, ()):
            if lifecycle.tier is tier:
                return lifecycle
        raise Refused(
            "framework",
            f"version {version} of the framework has no lifecycle for tier {tier}",
            way_out="publish a version that has one",
        )


class PublishFramework(Command, role=("administrator", "portfolio-office", "service"), starts=True):
    """A version comes into force. It never changes afterwards; the next one is a version of its own."""

    office: OfficeId
    version: Count
    title: Name
    lifecycles: tuple[Lifecycle, ...]


def must_criteria(lifecycle: Lifecycle) -> frozenset[str]:
    """The ids of the criteria that a tier cannot do without, over all its gates."""
    return frozenset(criterion.id for gate in lifecycle.gates for criterion in gate.criteria if criterion.must)


@decides
def publish(framework: GovernanceFramework, command: PublishFramework, given: Given) -> Events:
    require(
        not framework.exists or command.office == framework.office,
        rule="office",
        because=f"this framework belongs to office {framework.office}",
        field="office",
        way_out="publish a framework of your own under another id",
    )
    require(
        command.version == framework.latest + 1,
        rule="version",
        because=f"the last published version is {framework.latest}, and no published version changes",
        field="version",
        way_out=f"publish version {framework.latest + 1}",
    )
    require(command.lifecycles, rule="lifecycles", because="a framework without a lifecycle governs nothing", field="lifecycles")
    _unique("lifecycles", (lifecycle.tier for lifecycle in command.lifecycles))
    for lifecycle in command.lifecycles:
        _check(lifecycle)
    _tiers_include_each_other(command.lifecycles)
    yield FrameworkPublished(
        framework=given.subject, version=command.version, office=command.office, name=command.title, lifecycles=command.lifecycles
    )


def _check(lifecycle: Lifecycle) -> None:
    where = f"tier {lifecycle.tier}"
    require(
        1 <= lifecycle.quorum <= lifecycle.seats,
        rule="quorum",
        because=f"{where} asks for a quorum of {lifecycle.quorum} out of {lifecycle.seats} seats",
        field="quorum",
        way_out="a quorum lies between 1 and the number of seats",
    )
    require(
        [gate.number for gate in lifecycle.gates] == list(range(1, len(lifecycle.gates) + 1)) and lifecycle.gates,
        rule="gates-in-order",
        because=f"the gates of {where} are numbered {[gate.number for gate in lifecycle.gates]}",
        field="gates",
        way_out="number them 1, 2, 3 …",
    )
    for gate in lifecycle.gates:
        _unique(f"criteria of gate {gate.number}, {where}", (criterion.id for criterion in gate.criteria))
        _compile(gate)


def _compile(gate: Gate) -> None:
    for criterion in gate.criteria:
        if criterion.rule is not None:
            compiled(criterion.rule)


def _tiers_include_each_other(lifecycles: tuple[Lifecycle, ...]) -> None:
    asked = {lifecycle.tier: must_criteria(lifecycle) for lifecycle in lifecycles}
    tiers = [tier for tier in Tier if tier in asked]
    for lighter, heavier in pairwise(tiers):
        missing = sorted(asked[lighter] - asked[heavier])
        require(
            not missing,
            rule="tiers-include",
            because=f"tier {heavier} lacks must criteria that tier {lighter} has: {', '.join(missing)}",
            field="lifecycles",
            way_out="a heavier tier asks for all that a lighter one asks for",
        )


def _unique(what: str, ids: Iterable[str]) -> None:
    twice = sorted(str(name) for name, count in Counter(ids).items() if count > 1)
    require(
        not twice, rule="unique", because=f"{', '.join(twice)} stands twice in the {what}", field="lifecycles", way_out="name each once"
    )


@evolves
def published(framework: GovernanceFramework, event: FrameworkPublished) -> GovernanceFramework:
    return framework.replace(
        status=Status.PUBLISHED,
        office=event.office,
        name=event.name,
        latest=event.version,
        versions={**framework.versions, event.version: event.lifecycles},
    )
