"""Forms: derived from the command, read back as what was meant, told off at the right field."""

from datetime import UTC, date, datetime
from html.parser import HTMLParser
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.contracts.personal import PLAIN
from shared.domain.state import Command
from shared.web.controls import Control, controls, deepest, with_row, without_row
from shared.web.fields import Kind, fields_of
from shared.web.parse import parse_form
from tests.shared.web.council import AmendMotion, CarryMotion, Clause, Ground, MoveMotion, Ward, Window

ids = st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9._:-]{0,20}\Z")
names = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=40)
texts = st.lists(names, min_size=1, max_size=4).map("\n".join)
amounts = st.decimals(min_value=-(10**9), max_value=10**9, places=2).map(lambda amount: format(amount, "f"))
money = st.fixed_dictionaries({"amount": amounts, "currency": st.sampled_from(["GBP", "EUR"])})
days = st.dates(date(1990, 1, 1), date(2099, 1, 1)).map(date.isoformat)
moments = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)).map(datetime.isoformat)
wards = st.lists(st.sampled_from(Ward), unique=True).map(sorted)
clauses = st.fixed_dictionaries({"id": ids, "text": names, "due": days}, optional={"owner": ids, "cost": money, "wards": wards.map(list)})
windows = st.fixed_dictionaries({}, optional={"opens": moments, "urgent": st.booleans()})
inputs = st.dictionaries(names, names | st.lists(names, max_size=3), max_size=3)
amendments = st.fixed_dictionaries(
    {"clauses": st.lists(clauses, max_size=4), "ground": st.sampled_from(Ground)},
    optional={
        "grounds": st.lists(st.sampled_from(Ground), unique=True),
        "ward": st.sampled_from(Ward),
        "copies": st.integers(0, 2**31 - 1),
        "share": amounts,
        "cap": money,
        "on": days,
        "window": windows,
        "open": st.booleans(),
        "agreed": st.booleans(),
        "seconders": st.lists(ids, max_size=4),
        "remark": texts,
        "note": st.text(st.characters(exclude_categories=["C", "Z"]), max_size=10),
        "inputs": inputs,
    },
)


def said(command: Command) -> Any:
    return orjson.loads(command.model_dump_json(context=PLAIN))


def pressed(found: tuple[Control, ...]) -> dict[str, list[str]]:
    """What a browser sends of these controls as they stand."""
    form: dict[str, list[str]] = {}
    for control in found:
        kind = control.field.kind
        if kind in (Kind.GROUP, Kind.MONEY, Kind.ROWS):
            if control.field.optional_group and control.given:
                form[f"{control.path}._given"] = ["true"]
            form |= pressed(control.controls)
        elif kind is Kind.CHOICES:
            form[control.path] = ["", *[choice for choice, _ in control.options if choice in (control.value or ())]]
        elif kind is Kind.BOOLEAN:
            form[control.path] = ["false", *(["true"] if control.value else [])]
        else:
            form[control.path] = [control.text.replace("\n", "\r\n")]
    return form


@given(amendments)
@settings(max_examples=150, deadline=None)
def test_what_stands_in_a_form_is_the_command_that_it_was_filled_from(amendment: dict[str, Any]) -> None:
    # Boxes have no order of their own: they are ticked in the order of the choices.
    amendment = amendment | ({"grounds": [g for g in Ground if g in amendment["grounds"]]} if "grounds" in amendment else {})
    for clause in amendment["clauses"]:
        clause["wards"] = [ward for ward in Ward if ward in clause.get("wards", ())]
    meant = AmendMotion.model_validate_json(orjson.dumps(amendment))
    form = pressed(controls(AmendMotion, said(meant)))
    assert said(AmendMotion.model_validate_json(orjson.dumps(parse_form(AmendMotion, form)))) == said(meant)


