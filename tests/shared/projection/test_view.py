"""Declaring a view: what is wrong is said at once, and another shape is another table."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from shared.contracts.envelope import Heard
from shared.contracts.event import Event
from shared.contracts.values import Money
from shared.domain.state import Fact
from shared.projection.columns import columns_of
from shared.projection.view import VIEWS, View, view_of
from tests.shared.projection.toys import Broken, Looked, Made, ToyRow, toys


class Elsewhere(Event, service="elsewhere"):
    pass


def row(fields: dict[str, Any], name: str = "Row") -> type[Fact]:
    return type(name, (Fact,), {"__annotations__": fields, "__module__": __name__})


def shaped(fields: dict[str, Any], **kwargs: Any) -> View[Any]:
    return View("shaped", row(fields), log="toys", **kwargs)


def test_the_events_are_read_off_the_annotations() -> None:
    assert {Made, Broken, Looked} <= set(toys.folds)
    assert view_of(ToyRow) is toys


def test_fields_become_typed_columns() -> None:
    assert [(column.name, column.type) for column in columns_of(ToyRow)] == [
        ("title", "text"),
        ("price", "numeric"),
        ("currency", "text"),
        ("colour", "text"),
        ("painted", "date"),
        ("born", "timestamptz"),
        ("sale", "bool"),
        ("changes", "int8"),
        ("coats", "jsonb"),
        ("remark", "jsonb"),
    ]


def test_the_same_shape_is_the_same_table() -> None:
    assert shaped({"title": str}).table == shaped({"title": str}).table


@pytest.mark.parametrize("fields", [{"title": int}, {"name": str}, {"title": str, "on": date}])
def test_other_fields_are_another_table(fields: dict[str, Any]) -> None:
    assert shaped(fields).table != shaped({"title": str}).table


def test_another_nested_shape_is_another_table() -> None:
    assert shaped({"paid": tuple[Money, ...]}).table != shaped({"paid": tuple[Decimal, ...]}).table


def test_history_indexes_and_version_are_part_of_the_shape() -> None:
    plain = shaped({"title": str}).table
    others = ({"history": True}, {"version": 2}, {"indexed": ("title",)})
    assert len({plain, *(shaped({"title": str}, **other).table for other in others)}) == 4


def test_only_fields_of_the_row_are_indexed() -> None:
    with pytest.raises(TypeError, match="Row has no field name to index"):
        shaped({"title": str}, indexed=("name",))


def test_another_event_is_another_table() -> None:
    view = shaped({"title": str})
    before = view.table

    @view.on
    def looked(row: Fact | None, event: Looked, heard: Heard) -> Fact | None:
        return row

    assert view.table != before


def test_a_view_is_folded_from_one_log() -> None:
    view = shaped({"title": str})
    with pytest.raises(TypeError, match="is in the log of elsewhere; view shaped is folded from toys only"):

        @view.on
        def other(row: Fact | None, event: Elsewhere, heard: Heard) -> Fact | None:
            return row


def test_an_event_is_folded_once() -> None:
    with pytest.raises(TypeError, match="view toys folds Looked twice"):

        @toys.on
        def looked(row: ToyRow | None, event: Looked, heard: Heard) -> ToyRow | None:
            return row


def test_a_fold_names_its_event() -> None:
    with pytest.raises(TypeError, match="annotate its second parameter with the event"):

        @toys.on
        def vague(row: ToyRow | None, event, heard: Heard) -> ToyRow | None:  # type: ignore[no-untyped-def]  # noqa: ANN001
            return row


def test_a_row_belongs_to_one_view() -> None:
    with pytest.raises(TypeError, match="ToyRow is the row of toys already"):
        View("again", ToyRow, log="toys")


@pytest.mark.parametrize("inexact", [float, frozenset[str], set[int]])
def test_what_has_no_exact_value_or_order_is_no_column(inexact: Any) -> None:
    with pytest.raises(TypeError, match=r"declare a (Decimal|sorted tuple)"):
        shaped({"value": inexact})


def test_a_row_without_view_is_said() -> None:
    stranger = row({"title": str})
    assert stranger not in VIEWS
    with pytest.raises(LookupError, match="is the row of no view"):
        view_of(stranger)
