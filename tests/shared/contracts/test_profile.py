"""Canonical form: within the profile our bytes are those of RFC 8785; outside it nothing is written."""

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.profile import LIMIT, ProfileError, canonical, parse

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
ascii_names = st.text(st.characters(max_codepoint=127), max_size=12)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ascii_names, inner, max_size=4),
    max_leaves=20,
)
documents = st.dictionaries(ascii_names, values, max_size=6)


@given(documents)
def test_the_bytes_are_those_of_rfc_8785(document: dict[str, object]) -> None:
    assert canonical(document) == rfc8785.dumps(document)  # type: ignore[arg-type]


@given(documents)
def test_what_was_written_is_read_back(document: dict[str, object]) -> None:
    assert parse(canonical(document)) == document


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ({"a": 1.5}, "$.a"),
        ({"a": [1, {"b": 2**53}]}, "$.a[1].b"),
        ({"ä": 1}, "$"),
        ({"a": float("nan")}, "$.a"),
        ({"a": "\ud800"}, "$"),
        ({"a": "x" * LIMIT}, "$"),
        ({"a": object()}, "$.a"),
    ],
)
def test_a_document_outside_the_profile_is_refused_with_its_place(document: dict[str, object], place: str) -> None:
    with pytest.raises(ProfileError) as refusal:
        canonical(document)
    assert str(refusal.value).startswith(place + ":")


@pytest.mark.parametrize(
    "encoded", [b'{"b":1,"a":2}', b'{"a": 1}', b'{"a":1,"a":1}', b'{"a":1.0}', b"[1]", b"{", b'{"a":"\\u0041"}', b'{"a":1}\n']
)
def test_bytes_in_another_spelling_are_refused(encoded: bytes) -> None:
    with pytest.raises(ProfileError):
        parse(encoded)
