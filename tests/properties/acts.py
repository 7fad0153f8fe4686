"""What people and sources do: mandates, gates, money, releases, rights; in order, half-way, or where they may not."""

import re
from collections.abc import Callable, Coroutine
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any

from services.benefits.investment_account import BaselineBudget, InvestmentAccount, RecordActual
from services.gates.authority_matrix import AuthorityMatrix, GrantDecisionRight, RevokeAuthority
from services.gates.gate_review import AssessCriterion, CastVote, CorrectDecision, DecideGate, ScheduleGate, SubmitEvidence
from services.gates.gate_review_state import GateReview, review_id
from services.gates.gate_review_state import Status as ReviewStatus
from services.gates.governance_framework import GovernanceFramework
from services.gates.seed import RIGHTS
from services.intake.initiative import CloseProject, Initiative
from services.intake.proposal import (
    DraftProposal,
    Proposal,
    RejectProposal,
    SelectProposal,
    SubmitProposal,
    TriageProposal,
    WithdrawProposal,
)
from services.intake.proposal import Status as ProposalStatus
from services.reporting.feed import Feed, RegisterFeed
from services.reporting.feed_batch import AcceptRows, CompleteBatch, FeedBatch, ReceiveBatch, batch_id
from services.reporting.mapping.rows import MappedRow, UnmappedRow
from shared.contracts.gates.gate_review import Condition
from shared.contracts.gates.governance_framework import Criterion
from shared.contracts.intake.proposal import RiskLevel
from shared.contracts.personal import Personal
from shared.contracts.terms import Confidence, GateOutcome, ReportedDate, ReportedMoney, ReportedRating, ReportedState, Tier
from shared.contracts.values import Money
from shared.domain.given import Who
from shared.ledger.intent import Receipt
from tests.properties.world import World

HADDAD, OKAFOR = Who("p-haddad", "proposer", "hub"), Who("p-okafor", "portfolio-office", "hub")
CHAIR, FINANCE = Who("p-lindqvist", "chair", "hub"), Who("p-tanaka", "finance", "hub")
OWNER, MAPPER = Who("p-okafor", "feed-owner", "hub"), Who("service:reporting", "service", "hub", "service")
MEMBERS = ("p-lindqvist", "p-tanaka", "p-nowak", "p-mensah", "p-osei")
ESTIMATES = {Tier.LIGHT: 20_000, Tier.STANDARD: 120_000, Tier.ENHANCED: 900_000}
EFFECTIVE = (date(2020, 3, 31), date(2021, 3, 31), date(2022, 3, 31))
OFFICES = ("MOD", "DfT", "HO")
WHY = "because it pays"


def pounds(amount: int | str) -> Money:
    return Money(amount=Decimal(amount))


def sealed() -> Personal[str]:
    return Personal[str].seal(WHY)


async def draft(world: World, proposal: str, tier: Tier, hasty: int) -> None:
    command = DraftProposal(office="hub", title=f"Title of {proposal}", need=sealed(), estimate=pounds(ESTIMATES[tier]))
    await world.send("intake", Proposal, proposal, command, HADDAD, hasty=hasty)


async def carry_on(world: World, proposal: str, outcome: GateOutcome, funding: int, steps: int, hasty: int) -> None:
    """The next steps of a mandate's life, as far as what has been heard allows."""
    for _ in range(steps):
        state, version = await world.api["intake"].state(Proposal, proposal)
        command, who = _next_of(state, outcome)
        if command is None:
            break
        await world.send("intake", Proposal, proposal, command, who, hasty=hasty, expected=version)
    else:
        return
    if state.status is ProposalStatus.SELECTED:
        await _hold_gate(world, proposal, outcome, funding, steps, hasty)


def _next_of(state: Proposal, outcome: GateOutcome) -> tuple[Any, Who]:
    if state.status is ProposalStatus.DRAFT:
        return SubmitProposal(), HADDAD
    if state.status is ProposalStatus.SUBMITTED:
        return TriageProposal(risk=RiskLevel.LOW), OKAFOR
    if state.status is ProposalStatus.TRIAGED:
        who = OKAFOR if state.tier is Tier.LIGHT else CHAIR
        return SelectProposal(sponsor="p-roy", rationale=sealed()), who
    return None, HADDAD


