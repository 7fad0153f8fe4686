"""The portfolio: a join of what the services said; totals are counted once, and what was not given says why."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from services.reporting.portfolio import PortfolioRow, joined, totals
from services.reporting.views.accounts import AccountRow
from services.reporting.views.initiatives import InitiativeRow, LifeState
from services.reporting.views.next_gates import NextGateRow
from services.reporting.views.offices import OfficeRow
from services.reporting.views.statuses import StatusRow
from shared.contracts.gates.office import AuthorityType
from shared.contracts.intake.initiative import Origin
from shared.contracts.terms import Confidence, ReportedDate, ReportedMoney, ReportedRating, ReportedState
from shared.contracts.values import Money

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
AS_AT = date(2021, 3, 31)
NONE = Money(amount=Decimal(0))


def initiative(key: str, name: str = "Name", origin: Origin = Origin.FEED) -> InitiativeRow:
    return InitiativeRow(initiative=key, name=name, office="MOD", origin=origin, state=LifeState.UNDER_WAY, registered=NOON, changed=NOON)


def status(key: str, state: ReportedState = ReportedState.GIVEN, rating: Confidence | None = Confidence.RED) -> StatusRow:
    return StatusRow(
        initiative=key,
        office="MOD",
        as_at=AS_AT,
        rating=ReportedRating(state=state, rating=rating, rater="IPA"),
        start=ReportedDate(state=ReportedState.GIVEN, day=date(2015, 4, 1)),
        end=ReportedDate(state=ReportedState.WITHHELD, exemption="section 24"),
        reported_by="service:reporting",
        recorded=NOON,
    )


def account(key: str, **cost: Any) -> AccountRow:
    reported = ReportedMoney(**cost) if cost else None
    spent = {"authorised": NONE, "released": NONE, "actual": NONE, "returned": NONE}
    return AccountRow(initiative=key, office="MOD", name="Name", currency="GBP", whole_life_cost=reported, **spent)


def sample() -> tuple[PortfolioRow, ...]:
    return joined(
        [initiative("X_1", "Beta"), initiative("X_2", "alpha"), initiative("X_3", "Gamma", Origin.SELECTION)],
        [status("X_1"), status("X_2", ReportedState.NOT_YET_KNOWN, None)],
        [
            account("X_1", state=ReportedState.GIVEN, amount=Money(amount=Decimal(5_000_000))),
            account("X_2", state=ReportedState.WITHHELD, exemption="section 43"),
            account("X_3").replace(baseline=Money(amount=Decimal(7))),
        ],
        [
            OfficeRow(
                office="MOD", name="Ministry of Defence", authority_type=AuthorityType.CONTROLLING, method="stage-gate", registered=NOON
            )
        ],
        [NextGateRow(initiative="X_3", review="X_3.G1.R1", gate=1, gate_name="Justify", round=1, due=AS_AT)],
    )


def test_rows_stand_by_name_with_what_each_service_said() -> None:
    alpha, beta, gamma = sample()
    assert [row.name for row in (alpha, beta, gamma)] == ["alpha", "Beta", "Gamma"]
    assert (beta.rating, beta.rater, beta.office_name, beta.reported_as_at) == (Confidence.RED, "IPA", "Ministry of Defence", AS_AT)
    assert (beta.start, beta.end, beta.not_given) == (date(2015, 4, 1), None, {"end": ReportedState.WITHHELD})
    assert (alpha.whole_life_cost, alpha.exemption, alpha.rating) == ("withheld", "section 43", None)
    assert gamma.next_gate and gamma.next_gate.review == "X_3.G1.R1"
    assert gamma.whole_life_cost == Money(amount=Decimal(7)) and gamma.reported_as_at is None


def test_the_cost_is_an_amount_a_word_or_nothing_in_json() -> None:
    written = [row.model_dump(mode="json")["whole_life_cost"] for row in sample()]
    assert written == ["withheld", {"amount": "5000000", "currency": "GBP"}, {"amount": "7", "currency": "GBP"}]


def test_totals_count_each_initiative_once_and_say_why_there_is_no_value() -> None:
    found = totals(sample())
    assert found.count == sum(found.ratings.values()) == sum(found.cost_states.values()) == sum(of.count for of in found.offices) == 3
    assert found.ratings == {"Red": 1, "not_yet_known": 1, "not_reported": 1}
    assert found.cost_states == {"given": 2, "withheld": 1}
    (cost,) = found.whole_life_cost
    assert (cost.sum.amount, cost.figures) == (Decimal(5_000_007), 2)


def test_currencies_are_never_added_to_each_other() -> None:
    rows = joined(
        [initiative("X_1"), initiative("X_2")],
        [],
        [
            account(key, state=ReportedState.GIVEN, amount=Money(amount=Decimal(5), currency=code))
            for key, code in (("X_1", "GBP"), ("X_2", "EUR"))
        ],
        [],
        [],
    )
    assert [str(total.sum) for total in totals(rows).whole_life_cost] == ["EUR 5", "GBP 5"]
