"""What must stand in the logs once everything was heard: each effect of each event exactly once, each account within its bounds."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from shared.contracts.envelope import Envelope

Logs = Mapping[str, Sequence[Envelope]]
_LETS_ON = ("GO", "CONDITIONAL_GO")


@dataclass(frozen=True)
class Said:
    """An event as plain data."""

    id: str
    subject: str
    data: dict[str, Any]

    @property
    def identity(self) -> str:
        return self.subject.partition("/")[2]


def said(logs: Logs) -> dict[str, list[Said]]:
    """All events by the name of their type, each log's in order."""
    found: dict[str, list[Said]] = {}
    for envelopes in logs.values():
        for envelope in envelopes:
            found.setdefault(envelope.type.split(".")[2], []).append(Said(envelope.id, envelope.subject, envelope.data))
    return found


def require_lines(logs: Logs) -> None:
    """Every stream is numbered from 1 without a gap; every event of a service follows an event that was recorded before it."""
    known = {envelope.id: envelope for envelopes in logs.values() for envelope in envelopes}
    for envelopes in logs.values():
        versions: Counter[str] = Counter()
        for envelope in envelopes:
            versions[envelope.subject] += 1
            assert int(envelope.streamversion) == versions[envelope.subject]
            if cause := known.get(envelope.causationid):
                assert cause.recordedtime <= envelope.recordedtime
                assert cause.correlationid == envelope.correlationid
            else:
                assert envelope.causationid == envelope.commandid, "its cause is on record, or a command of its own"


def require_effects(logs: Logs) -> None:
    """Exactly once: nothing of it is missing, nothing is there twice, nothing is there for no reason."""
    events = said(logs)

    def of(name: str) -> list[Said]:
        return events.get(name, [])

    assert not of("ReactionRefused")
    records = of("FeedRecordAccepted")
    selected = {event.identity for event in of("ProposalSelected")}
    reported = {event.data["initiative"] for event in records}
    _same("ProjectRegistered", (event.data["initiative"] for event in of("ProjectRegistered")), selected | reported)
    _same("InvestmentAccountOpened", (event.data["initiative"] for event in of("InvestmentAccountOpened")), selected | reported)
    _same("OfficeRegistered", (event.identity for event in of("OfficeRegistered")), {"hub"} | {event.data["office"] for event in records})
    rows = {_row(event) for event in records}
    assert len(rows) == len(records)
    _same("StatusReported", map(_row, of("StatusReported")), rows)
    figures = ("whole_life_cost", "year_baseline", "year_forecast")
    _same("BudgetRestated", map(_row, of("BudgetRestated")), {_row(event) for event in records if any(map(event.data.get, figures))})

    decided = of("GateDecided")
    on = [event for event in decided if event.data["outcome"] in _LETS_ON]
    _same("FundingAuthorised", _decisions(of("FundingAuthorised")), {event.id for event in on if "funding" in event.data})
    _same("FundingReleased", _decisions(of("FundingReleased")), {event.id for event in on if "funding" in event.data})
    _same("StageStarted", _decisions(of("StageStarted")), {event.id for event in on if not event.data["last"]})
    closed_by_gate = [event for event in of("ProjectClosed") if "decision" in event.data]
    _same("ProjectClosed", _decisions(closed_by_gate), {event.id for event in on if event.data["last"]})
    killed = {event.id for event in decided if event.data["outcome"] == "KILL"}
    _same("ProjectTerminated", _decisions(of("ProjectTerminated")), killed)
    _same("FundingReturned", _decisions(of("FundingReturned")), killed)
    _require_gates(of("GateScheduled"), selected, of("StageStarted"), decided)


def _require_gates(scheduled: list[Said], selected: set[str], started: list[Said], decided: list[Said]) -> None:
    expected = {f"{initiative}.G1.R1" for initiative in selected}
    expected |= {f"{event.identity}.G{event.data['stage'] + 1}.R1" for event in started}
    rounds = {event.identity: event.data["round"] for event in scheduled}
    by_people = set()
    for event in decided:
        again = f"{event.data['initiative']}.G{event.data['gate']}.R{rounds[event.identity] + 1}"
        if event.data["outcome"] == "RECYCLE":
            expected.add(again)
        elif event.data["outcome"] == "HOLD" and again in rounds:
            by_people.add(again)
    _same("GateScheduled", (event.identity for event in scheduled), expected | by_people)


def require_bounds(logs: Logs) -> None:
    """At no position of its log does an account release more than was authorised, or spend more than was released."""
    names = ("FundingAuthorised", "FundingReleased", "CostActualRecorded", "FundingReturned")
    sums: dict[str, Counter[str]] = {}
    for envelope in logs["benefits"]:
        account, name = sums.setdefault(envelope.subject, Counter()), envelope.type.split(".")[2]
        if name in names:
            account[name] += Decimal(envelope.data["amount"]["amount"])  # type: ignore[assignment]
        authorised, released, spent, returned = (account[name] for name in names)
        assert authorised >= released >= spent + returned
        assert name != "FundingReturned" or returned == released - spent


def _row(event: Said) -> tuple[str, int]:
    return event.data["batch"], event.data["row"]


def _decisions(events: list[Said]) -> list[str]:
    return [event.data["decision"] for event in events]


def _same(name: str, found: Iterable[Any], expected: set[Any]) -> None:
    counted = Counter(found)
    assert max(counted.values(), default=1) == 1, f"{name} twice: {[key for key, times in counted.items() if times > 1]}"
    assert counted.keys() == expected, f"{name}: missing {expected - counted.keys()}, for no reason {counted.keys() - expected}"
