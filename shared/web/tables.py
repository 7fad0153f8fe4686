"""Tables as JSON: filtered by equality, ordered, by pages, as they are or as they were known at a position."""

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from pydantic import TypeAdapter, ValidationError

from shared.projection.arrival import NotYet
from shared.projection.reader import NotMade
from shared.projection.view import View
from shared.web.problems import Problem, not_ready
from shared.web.running import Running

_OURS = frozenset({"limit", "order", "at", "page", "after"})


async def table(running: Running, view: View[Any], query: Mapping[str, str], limit: int) -> dict[str, Any]:
    """The rows that `query` asks for: field=value, order=field or -field, at=position, page=what `next` said. Raises Problem."""
    where = {name: _value(view, name, text) for name, text in query.items() if name not in _OURS}
    order = query.get("order", "key")
    try:
        found = await running.views.known(view.row, where, order, limit, _page(view, order, query.get("page")), _at(query.get("at")))
        positions = await running.views.positions(view)
    except LookupError as unknown:
        raise Problem(422, "query", f"{unknown}.", "ask by fields that the table has") from None
    except (NotMade, NotYet) as early:
        raise not_ready(f"{str(early)[:1].upper()}{str(early)[1:]}.") from None
    following = None
    if len(found) == limit:
        last = found[-1]
        value = last.key if order.removeprefix("-") == "key" else getattr(last.row, order.removeprefix("-"))
        following = base64.urlsafe_b64encode(orjson.dumps([value, last.key], default=str)).decode()
    rows = [
        {"key": known.key, "position": known.position, "until": known.until, "row": known.row.model_dump(mode="json")} for known in found
    ]
    return {"view": view.name, "positions": positions, "at": _at(query.get("at")), "rows": rows, "next": following}


def _at(text: str | None) -> int | None:
    if text is None:
        return None
    if not text.isdecimal() or len(text) > 15:
        raise Problem(422, "query", "at is a position of the log.", "write it as a whole number, such as 48213", "at")
    return int(text)


def _page(view: View[Any], order: str, text: str | None) -> tuple[Any, str] | None:
    if text is None:
        return None
    try:
        value, key = orjson.loads(base64.urlsafe_b64decode(text))
        name = order.removeprefix("-")
        kept = value if value is None or name == "key" else _value(view, name, str(value))
        return kept, str(key)
    except (ValueError, TypeError):
        raise Problem(422, "query", "page is not a page of this table.", "send what next said, with the same order", "page") from None


def _value(view: View[Any], name: str, text: str) -> Any:
    """A text of the query as a value of the field."""
    if name == "key" or name not in view.row.model_fields:
        return text
    field = view.row.model_fields[name]
    if text == "" and field.annotation is not str:
        return None
    try:
        adapter: TypeAdapter[Any] = TypeAdapter(field.annotation)
        value = adapter.validate_strings(text)
    except ValidationError as error:
        raise Problem(422, "query", f"{name}: {error.errors()[0]['msg']}.", "write it as the table shows it", name) from None
    return value.isoformat() if isinstance(value, datetime) and value.tzinfo is None else value
