"""What may happen to the organisation: commands, deliveries, faults, restarts, rebuilds and replays, in any order; and what then holds.

A run is a list of steps: hypothesis draws it, and shortens it where it fails. (Its own state machine leaves out most rules in each run.)
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from hypothesis import strategies as st

from services.reporting.portfolio import portfolio
from shared.contracts.terms import GateOutcome, Tier
from shared.ledger.intent import Mismatched
from shared.ledger.shards import shard_of
from shared.stream.step import VIEWS
from tests.properties import acts
from tests.properties.effects import require_bounds, require_effects, require_lines
from tests.properties.faults import Fault, Where
from tests.properties.plain import money, portfolio_of
from tests.properties.post import Delivery
from tests.properties.site import SERVICES, Site
from tests.properties.world import World

C = TypeVar("C", bound=Callable[..., Awaitable[None]])
Step = tuple[str, dict[str, Any]]
_STEPS: dict[str, st.SearchStrategy[Step]] = {}
_NAMES: list[str] = []
INITIATIVES = st.integers(0, 2).map("I-{}".format)
KEYS = INITIATIVES | st.integers(0, 5).map("F-{}".format)
PLACES = st.frozensets(st.integers(0, 30), max_size=6)
SERVICE = st.sampled_from([service.name for service in SERVICES])
NUMBER = st.integers(0, 99)
HASTY = st.sampled_from([0, 0, 0, 1, 3, 8])
DELIVERY = st.builds(
    Delivery, st.integers(1, 40), back=st.integers(0, 10), missing=PLACES, twice=PLACES, shuffled=st.sampled_from([0, 0, 1, 2, 3])
)
FAULT = st.tuples(st.sampled_from([Where.STATEMENT, Where.CONNECTION]), st.integers(1, 12)) | st.tuples(
    st.sampled_from([Where.COMMIT, Where.DECIDED, Where.APPENDED]), st.integers(1, 3)
)
OUTCOMES = st.sampled_from([GateOutcome.GO, GateOutcome.GO, *GateOutcome])
TIERS = st.sampled_from(list(Tier))
FUNDING = st.sampled_from([0, 100, 5000])
ALL = 9
"""Every log that is heard."""
ROWS = st.lists(st.tuples(st.integers(-1, 5), st.integers(0, 6), st.integers(0, 9)), min_size=1, max_size=5)


def step(weight: int = 1, **drawn: st.SearchStrategy[Any]) -> Callable[[C], C]:
    """Declares a step and what is drawn for it; it comes `weight` times as often as others."""

    def declared(function: C) -> C:
        _STEPS[function.__name__] = st.tuples(st.just(function.__name__), st.fixed_dictionaries(drawn))
        _NAMES.extend([function.__name__] * weight)
        return function

    return declared


class Organisation:
    """Four services. Whatever is done to them, they end at one and the same state: the one that their logs say."""

    def __init__(self, sites: dict[str, Site], superuser: str) -> None:
        self.world = World(sites)
        self.superuser = superuser

    async def live(self, steps: list[Step]) -> None:
        """From the first day through these steps to the end."""
        await self.world.begin()
        for name, drawn in steps:
            await getattr(self, name)(**drawn)
        await self.settle()
        for service, site in self.world.sites.items():
            for view in site.service.views:
                await self.world.rebuild(service, view)

    def fault(self, drawn: tuple[Where, int] | None) -> Fault | None:
        return Fault(*drawn, self.superuser) if drawn else None

    @step(2, initiative=INITIATIVES, tier=TIERS, hasty=HASTY)
    async def draft(self, initiative: str, tier: Tier, hasty: int) -> None:
        await acts.draft(self.world, initiative, tier, hasty)

    @step(4, initiative=INITIATIVES, outcome=OUTCOMES, funding=FUNDING, steps=st.integers(1, 14), hasty=HASTY)
    async def carry_on(self, initiative: str, outcome: GateOutcome, funding: int, steps: int, hasty: int) -> None:
        await acts.carry_on(self.world, initiative, outcome, funding, steps, hasty)

    @step(12, initiative=INITIATIVES, outcome=OUTCOMES, funding=FUNDING, rounds=st.integers(1, 3))
    async def go_through(self, initiative: str, outcome: GateOutcome, funding: int, rounds: int) -> None:
        """As far as it gets in so many rounds, in each of which everybody hears of it."""
        for _ in range(rounds):
            await acts.carry_on(self.world, initiative, outcome, funding, 20, 0)
            for service in self.world.sites:
                await self.world.deliver(service, Delivery(40), ALL)

    @step(2, initiative=INITIATIVES, amount=st.integers(1, 90), document=st.integers(1, 4), hasty=HASTY)
    async def spend(self, initiative: str, amount: int, document: int, hasty: int) -> None:
        await acts.spend(self.world, initiative, amount, document, hasty)

    @step(initiative=INITIATIVES, amount=st.integers(1, 9), by=st.sampled_from([acts.OKAFOR, acts.CHAIR]))
    async def baseline(self, initiative: str, amount: int, by: Any) -> None:
        await acts.baseline(self.world, initiative, amount * 1000, by)

    @step(3, number=st.integers(0, 9), effective=st.integers(0, 2), rows=ROWS, hasty=HASTY)
    async def report(self, number: int, effective: int, rows: list[tuple[int, int, int]], hasty: int) -> None:
        await acts.report(self.world, number, effective, rows, hasty)

    @step(which=NUMBER, number=NUMBER, again=st.sampled_from([True, True, True, False]))
    async def regrant(self, which: int, number: int, again: bool) -> None:
        await acts.regrant(self.world, which, number, again)

    @step(2, initiative=INITIATIVES, which=NUMBER, number=NUMBER)
    async def stray(self, initiative: str, which: int, number: int) -> None:
        await acts.stray(self.world, initiative, which, number)

    @step(which=st.integers(0, 999), another=st.booleans())
    async def repeat(self, which: int, another: bool) -> None:
        """A command that was answered gets its first answer again; its id with another body gets none."""
        if not self.world.answers:
            return
        intent, first = self.world.answers[which % len(self.world.answers)]
        handler = self.world.api[first.log]
        if another:
            try:
                await handler.handle(replace(intent, body=b"another"))
            except Mismatched:
                return
            raise AssertionError(f"command {intent.command_id} was answered twice, for two bodies")
        again = await handler.handle(intent)
        assert again == replace(first, repeated=True)

    @step(8, service=SERVICE, delivery=DELIVERY, only=st.integers(0, 6), to=st.integers(0, 1))
    async def deliver(self, service: str, delivery: Delivery, only: int, to: int) -> None:
        await self.world.deliver(service, delivery, only, to)

    @step(3, service=SERVICE, delivery=DELIVERY)
    async def deliver_to_both(self, service: str, delivery: Delivery) -> None:
        await self.world.deliver_to_both(service, delivery)

    @step(8, service=SERVICE, fault=FAULT, dies=st.booleans())
    async def break_off(self, service: str, fault: tuple[Where, int], dies: bool) -> None:
        """The worker breaks off in one of the next batches; its memory is lost then, or is not."""
        self.world.armed[service] = Fault(*fault, self.superuser), dies

    @step(service=SERVICE)
    async def restart(self, service: str) -> None:
        self.world.restart(service)

    @step(5, service=SERVICE, which=NUMBER, fault=st.none() | FAULT)
    async def rebuild(self, service: str, which: int, fault: tuple[Where, int] | None) -> None:
        """A view is made again, or half of it is; one that lacks the records of a key that waits, if there is one."""
        site = self.world.sites[service]
        waits = {(key.consumer, key.log) for key in await self.world.workers[service][0].quarantine.parked()}
        lacking = [view for view in site.service.views if (VIEWS, view.log) in waits]
        if views := lacking or site.service.views:
            await self.world.rebuild(service, views[which % len(views)], self.fault(fault))

    @step(which=NUMBER, service=SERVICE, delivery=DELIVERY)
    async def rebuild_meanwhile(self, which: int, service: str, delivery: Delivery) -> None:
        """A view of reporting is made again while records come in."""
        views = self.world.sites["reporting"].service.views
        await self.world.rebuild_while_hearing("reporting", views[which % len(views)], delivery)

    @step(3, service=SERVICE, which=NUMBER, key=KEYS)
    async def break_reactions(self, service: str, which: int, key: str) -> None:
        """From now on reactions cannot take the records of a key of one log."""
        topics = self.world.hears(service)
        self.world.sites[service].reactions_fail.add((service, topics[which % len(topics)].name, key))

    @step(
        6, service=st.sampled_from(["reporting", "reporting", "benefits"]), which=NUMBER, initiative=INITIATIVES, tier=st.sampled_from(Tier)
    )
    async def break_folds(self, service: str, which: int, initiative: str, tier: Tier) -> None:
        """Folds cannot take the records of an initiative in one log that come next; a view that lacks them is made again without them."""
        topics = self.world.hears(service)
        log = topics[which % len(topics)].name
        applied = (await self.world.marks_of(service)).get((VIEWS, log, shard_of(initiative)), 0)
        self.world.sites[service].folds_fail.setdefault((service, log, initiative), applied + 1)
        await self.draft(initiative, tier, 0)
        await self.go_through(initiative, GateOutcome.GO, 100, 1)
        await self.rebuild(service, which, None)

    @step(service=SERVICE, fault=st.none() | FAULT)
    async def replay(self, service: str, fault: tuple[Where, int] | None) -> None:
        await self.world.replay(service, self.fault(fault))

    @step(days=st.sampled_from([0, 20, 40]), fault=st.none() | FAULT)
    async def time_passes(self, days: int, fault: tuple[Where, int] | None) -> None:
        await self.world.fire(datetime.now(UTC) + timedelta(days=days), self.fault(fault))

    @step()
    async def settle(self) -> None:
        """Everything is heard: every effect is there once, every account within its bounds, the portfolio is what the logs say."""
        world = self.world
        await world.settle()
        logs = {log: topic.envelopes for log, topic in world.topics.items()}
        for service in world.sites:
            assert await world.marks_of(service) == world.heads(service)
        require_lines(logs)
        require_effects(logs)
        require_bounds(logs)
        found = await portfolio(world.sites["reporting"].reader, datetime.now(UTC))
        rows = {row.id: {name: money(value) for name, value in row.model_dump(mode="json").items()} for row in found.initiatives}
        assert rows == portfolio_of(logs)


STEPS = st.sampled_from(_NAMES).flatmap(_STEPS.__getitem__)