async def _hold_gate(world: World, initiative: str, outcome: GateOutcome, funding: int, steps: int, hasty: int) -> None:
    known, _ = await world.api["intake"].state(Initiative, initiative)
    found = await _review(world, initiative, known.stage + 1)
    if found is None:
        return
    identity, review = found
    if review.status is ReviewStatus.DECIDED:
        if review.decision and review.decision.outcome is GateOutcome.HOLD:
            again = review_id(initiative, review.schedule.gate, review.schedule.round + 1)
            due = datetime.now(UTC).date() + timedelta(days=3)
            await world.send("gates", GateReview, again, ScheduleGate(office="hub", due=due, after=identity), OKAFOR)
        return
    for command, who in (await _meeting(world, review, outcome, funding))[:steps]:
        await world.send("gates", GateReview, identity, command, who, hasty=hasty)


async def _review(world: World, initiative: str, gate: int) -> tuple[str, GateReview] | None:
    """The last round of a gate that was scheduled."""
    found = None
    for round_ in range(1, 50):
        identity = review_id(initiative, gate, round_)
        review, version = await world.api["gates"].state(GateReview, identity)
        if not version:
            return found
        found = identity, review
    raise AssertionError("no gate is recycled so often")


async def _meeting(world: World, review: GateReview, outcome: GateOutcome, funding: int) -> list[tuple[Any, Who]]:
    """What is still to be done until the gate is decided."""
    schedule = review.schedule
    framework, _ = await world.api["gates"].state(GovernanceFramework, schedule.framework)
    gate = framework.lifecycle(schedule.framework_version, schedule.tier).gates[schedule.gate - 1]
    missing = dict.fromkeys(kind for criterion in gate.criteria if (kind := _evidence(criterion)) and kind not in review.kinds)
    todo: list[tuple[Any, Who]] = [
        (SubmitEvidence(kind=kind, title=kind, sha256=sha256(kind.encode()).hexdigest()), OKAFOR) for kind in missing
    ]
    todo += [
        (AssessCriterion(criterion=criterion.id, met=None if criterion.rule else True), CHAIR)
        for criterion in gate.criteria
        if criterion.id not in review.assessed
    ]
    if schedule.tier is not Tier.LIGHT:
        seats = MEMBERS[:3] if schedule.tier is Tier.STANDARD else MEMBERS
        todo += [
            (CastVote(vote=outcome), Who(member, "board-member", "hub")) for member in seats if review.votes.get(member) is not outcome
        ]
    return [*todo, (_deciding(outcome, funding if outcome.lets_on and not schedule.last else 0), _decider(schedule.tier))]


def _evidence(criterion: Criterion) -> str | None:
    found = re.search('"([a-z-]+)" in evidence', criterion.rule or "")
    return found and found[1]


def _decider(tier: Tier) -> Who:
    return OKAFOR if tier is Tier.LIGHT else CHAIR


def _deciding(outcome: GateOutcome, funding: int) -> DecideGate:
    due = datetime.now(UTC).date() + timedelta(days=30)
    condition = Condition(id="C1", text="Mend it", owner="p-roy", due=due)
    return DecideGate(
        outcome=outcome,
        funding=pounds(funding) if funding else None,
        conditions=(condition,) if outcome is GateOutcome.CONDITIONAL_GO else (),
        rationale=sealed(),
    )


async def spend(world: World, initiative: str, amount: int, document: int, hasty: int) -> None:
    today = datetime.now(UTC).date()
    command = RecordActual(amount=pounds(f"{amount}.50"), day=today, document=f"D-{document}", description="Invoice")
    await world.send("benefits", InvestmentAccount, initiative, command, FINANCE, hasty=hasty)


async def baseline(world: World, initiative: str, amount: int, by: Who) -> None:
    command = BaselineBudget(amount=pounds(amount), rationale=sealed())
    await world.send("benefits", InvestmentAccount, initiative, command, by)


async def report(world: World, number: int, effective: int, rows: list[tuple[int, int, int]], hasty: int) -> None:
    """A source sends a release. A row is an initiative's number (negative: a row without an id), a rating's, a cost's."""
    digest = sha256(f"file {number}".encode()).hexdigest()
    identity = batch_id("gmpp", digest)
    await world.send("reporting", Feed, "gmpp", RegisterFeed(office="hub", title="Releases", mapping="gmpp"), OWNER)
    received = ReceiveBatch(
        office="hub", feed="gmpp", sha256=digest, size=9, file="release.csv", rows=len(rows), mapping="gmpp", mapping_version=1,
        effective=EFFECTIVE[effective],
    )  # fmt: skip
    await world.send("reporting", FeedBatch, identity, received, OWNER, hasty=hasty)
    accepted = [_row(place, *row) for place, row in enumerate(rows, 2) if row[0] >= 0]
    unmapped = UnmappedRow(row=1, row_sha256="0" * 64, reason="it has no id", way_out="give it one", cells={"id": ""})
    quarantined = [unmapped.replace(row=place) for place, row in enumerate(rows, 2) if row[0] < 0]
    command = AcceptRows(accepted=tuple(accepted), quarantined=tuple(quarantined))
    await world.send("reporting", FeedBatch, identity, command, MAPPER, hasty=hasty)
    await world.send("reporting", FeedBatch, identity, CompleteBatch(), MAPPER)


