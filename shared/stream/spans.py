"""The trace of a decision goes on: a span where its record was relayed and where tables show it."""

from collections.abc import Iterable

from shared.runtime.telemetry import spanned

_MOST = 100

Place = tuple[str, str, str, int]
"""The traceparent of a record, its wire type, its log and its position."""


def passed(service: str, what: str, began: int, records: Iterable[Place]) -> None:
    """Spans `<what> <event>`, done by `service`, from `began` (ns since 1970) until now, one for each trace and event in a batch.

    A span costs as much as relaying a third of a record, so that of a bulk only the first hundred have one.
    """
    groups: dict[tuple[str, str], list[Place]] = {}
    for record in records:
        trace, wire = record[0][3:35], record[1]
        groups.setdefault((trace, wire), []).append(record)
    for (_, wire), group in list(groups.items())[:_MOST]:
        traceparent, _, log, position = group[0]
        event = wire.split(".")[2] if wire.count(".") > 2 else wire
        spanned(traceparent, f"{what} {event}", began, log=log, position=position, records=len(group), by=service)
