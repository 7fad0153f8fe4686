"""What a request says beyond its body: If-Match, Idempotency-Key, after which position, in which media type."""

import re
from typing import NamedTuple
from uuid import UUID, uuid4, uuid5

from fastapi import Request

from shared.web.problems import Problem

BODY_LIMIT = 256 * 1024
POSITION_HEADER = "Minutebook-Position"
AFTER_HEADER = "Minutebook-After"
_KEYS = UUID("6f2d6b54-4f0e-5d0c-9d0a-6d696e757465")
_ETAG = re.compile(r'"(\d{1,18})"')
_AFTER = re.compile(r"([a-z][a-z0-9-]{0,39}):(\d{1,15})(?::([A-Za-z0-9._:/-]{1,200}))?")


async def read_body(request: Request, limit: int = BODY_LIMIT) -> bytes:
    """The body, at most `limit` bytes; raises Problem 413."""
    too_large = Problem(413, "body-limit", f"The body is larger than {limit // 1024} KiB.", "send less, or put documents in by their hash")
    stated = request.headers.get("content-length", "")
    if stated.isdecimal() and int(stated) > limit:
        raise too_large
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise too_large
        chunks.append(chunk)
    return b"".join(chunks)


def expected_version(if_match: str | None) -> int | None:
    """The version that the caller saw; None for whatever is current. Raises Problem 422."""
    if if_match is None or if_match.strip() == "*":
        return None
    found = _ETAG.fullmatch(if_match.strip())
    if not found:
        raise Problem(422, "if-match", "If-Match is no version of a stream.", 'send the ETag that you got, such as "7"', "If-Match")
    return int(found[1])


def command_id(key: str | None, actor: str) -> UUID:
    """The id of the command: the key if it is a UUID, else derived from key and actor; minted without a key. Raises Problem 422."""
    if key is None:
        return uuid4()
    try:
        return UUID(key)
    except ValueError:
        pass
    if not (8 <= len(key) <= 64 and key.isascii() and key.isprintable()):
        detail = "Idempotency-Key is a UUID, or 8 to 64 printable ASCII characters."
        raise Problem(422, "idempotency-key", detail, "take a new UUID for each command", "Idempotency-Key")
    return uuid5(_KEYS, f"{actor}\n{key}")


class Place(NamedTuple):
    """A place in a log; `key` is the key of order of its record, with which waiting for it is exact."""

    log: str
    position: int
    key: str | None = None


def position(log: str, at: int, key: str | None = None) -> str:
    """A place in a log as headers and links spell it: gates:48213, or gates:48213:I-7QX2 with the key of its record."""
    return f"{log}:{at}:{key}" if key else f"{log}:{at}"


def wanted_positions(text: str | None) -> tuple[Place, ...]:
    """The places after which the caller asks: "gates:12, intake:5". Raises Problem 422."""
    wanted = []
    for part in (text or "").split(","):
        if not part.strip():
            continue
        found = _AFTER.fullmatch(part.strip())
        if not found:
            raise Problem(422, "after", "after names no place in a log.", "write it as log:position, such as gates:48213", "after")
        wanted.append(Place(found[1], int(found[2]), found[3]))
    return tuple(wanted)


def wants_html(request: Request) -> bool:
    """Whether the caller would rather have a page than JSON (RFC 9110 §12.5.1)."""
    quality = {"text/html": 0.0, "application/json": 0.0}
    for part in request.headers.get("accept", "").split(","):
        kind, _, parameters = part.strip().partition(";")
        weight = re.search(r"q=([01](?:\.\d{0,3})?)", parameters)
        if kind.strip() in quality:
            quality[kind.strip()] = float(weight[1]) if weight else 1.0
    return quality["text/html"] > quality["application/json"]


def is_form(request: Request) -> bool:
    """Whether the body is a posted form."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind in ("application/x-www-form-urlencoded", "multipart/form-data")


def local_path(target: str | None) -> str | None:
    """`target` if it is a path on this site, None otherwise: a form never sends anybody elsewhere."""
    if target and re.fullmatch(r"/(?![/\\])[\x21-\x7e]{0,500}", target) and "\\" not in target:
        return target
    return None
