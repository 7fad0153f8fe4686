"""The pattern itself, on a toy rule book: a till that is opened, filled and counted by two people."""

from enum import StrEnum

import pytest
from pydantic import ValidationError

from shared.contracts.event import Event, Noted
from shared.contracts.personal import Personal
from shared.contracts.values import Count, Id, Money, Text
from shared.domain.decider import Events, aggregate_of, decides, evolves
from shared.domain.given import Given
from shared.domain.refused import require
from shared.domain.scenario import scenario
from shared.domain.state import Command, Fact, State


class TillOpened(Event, service="toy"):
    clerk: Id


class CashAdded(Event, service="toy"):
    cents: Count


class TillCounted(Event, service="toy"):
    remark: Personal[Text]


class Status(StrEnum):
    OPEN = "open"
    COUNTED = "counted"


class Till(State):
    status: Status | None = None
    clerk: str = ""
    cents: int = 0


class Limit(Fact):
    cents: int


class OpenTill(Command, role="clerk", starts=True):
    pass


class AddCash(Command, role="clerk"):
    cents: Count


class CountTill(Command, role="auditor", decides=True):
    remark: Personal[Text]


@decides
def open_till(till: Till, command: OpenTill, given: Given) -> Events:
    yield TillOpened(clerk=given.who.actor)


@decides
def add_cash(till: Till, command: AddCash, given: Given) -> Events:
    till.must_be(Status.OPEN)
    limit = given.fact(Limit, "hub")
    require(not limit or till.cents + command.cents <= limit.cents, rule="limit", because="too much", field="cents", way_out="add less")
    yield CashAdded(cents=command.cents)


@decides
def count_till(till: Till, command: CountTill, given: Given) -> Events:
    require(given.of(Till, "other").status is Status.COUNTED, rule="order", because="count the other till first")
    yield TillCounted(remark=command.remark).note(authority="house-rules", reason=command.remark)


@evolves
def opened(till: Till, event: TillOpened) -> Till:
    return till.replace(status=Status.OPEN, clerk=event.clerk)


@evolves
def added(till: Till, event: CashAdded) -> Till:
    return till.replace(cents=till.cents + event.cents)


@evolves
def counted(till: Till, event: TillCounted) -> Till:
    return till.replace(status=Status.COUNTED)


till = scenario(Till)
OPENED = TillOpened(clerk="p-ann")


def test_a_command_leads_to_its_event() -> None:
    till.when(OpenTill()).then(OPENED)


def test_a_stream_begins_once() -> None:
    till.given(OPENED).when(OpenTill()).refused("once", "choose another id")


def test_a_command_for_nothing_names_how_to_begin() -> None:
    till.when(AddCash(cents=1)).refused("exists", "open-till")


def test_a_rule_that_asks_for_a_fact_gets_it() -> None:
    known = till.given(OPENED, CashAdded(cents=5)).knowing(Limit(cents=9), "hub")
    known.when(AddCash(cents=4)).then(CashAdded(cents=4))
    known.when(AddCash(cents=5)).refused("limit", "add less")


def test_a_rule_that_asks_for_another_stream_gets_it() -> None:
    till.given(OPENED).when(CountTill(remark="fine")).refused("order")
    known = till.given(OPENED).knowing(Till, "other", OPENED, TillCounted(remark="first"))
    (noted,) = known.when(CountTill(remark="fine")).then(TillCounted(remark="fine")).accepted()
    assert isinstance(noted, Noted)
    assert noted.authority == "house-rules"


def test_a_decision_without_an_authority_is_a_fault_of_the_rule_book() -> None:
    class Peek(Command, role="clerk", decides=True):
        pass

    def peek(state: Till, command: Peek, given: Given) -> Events:
        yield CashAdded(cents=1)

    rules = aggregate_of(Till)
    rules.deciders[Peek] = peek
    try:
        with pytest.raises(TypeError, match="authority"):
            till.given(OPENED).when(Peek())
    finally:
        del rules.deciders[Peek]


def test_a_command_names_who_may_call_it() -> None:
    with pytest.raises(TypeError, match="role"):

        class Nameless(Command):
            pass


def test_money_is_exact_and_of_one_currency() -> None:
    assert Money(amount="0.1") + Money(amount="0.2") == Money(amount="0.3")
    with pytest.raises(ValueError, match="dated rate"):
        Money(amount="1", currency="EUR") + Money(amount="1")
    with pytest.raises(ValidationError, match="binary fraction"):
        Money(amount=0.1)