def test_every_kind_of_value_has_its_control() -> None:
    kinds = {field.name: field.kind for field in fields_of(AmendMotion)}
    assert kinds == {
        "clauses": Kind.ROWS,
        "grounds": Kind.CHOICES,
        "ground": Kind.CHOICE,
        "ward": Kind.CHOICE,
        "copies": Kind.INTEGER,
        "share": Kind.DECIMAL,
        "cap": Kind.MONEY,
        "on": Kind.DATE,
        "window": Kind.GROUP,
        "open": Kind.BOOLEAN,
        "agreed": Kind.CHOICE,
        "seconders": Kind.ROWS,
        "remark": Kind.LINES,
        "note": Kind.TEXT,
        "inputs": Kind.JSON,
    }
    assert fields_of(MoveMotion)[0].hint == "The office that it belongs to."
    assert [field.required for field in fields_of(CarryMotion)] == [True]


def test_an_empty_row_is_no_row() -> None:
    form = {"ground": ["law"], "clauses.0.id": ["C-1"], "clauses.0.text": ["x"], "clauses.0.due": ["2026-01-01"]}
    form |= {
        "clauses.1.id": [""],
        "clauses.1.text": [""],
        "clauses.1.due": [""],
        "clauses.1.cost.amount": [""],
        "clauses.1.cost.currency": ["GBP"],
    }
    assert len(parse_form(AmendMotion, form)["clauses"]) == 1


def test_what_cannot_be_read_stays_as_it_was_typed() -> None:
    parsed = parse_form(AmendMotion, {"copies": ["many"], "share": ["1,5"], "on": ["soon"], "inputs": ["{"]})
    assert parsed == {"copies": "many", "share": "1,5", "on": "soon", "inputs": "{", "clauses": []}


def test_a_group_that_was_left_open_is_not_given() -> None:
    assert "window" not in parse_form(AmendMotion, {"window.opens": [""], "window.urgent": ["false"]})
    assert parse_form(AmendMotion, {"window.opens": [""], "window.urgent": ["false"], "window._given": ["true"]})["window"] == {
        "urgent": False
    }


def test_rows_are_added_and_removed_where_they_stand() -> None:
    one = {"clauses": [{"id": "C-1"}, {"id": "C-2"}]}
    assert with_row(AmendMotion, one, "clauses")["clauses"] == [{"id": "C-1"}, {"id": "C-2"}, {}]
    assert without_row(AmendMotion, one, "clauses.0")["clauses"] == [{"id": "C-2"}]
    assert with_row(AmendMotion, one, "nothing.here") == one


def test_empty_rows_keep_their_numbers_while_rows_come_and_go() -> None:
    form = {"seconders.0": [""], "seconders.1": ["p-1"], "_remove": ["seconders.0"]}
    assert without_row(AmendMotion, parse_form(AmendMotion, form), "seconders.0")["seconders"] == ["p-1"]


def test_an_error_is_told_at_the_deepest_control_that_is_there() -> None:
    fields = fields_of(AmendMotion)
    assert deepest(fields, ["clauses", "2", "cost", "amount", "decimal"]) == "clauses.2.cost.amount"
    assert deepest(fields, ["inputs", "x"]) == "inputs" and deepest(fields, ["nowhere"]) is None


def test_values_are_typed_alike() -> None:
    assert Clause(id="C-1", text="x", due=date(2026, 1, 1)) and Window()


class Labels(HTMLParser):
    """The controls of a page, and what names each."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.controls: list[dict[str, str | None]] = []
        self.named: set[str] = set()
        self.described: set[str] = set()
        self.ids: list[str] = []
        self._inside = 0
        self._legends = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if identity := found.get("id"):
            self.ids.append(identity)
        self.described |= set((found.get("aria-describedby") or "").split())
        if tag == "label":
            self._inside += 1
            if named := found.get("for"):
                self.named.add(named)
        if tag in ("input", "select", "textarea") and found.get("type") != "hidden":
            self.controls.append(found | {"wrapped": "yes" if self._inside else None})

    def handle_endtag(self, tag: str) -> None:
        if tag == "label":
            self._inside -= 1

    def unlabelled(self) -> list[dict[str, str | None]]:
        return [c for c in self.controls if not (c["wrapped"] or c.get("id") in self.named or c.get("aria-label"))]
