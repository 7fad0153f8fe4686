"""Which column of a file holds which field, by the header variants of its mapping."""

from dataclasses import dataclass

from services.reporting.mapping.table import REQUIRED, Fields, Mapping, RatingColumn, fits
from services.reporting.mapping.text import one_line
from shared.domain.refused import Refused

_SHOWN = 120


@dataclass(frozen=True, slots=True)
class Columns:
    """Places of the fields in a row, of the rating columns in order of precedence, and the headers that no field reads."""

    places: dict[str, int]
    ratings: tuple[tuple[int, RatingColumn], ...]
    unread: tuple[str, ...]
    headers: tuple[str, ...]


def shown(header: str) -> str:
    """A header as people read it: one line, without the explanation that some releases put after a line break."""
    line = one_line(header.strip().split("\n")[0]) or one_line(header) or "(no header)"
    return line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"


def columns_of(mapping: Mapping, headers: tuple[str, ...]) -> Columns:
    """Match headers. Raises Refused (rule `headers`): a column is missing that no row can do without, or two hold the same field."""
    places: dict[str, int] = {}
    for name in Fields.model_fields:
        found = [index for index, header in enumerate(headers) if fits(header, getattr(mapping.fields, name))]
        if len(found) > 1:
            raise Refused(
                "headers",
                f"columns {_numbered(headers, found)} both hold the field {name} of mapping {mapping.id} v{mapping.version}",
                field=name,
                way_out="remove one of the columns, or rename the one that is not meant",
            )
        if found:
            places[name] = found[0]
    missing = [name for name in REQUIRED if name not in places]
    if missing:
        wanted = "; ".join(f"{name}: {' or '.join(repr(v) for v in getattr(mapping.fields, name))}" for name in missing)
        raise Refused(
            "headers",
            f"the headers match no mapping: {mapping.id} v{mapping.version} finds no column for {', '.join(missing)} ({wanted})"
            f" among {', '.join(repr(shown(header)) for header in headers[:40])}",
            field=missing[0],
            way_out="send the file with these columns, choose the mapping that is made for it, or add a version with its headers",
        )
    ratings = tuple((index, column) for column in mapping.ratings for index, header in enumerate(headers) if fits(header, column.headers))
    used = {*places.values(), *(index for index, _ in ratings)}
    unread = tuple(shown(header) for index, header in enumerate(headers) if index not in used and header.strip())
    return Columns(places, ratings, unread, tuple(shown(header) for header in headers))


def _numbered(headers: tuple[str, ...], places: list[int]) -> str:
    return " and ".join(f"{index + 1} ({shown(headers[index])!r})" for index in places)
