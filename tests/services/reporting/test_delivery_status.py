"""Delivery status: declared as at a date, the latest date counts, nothing of the future."""

from datetime import UTC, date, datetime

from services.reporting.delivery_status import DeliveryStatus, ReportStatus
from shared.contracts.reporting.delivery_status import StatusReported
from shared.contracts.terms import Confidence, ReportedRating, ReportedState
from shared.domain.scenario import scenario

RED = ReportedRating(state=ReportedState.GIVEN, rating=Confidence.RED, rater="IPA", raw="Red")
REPORTED = StatusReported(initiative="X_1", office="MOD", as_at=date(2021, 3, 31), rating=RED)


def test_a_report_happened_when_it_stood_so() -> None:
    outcome = scenario(DeliveryStatus, "X_1").when(ReportStatus(office="MOD", as_at=date(2021, 3, 31), rating=RED))
    outcome.then(REPORTED)
    assert outcome.noted[0].occurred == datetime(2021, 3, 31, tzinfo=UTC)


def test_a_report_of_the_future_is_refused() -> None:
    scenario(DeliveryStatus, "X_1").when(ReportStatus(office="MOD", as_at=date(2030, 3, 31))).refused("as-at", "future")


def test_an_earlier_report_that_comes_later_is_recorded_and_does_not_count() -> None:
    earlier = REPORTED.replace(as_at=date(2019, 9, 30), rating=None)
    state = scenario(DeliveryStatus, "X_1").given(REPORTED, earlier).state
    assert isinstance(state, DeliveryStatus) and (state.as_at, state.rating) == (REPORTED.as_at, RED)
