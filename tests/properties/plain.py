"""The portfolio, folded from the logs in plain Python: no view, no table, nothing of the product."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from tests.properties.effects import Logs, Said, said

Row = dict[str, Any]
_DATES = ("start", "end", "end_baseline")
_SUMS = {"FundingAuthorised": "authorised", "FundingReleased": "released", "CostActualRecorded": "actual"}


def portfolio_of(logs: Logs) -> dict[str, Row]:
    """The rows by initiative, as JSON would have them, amounts as (decimal, currency)."""
    events = said(logs)
    rows = {event.data["initiative"]: _registered(event.data) for event in events.get("ProjectRegistered", [])}
    _live(rows, logs)
    for event in events.get("StatusReported", []):
        _report(rows.get(event.data["initiative"]), event.data)
    accounts = _accounts(logs)
    names = {event.data["office"]: event.data["name"] for event in events.get("OfficeRegistered", [])}
    gates = _next_gates(logs)
    for initiative, row in rows.items():
        row |= accounts.get(initiative, {})
        row["office_name"] = names.get(row["office"], row["office"])
        row["next_gate"] = gates.get(initiative)
        row["not_given"] = {name: row[f"_{name}"] for name in ("rating", "whole_life_cost", *_DATES) if row.get(f"_{name}")}
    return {initiative: {name: value for name, value in row.items() if name[0] != "_"} for initiative, row in rows.items()}


def _registered(data: Row) -> Row:
    under_way = data["origin"] == "feed"
    empty = "stage rating rating_scale rater whole_life_cost exemption baseline authorised released actual reported_as_at feed batch row"
    kept = {name: data.get(name) for name in ("name", "office", "sponsor", "origin", "tier", "category")}
    row = dict.fromkeys((*empty.split(), *_DATES)) | kept
    return row | {"id": data["initiative"], "state": "under-way" if under_way else "registered"}


def _live(rows: dict[str, Row], logs: Logs) -> None:
    for name, event in _in_order(logs, "intake"):
        if name == "StageStarted":
            rows[event.identity] |= {"state": "under-way", "stage": event.data["stage"]}
        elif name in ("ProjectTerminated", "ProjectClosed"):
            rows[event.identity]["state"] = "terminated" if name == "ProjectTerminated" else "closed"


def _report(row: Row | None, data: Row) -> None:
    if row is None or (row["reported_as_at"] is not None and data["as_at"] < row["reported_as_at"]):
        return
    rating = data.get("rating") or {}
    row |= {"reported_as_at": data["as_at"], "office": data["office"]} | {name: data.get(name) for name in ("feed", "batch", "row")}
    row |= {"rating": rating.get("rating"), "rating_scale": rating.get("scale"), "rater": rating.get("rater") or None}
    row |= {name: (data.get(name) or {}).get("day") for name in _DATES}
    row |= {f"_{name}": _why_not(data.get(name)) for name in ("rating", *_DATES)}


def _accounts(logs: Logs) -> dict[str, Row]:
    accounts: dict[str, Row] = {}
    restated: dict[str, str] = {}
    for name, event in _in_order(logs, "benefits"):
        data, initiative = event.data, event.identity
        if name == "InvestmentAccountOpened":
            nothing = (Decimal(0), data["currency"])
            accounts[initiative] = {"baseline": None, "authorised": nothing, "released": nothing, "actual": nothing}
            continue
        account = accounts[initiative]
        if name == "BudgetBaselined":
            account["baseline"] = money(data["amount"])
            account.setdefault("whole_life_cost", account["baseline"])
        elif name in _SUMS:
            before, currency = account[_SUMS[name]]
            account[_SUMS[name]] = (before + Decimal(data["amount"]["amount"]), currency)
        elif name == "BudgetRestated" and data["as_at"] >= restated.get(initiative, ""):
            restated[initiative], cost = data["as_at"], data["whole_life_cost"]
            account["whole_life_cost"] = money(cost["amount"]) if cost["state"] == "given" else cost["state"]
            account |= {"exemption": cost.get("exemption"), "_whole_life_cost": _why_not(cost)}
    return accounts


def _next_gates(logs: Logs) -> dict[str, Row]:
    gates: dict[str, Row] = {}
    for name, event in _in_order(logs, "gates"):
        data = event.data
        if name == "GateScheduled":
            found = {"review": event.identity, "gate": data["gate"], "name": data["gate_name"], "round": data["round"], "due": data["due"]}
            gates[data["initiative"]] = found
        elif name == "GateDecided" and gates[data["initiative"]]["review"] == event.identity:
            del gates[data["initiative"]]
    return gates


def money(written: Any) -> Any:
    """An amount as a pair, whatever its number of zeros; other values as they are."""
    return (Decimal(written["amount"]), written["currency"]) if isinstance(written, dict) and "amount" in written else written


def _why_not(reported: Row | None) -> str | None:
    return reported["state"] if reported and reported["state"] != "given" else None


def _in_order(logs: Logs, log: str) -> Iterator[tuple[str, Said]]:
    for envelope in logs[log]:
        yield envelope.type.split(".")[2], Said(envelope.id, envelope.subject, envelope.data)
