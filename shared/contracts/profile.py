"""Canonical JSON: RFC 8785 in a restricted profile, where sorted orjson output is already canonical.

The profile: member names are ASCII, no floats, integers within ±(2**53 − 1), no lone surrogates. Decimals and money travel as strings.
"""

from typing import Any

import orjson

LIMIT = 65_535
_SAFE = 2**53 - 1


class ProfileError(ValueError):
    """A document outside the profile; the message names the place and the rule."""


def check(value: Any, path: str = "$") -> None:
    """Raise ProfileError unless `value` (JSON as Python objects) lies within the profile."""
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return
    if kind is int:
        if not -_SAFE <= value <= _SAFE:
            raise ProfileError(f"{path}: {value} is outside ±(2^53 - 1); write large numbers as strings")
    elif kind is dict:
        for key, member in value.items():
            if type(key) is not str or not key.isascii():
                raise ProfileError(f"{path}: member name {key!r} is not ASCII text")
            check(member, f"{path}.{key}")
    elif kind is list or kind is tuple:
        for index, item in enumerate(value):
            check(item, f"{path}[{index}]")
    else:
        raise ProfileError(f"{path}: {kind.__name__} has no canonical form; write it as a string")


def canonical(document: dict[str, Any]) -> bytes:
    """The canonical bytes of `document`.

    Raises ProfileError when it lies outside the profile or is longer than 65,535 bytes.
    """
    check(document)
    try:
        encoded = orjson.dumps(document, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError as error:
        raise ProfileError(f"$: {error}") from None
    if len(encoded) > LIMIT:
        raise ProfileError(f"$: {len(encoded)} bytes is over the limit of {LIMIT}; keep large content beside the record, by its hash")
    return encoded


def parse(encoded: bytes) -> dict[str, Any]:
    """The document in `encoded`; raises ProfileError unless the bytes are exactly its canonical form."""
    try:
        document = orjson.loads(encoded)
    except orjson.JSONDecodeError as error:
        raise ProfileError(f"$: not JSON: {error}") from None
    if not isinstance(document, dict):
        raise ProfileError("$: not an object")
    if canonical(document) != encoded:
        raise ProfileError("$: not in canonical form (RFC 8785)")
    return document
