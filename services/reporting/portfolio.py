"""The portfolio: what is on the books and how it stands, joined from tables at a vector of positions; its totals, counted once for all."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from services.reporting.views.accounts import AccountRow, accounts
from services.reporting.views.initiatives import InitiativeRow, LifeState, initiatives
from services.reporting.views.next_gates import NextGateRow, next_gates
from services.reporting.views.offices import OfficeRow, offices
from services.reporting.views.statuses import StatusRow, statuses
from shared.contracts.intake.initiative import Origin
from shared.contracts.terms import Confidence, RatingScale, ReportedDate, ReportedState, Tier
from shared.contracts.values import Frozen, Moment, Money
from shared.projection.reader import ViewReader

NoFigure = Literal["withheld", "not_yet_known", "unreadable"]
_NO_FIGURE: Mapping[ReportedState, NoFigure] = {
    ReportedState.WITHHELD: "withheld",
    ReportedState.NOT_YET_KNOWN: "not_yet_known",
    ReportedState.UNREADABLE: "unreadable",
}


class NextGate(Frozen):
    """The gate that is scheduled and not yet decided."""

    review: str
    gate: int
    name: str
    round: int
    due: date


class PortfolioRow(Frozen):
    """One initiative. A value that was reported but not given is None, and `not_given` says why: withheld, not yet known, unreadable."""

    id: str
    name: str
    office: str
    office_name: str
    sponsor: str | None
    stage: int | None
    state: LifeState
    origin: Origin
    tier: Tier | None
    category: str | None
    start: date | None
    end: date | None
    end_baseline: date | None
    rating: Confidence | None
    rating_scale: RatingScale | None
    rater: str | None
    whole_life_cost: Money | NoFigure | None
    """The cost as a source reports it, else the baseline that was approved here."""
    exemption: str | None
    """On which ground the cost is withheld."""
    baseline: Money | None
    authorised: Money | None
    released: Money | None
    actual: Money | None
    reported_as_at: date | None
    feed: str | None
    batch: str | None
    row: int | None
    not_given: dict[str, ReportedState]
    next_gate: NextGate | None

    @property
    def figure(self) -> Money | None:
        """The whole-life cost, where it is a figure."""
        return self.whole_life_cost if isinstance(self.whole_life_cost, Money) else None


class CostTotal(Frozen):
    """A sum over `figures` initiatives. Currencies are never added to each other."""

    sum: Money
    figures: int


class OfficeTotal(Frozen):
    """One office's share; `ratings` by rating or, where there is none, by why."""

    office: str
    name: str
    count: int
    ratings: dict[str, int]
    whole_life_cost: tuple[CostTotal, ...]


class Totals(Frozen):
    """The totals of the portfolio. Ratings and costs without a value are counted by why: withheld, not_yet_known and so on."""

    count: int
    ratings: dict[str, int]
    whole_life_cost: tuple[CostTotal, ...]
    cost_states: dict[str, int]
    states: dict[str, int]
    offices: tuple[OfficeTotal, ...]


class Portfolio(Frozen):
    """The portfolio as it was on a date, as known at an instant: at these positions of the logs."""

    on: date
    known_at: Moment
    positions: dict[str, int]
    totals: Totals
    initiatives: tuple[PortfolioRow, ...]


def joined(
    registered: Iterable[InitiativeRow],
    reported: Iterable[StatusRow],
    opened: Iterable[AccountRow],
    known: Iterable[OfficeRow],
    scheduled: Iterable[NextGateRow],
) -> tuple[PortfolioRow, ...]:
    """The rows of the portfolio, by name. An initiative is in it from its registration, whatever else has been heard of it."""
    by_status = {row.initiative: row for row in reported}
    by_account = {row.initiative: row for row in opened}
    by_gate = {row.initiative: row for row in scheduled}
    names = {row.office: row.name for row in known}
    rows = (
        _row(initiative, by_status.get(key), by_account.get(key), by_gate.get(key), names)
        for initiative in registered
        if (key := initiative.initiative)
    )
    return tuple(sorted(rows, key=lambda row: (row.name.casefold(), row.id)))


