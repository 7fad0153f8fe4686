"""given / when / then: a rule's test reads as a sentence.

scenario(Proposal, "P-1").given(ProposalDrafted(...)).by("ann", role="proposer").when(SubmitProposal()).then(ProposalSubmitted(...))
scenario(Proposal, "P-1").when(SubmitProposal()).refused("exists")
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from shared.contracts.event import Event, Noted
from shared.contracts.personal import Personal, opened
from shared.domain.decider import aggregate_of
from shared.domain.given import Given, Unread, Who
from shared.domain.refused import Refused
from shared.domain.state import Command, Fact, State

_ANN = Who("p-ann", "portfolio-office", "hub")
_NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def _comparable(value: Any) -> Any:
    """Plain data in which personal values are compared by what they say where both sides know it."""
    if isinstance(value, Personal):
        return opened(value.disclosure) if value.disclosure else value.digest
    if isinstance(value, Event | Fact):
        return {type(value).__name__: {name: _comparable(getattr(value, name)) for name in type(value).model_fields}}
    if isinstance(value, tuple | list):
        return [_comparable(item) for item in value]
    return value


@dataclass(frozen=True)
class Outcome:
    """What a command led to: events, or a refusal."""

    noted: tuple[Noted, ...]
    refusal: Refused | None
    state: State

    def then(self, *events: Event) -> "Outcome":
        """The command was accepted and led to exactly these events."""
        assert self.refusal is None, f"refused: {self.refusal}"  # noqa: S101
        got, wanted = [_comparable(n.event) for n in self.noted], [_comparable(e) for e in events]
        assert got == wanted, f"\n got: {got}\nwant: {wanted}"  # noqa: S101
        return self

    def accepted(self) -> tuple[Noted, ...]:
        """The command was accepted; what it led to, with notes."""
        assert self.refusal is None, f"refused: {self.refusal}"  # noqa: S101
        return self.noted

    def refused(self, rule: str, saying: str = "") -> "Outcome":
        """The command was refused by `rule`, with `saying` in its reason or way out."""
        assert self.refusal is not None, f"accepted: {[n.event for n in self.noted]}"  # noqa: S101
        words = f"{self.refusal.because} {self.refusal.way_out or ''}"
        assert self.refusal.rule == rule and saying in words, f"refused by {self.refusal.rule}: {words}"  # noqa: S101
        return self


@dataclass(frozen=True)
class Scenario:
    """A stream in the making; every method returns a new scenario."""

    kind: type[State]
    identity: str
    state: State
    who: Who = _ANN
    now: datetime = _NOON
    streams: dict[tuple[type[State], str], State] = field(default_factory=dict)
    facts: dict[tuple[type[Fact], str], Fact | None] = field(default_factory=dict)

    def given(self, *events: Event) -> "Scenario":
        """These events are on record in the stream."""
        return replace(self, state=aggregate_of(self.kind).fold(events, self.state))

    def knowing(self, known: type[State] | Fact, identity: str, *events: Event) -> "Scenario":
        """Another stream holds `events` (a state class is given), or a fact was heard (a fact is given)."""
        if isinstance(known, Fact):
            return replace(self, facts={**self.facts, (type(known), identity): known})
        return replace(self, streams={**self.streams, (known, identity): aggregate_of(known).fold(events)})

    def by(self, actor: str, role: str = "portfolio-office", office: str = "hub", on_behalf_of: str | None = None) -> "Scenario":
        """Who sends the next command."""
        return replace(self, who=Who(actor, role, office, "token", on_behalf_of))

    def at(self, now: datetime) -> "Scenario":
        """When the next command is sent."""
        return replace(self, now=now)

    def when(self, command: Command) -> Outcome:
        """Send `command`. Streams and facts that nobody made known are empty."""
        rules, streams, facts = aggregate_of(self.kind), dict(self.streams), dict(self.facts)
        while True:
            given = Given(self.who, self.now, UUID(int=1), self.identity, streams, facts)
            try:
                noted = rules.decide(self.state, command, given)
            except Unread as unread:
                if issubclass(unread.kind, State):
                    streams[unread.kind, unread.key] = unread.kind()
                else:
                    facts[unread.kind, unread.key] = None
            except Refused as refusal:
                return Outcome((), refusal, self.state)
            else:
                return Outcome(noted, None, rules.fold((n.event for n in noted), self.state))


def scenario(kind: type[State], identity: str = "S-1") -> Scenario:
    """An empty stream of `kind`."""
    return Scenario(kind, identity, kind())