def _row(place: int, number: int, rating: int, cost: int) -> MappedRow:
    office = OFFICES[number % len(OFFICES)]
    ratings = [None, ReportedRating(state=ReportedState.WITHHELD, exemption="section 24")]
    ratings += [ReportedRating(state=ReportedState.GIVEN, rating=known, rater="IPA") for known in Confidence]
    costs = [None, ReportedMoney(state=ReportedState.WITHHELD, exemption="section 43"), ReportedMoney(state=ReportedState.NOT_YET_KNOWN)]
    known_cost = ReportedMoney(state=ReportedState.GIVEN, amount=pounds(f"{cost}.25"))
    return MappedRow(
        row=place,
        row_sha256=f"{place:064x}",
        initiative=f"F-{number}",
        name=f"Reported {number}",
        office=office,
        office_name=f"Office {office}",
        rating=ratings[rating % len(ratings)],
        end=ReportedDate(state=ReportedState.GIVEN, day=date(2030, 1, 1 + rating)) if rating else None,
        whole_life_cost=costs[cost] if cost < len(costs) else known_cost,
        year_forecast=ReportedMoney(state=ReportedState.GIVEN, amount=pounds(cost)) if cost % 2 else None,
    )


async def regrant(world: World, which: int, number: int, again: bool) -> None:
    """A right is revoked, and granted anew under another id; others hear of it late."""
    right = RIGHTS[which % len(RIGHTS)]
    matrix, _ = await world.api["gates"].state(AuthorityMatrix, "hub")
    same = [known for known in matrix.rights.values() if (known.decision, known.tiers) == (right.decision, right.tiers)]
    administrator = Who("p-okafor", "administrator", "hub")
    for known in same:
        await world.send("gates", AuthorityMatrix, "hub", RevokeAuthority(right=known.id, rationale=sealed()), administrator)
    if again or not same:
        granted = right.replace(id=f"{right.id}.{number}")
        await world.send("gates", AuthorityMatrix, "hub", GrantDecisionRight(office="hub", right=granted), administrator)


async def stray(world: World, initiative: str, which: int, number: int) -> None:
    """Something that is mostly refused: out of turn, by the wrong person, twice, or too much."""
    await _STRAYS[which % len(_STRAYS)](world, initiative, number)


Stray = Callable[[World, str, int], Coroutine[Any, Any, Receipt | None]]


def _to_proposal(command: Callable[[], Any], who: Who) -> Stray:
    return lambda world, identity, _: world.send("intake", Proposal, identity, command(), who)


def _to_review(command: Callable[[], Any], who: Who) -> Stray:
    return lambda world, identity, number: world.send("gates", GateReview, review_id(identity, 1 + number % 3, 1), command(), who)


_NOBODY = "0199b5c0-0000-7000-8000-000000000001"
_STRAYS: tuple[Stray, ...] = (
    _to_proposal(SubmitProposal, CHAIR),
    _to_proposal(lambda: WithdrawProposal(explanation=sealed()), HADDAD),
    _to_proposal(lambda: RejectProposal(rationale=sealed()), CHAIR),
    _to_proposal(lambda: SelectProposal(sponsor="p-lindqvist", rationale=sealed()), CHAIR),
    _to_proposal(lambda: TriageProposal(risk=RiskLevel.HIGH), OKAFOR),
    _to_review(lambda: _deciding(GateOutcome.GO, 9), CHAIR),
    _to_review(lambda: CastVote(vote=GateOutcome.GO), HADDAD),
    _to_review(lambda: CastVote(vote=GateOutcome.KILL), Who("p-nowak", "board-member", "hub")),
    _to_review(lambda: CorrectDecision(corrects=_NOBODY, correction=sealed()), CHAIR),
    _to_review(lambda: SubmitEvidence(kind="plan", title="Plan", sha256="1" * 64), Who("p-osei", "sponsor", "hub")),
    lambda world, identity, _: world.send("intake", Initiative, identity, CloseProject(explanation=sealed()), OKAFOR),
    lambda world, _, number: world.send("intake", Initiative, f"F-{number % 4}", CloseProject(explanation=sealed()), OKAFOR),
    lambda world, identity, number: world.send(
        "benefits", InvestmentAccount, identity,
        RecordActual(amount=pounds(10**9), day=EFFECTIVE[0], document=f"D-{number}", description="Too much"), FINANCE,
    ),
)  # fmt: skip