def _row(
    initiative: InitiativeRow, status: StatusRow | None, account: AccountRow | None, gate: NextGateRow | None, names: Mapping[str, str]
) -> PortfolioRow:
    office = status.office if status else initiative.office
    rating = status.rating if status else None
    reported = account.whole_life_cost if account else None
    dates = {name: getattr(status, name) for name in ("start", "end", "end_baseline")} if status else {}
    stated = {"rating": rating, "whole_life_cost": reported, **dates}
    cost: Money | NoFigure | None = account.baseline if account else None
    if reported is not None:
        cost = reported.amount if reported.state is ReportedState.GIVEN else _NO_FIGURE[reported.state]
    return PortfolioRow(
        id=initiative.initiative,
        name=initiative.name,
        office=office,
        office_name=names.get(office, office),
        sponsor=initiative.sponsor,
        stage=initiative.stage,
        state=initiative.state,
        origin=initiative.origin,
        tier=initiative.tier,
        category=initiative.category,
        rating=rating.rating if rating else None,
        rating_scale=rating.scale if rating else None,
        rater=rating.rater or None if rating else None,
        whole_life_cost=cost,
        exemption=reported.exemption if reported else None,
        baseline=account.baseline if account else None,
        authorised=account.authorised if account else None,
        released=account.released if account else None,
        actual=account.actual if account else None,
        reported_as_at=status.as_at if status else None,
        feed=status.feed if status else None,
        batch=status.batch if status else None,
        row=status.row if status else None,
        not_given={name: value.state for name, value in stated.items() if value is not None and value.state is not ReportedState.GIVEN},
        next_gate=gate and NextGate(review=gate.review, gate=gate.gate, name=gate.gate_name, round=gate.round, due=gate.due),
        **{name: _day(dates.get(name)) for name in ("start", "end", "end_baseline")},
    )


def _day(reported: ReportedDate | None) -> date | None:
    return reported.day if reported else None


def totals(rows: Sequence[PortfolioRow]) -> Totals:
    """What screen, command line and JSON show above the rows."""
    by_office: dict[str, list[PortfolioRow]] = {}
    for row in rows:
        by_office.setdefault(row.office, []).append(row)
    return Totals(
        count=len(rows),
        ratings=_ratings(rows),
        whole_life_cost=_costs(rows),
        cost_states=_counted(_cost_state(row) for row in rows),
        states=_counted(row.state.value for row in rows),
        offices=tuple(
            OfficeTotal(office=office, name=of[0].office_name, count=len(of), ratings=_ratings(of), whole_life_cost=_costs(of))
            for office, of in sorted(by_office.items())
        ),
    )


def _ratings(rows: Iterable[PortfolioRow]) -> dict[str, int]:
    return _counted(row.rating.value if row.rating else row.not_given.get("rating", "not_reported") for row in rows)


def _cost_state(row: PortfolioRow) -> str:
    if row.whole_life_cost is None:
        return "not_reported"
    return ReportedState.GIVEN.value if row.figure else str(row.whole_life_cost)


def _costs(rows: Iterable[PortfolioRow]) -> tuple[CostTotal, ...]:
    sums: dict[str, list[Decimal]] = {}
    for row in rows:
        if row.figure:
            sums.setdefault(row.figure.currency, []).append(row.figure.amount)
    return tuple(
        CostTotal(sum=Money(amount=sum(amounts, Decimal()), currency=currency), figures=len(amounts))
        for currency, amounts in sorted(sums.items())
    )


_ORDER = [*(confidence.value for confidence in reversed(Confidence)), *(state.value for state in ReportedState), "not_reported"]


def _counted(values: Iterable[str]) -> dict[str, int]:
    found = Counter(map(str, values))
    return {value: found[value] for value in sorted(found, key=lambda v: (_ORDER.index(v) if v in _ORDER else -1, v))}


async def portfolio(reader: ViewReader, now: datetime) -> Portfolio:
    """The portfolio now, as far as the tables of reporting have heard: all of them as they are at one moment."""
    async with reader.snapshot() as snapshot:
        rows = joined(
            await snapshot.rows(InitiativeRow),
            await snapshot.rows(StatusRow),
            await snapshot.rows(AccountRow),
            await snapshot.rows(OfficeRow),
            await snapshot.rows(NextGateRow),
        )
        positions = await snapshot.positions(initiatives, statuses, accounts, offices, next_gates)
    return Portfolio(on=now.date(), known_at=now, positions=positions, totals=totals(rows), initiatives=rows)
