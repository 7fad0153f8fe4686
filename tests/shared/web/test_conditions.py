"""What a request says beyond its body."""

from uuid import UUID, uuid4

import pytest
from fastapi import Request
from hypothesis import given
from hypothesis import strategies as st

from shared.ledger.record import LogUnavailable
from shared.web.conditions import (
    Place,
    command_id,
    expected_version,
    local_path,
    position,
    wanted_positions,
    wants_html,
)
from shared.web.problems import Problem, pointer, problem_of


def asking(accept: str) -> Request:
    return Request({"type": "http", "headers": [(b"accept", accept.encode())]})


@pytest.mark.parametrize(
    ("accept", "html"),
    [
        ("text/html,application/xhtml+xml,*/*;q=0.8", True),
        ("application/json", False),
        ("*/*", False),
        ("", False),
        ("application/json, text/html;q=0.5", False),
        ("text/html;q=0.9, application/json;q=0.1", True),
    ],
)
def test_a_page_is_for_those_who_would_rather_have_one(accept: str, html: bool) -> None:
    assert wants_html(asking(accept)) is html


def test_a_uuid_is_the_command_s_id_and_another_key_is_bound_to_its_actor() -> None:
    key = uuid4()
    assert command_id(str(key), "p-ann") == key
    assert command_id("monday-1", "p-ann") == command_id("monday-1", "p-ann") != command_id("monday-1", "p-bob")
    assert isinstance(command_id(None, "p-ann"), UUID)


@given(st.text(st.characters(codec="ascii", exclude_categories=["C"]), min_size=8, max_size=64))
def test_any_key_of_8_to_64_characters_makes_an_id(key: str) -> None:
    assert isinstance(command_id(key, "p-ann"), UUID)


@pytest.mark.parametrize("key", ["", "short", "x" * 65, "tab\tinside", "naïve-key"])
def test_another_key_is_refused_with_the_way_out(key: str) -> None:
    with pytest.raises(Problem, match="8 to 64") as refused:
        command_id(key, "p-ann")
    assert refused.value.status == 422 and refused.value.way_out


def test_an_if_match_is_a_version_or_anything() -> None:
    assert expected_version('"7"') == 7 and expected_version("*") is None and expected_version(None) is None
    for wrong in ("7", 'W/"7"', '"x"', ""):
        with pytest.raises(Problem, match="If-Match"):
            expected_version(wrong)


def test_places_are_read_as_they_are_spelt() -> None:
    wanted = wanted_positions("gates:12, intake:5:I-7QX2KM4A,council:3:gate-review/I-1.G1.R1")
    assert wanted == (Place("gates", 12), Place("intake", 5, "I-7QX2KM4A"), Place("council", 3, "gate-review/I-1.G1.R1"))
    assert ",".join(position(*place) for place in wanted).split(",")[1] == "intake:5:I-7QX2KM4A"
    with pytest.raises(Problem):
        wanted_positions("gates")


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/\\evil.example", "", "javascript:x", "/a\nb", None])
def test_only_a_path_of_this_site_is_a_way_on(target: str | None) -> None:
    assert local_path(target) is None
    assert local_path("/gates/gate-reviews/I-1?x=1#votes") == "/gates/gate-reviews/I-1?x=1#votes"


def test_a_log_that_does_not_answer_is_not_ready_and_says_that_the_outcome_is_open() -> None:
    problem = problem_of(LogUnavailable())
    assert problem.status == 503 and problem.headers == {"Retry-After": "1"} and "not known" in problem.detail


def test_a_pointer_escapes_what_would_part_it() -> None:
    assert pointer(("inputs", "a/b~c", 0)) == "/inputs/a~1b~0c/0"
