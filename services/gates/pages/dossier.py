"""The gate dossier: the decision first, then why, the criteria, the votes, the conditions, the evidence, and what may be done now."""

import re
from dataclasses import dataclass
from typing import Any, TypeVar

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, Response

from services.gates.authority_matrix import AuthorityMatrix
from services.gates.board import Board
from services.gates.gate_review import GateReview
from services.gates.governance_framework import GovernanceFramework
from services.gates.office import HUB
from shared.contracts.envelope import Envelope
from shared.contracts.gates.authority_matrix import Right
from shared.contracts.gates.board import Seat
from shared.contracts.gates.gate_review import CriterionAssessed, GateDecided, VoteCast
from shared.contracts.gates.governance_framework import Criterion, Gate
from shared.contracts.terms import Decision, GateOutcome
from shared.domain.authority import resolve
from shared.domain.refused import Refused
from shared.domain.state import State
from shared.identity.guard import guard
from shared.runtime.clock import now
from shared.web.forms import title_of
from shared.web.page import page, site_of
from shared.web.problems import not_found
from shared.web.running import Running
from shared.web.screens import open_to, texts_for

router = APIRouter(tags=["Gate review"])
S = TypeVar("S", bound=State)


@dataclass(frozen=True)
class Member:
    """A seat of the board and how its member stands: the vote that counts, the opinion as a digest, why they may not vote."""

    seat: Seat
    vote: GateOutcome | None
    opinion: str | None
    barred: str | None


@router.get(
    "/gates/dossiers/{identity}",
    response_class=HTMLResponse,
    summary="A gate review's dossier as a page",
    dependencies=[Depends(guard("gates/read"))],
)
async def show(request: Request, identity: str) -> Response:
    """Who decided what, on whose authority, on which evidence, against whose advice; or what is still wanting."""
    running = site_of(request).of("gates")
    review, version = await running.handler.state(GateReview, identity)
    if not review.exists:
        raise not_found(f"gate review {identity}", "look for it among the gates")
    records = await running.log.stream(GateReview.stream(identity))
    envelopes = [(record.position, Envelope.trusted(record.bytes)) for record in records]
    deciding = next((found for found in envelopes if found[1].type == GateDecided.wire), None)
    gate = await _gate(running, review)
    right, gap = await _right(running, review, deciding[1].authority if deciding else None)
    board = await _state(running, Board, right.board) if right and right.board else None
    office = review.office_in_charge() or HUB
    here = f"/gates/gate-reviews/{identity}"
    return await page(
        request,
        "gates/dossier.html",
        headers={"ETag": f'"{version}"'},
        known=[await running.known()],
        identity=identity,
        review=review,
        schedule=review.schedule,
        version=version,
        deciding=deciding,
        position=deciding[0] if deciding else envelopes[-1][0],
        criteria=[_criterion(review, asked, gate) for asked in gate.criteria],
        right=right,
        gap=gap,
        board=board,
        members=_members(review, board, envelopes),
        texts=await texts_for(request, running, office, [envelope.data for _, envelope in envelopes]),
        corrections=[found for found in envelopes if found[1].type.split(".")[2] == "DecisionCorrected"],
        voided=_voided(envelopes),
        commands={command.name: title_of(command) for command in open_to(request.state.principal, "gates", review)},
        here=here,
        next=f"/gates/dossiers/{identity}",
    )


async def _state(running: Running, kind: type[S], identity: str) -> S:
    return (await running.handler.state(kind, identity))[0]


async def _gate(running: Running, review: GateReview) -> Gate:
    schedule = review.schedule
    framework = await _state(running, GovernanceFramework, schedule.framework)
    return framework.lifecycle(schedule.framework_version, schedule.tier).gates[schedule.gate - 1]


async def _right(running: Running, review: GateReview, used: str | None) -> tuple[Right | None, str | None]:
    """The right that decided, or would decide now; else why none does."""
    offices = dict.fromkeys((review.schedule.office, HUB))
    matrices = [(await _state(running, AuthorityMatrix, office)).rights for office in offices]
    if used is not None:
        return next((rights[used] for rights in matrices if used in rights), None), None
    try:
        found = [rights.values() for rights in matrices]
        return resolve(found, Decision.DECIDE_GATE, review.schedule.tier, None, now().date()), None
    except Refused as refusal:
        return None, f"{refusal.because}; {refusal.way_out}"


def _criterion(review: GateReview, asked: Criterion, gate: Gate) -> dict[str, Any]:
    found: CriterionAssessed | None = review.assessed.get(asked.id)
    kinds = re.findall(r'"([^"]+)" in evidence', asked.rule or "")
    wanting = kinds if not set(kinds) & set(review.kinds) else []
    return {"asked": asked, "found": found, "remark": found.remark.digest if found and found.remark else None, "wanting": wanting}


def _members(review: GateReview, board: Board | None, envelopes: list[tuple[int, Envelope]]) -> list[Member]:
    """The seats of the board as it sits now; of a decided gate, the votes that were counted."""
    opinions = {e.data["member"]: e.data.get("opinion", {}).get("_sd") for _, e in envelopes if e.type == VoteCast.wire}
    ballot = review.decision.ballot if review.decision else None
    votes = ballot.votes if ballot else review.votes
    return [
        Member(seat, votes.get(seat.person), opinions.get(seat.person) if seat.person in votes else None, review.barred.get(seat.person))
        for seat in (board.seats if board else ())
        if seat.voting
    ]


def _voided(envelopes: list[tuple[int, Envelope]]) -> int:
    """How many votes were void because evidence came after them."""
    votes = voided = 0
    for _, envelope in envelopes:
        name = envelope.type.split(".")[2]
        if name == "VoteCast":
            votes += 1
        elif name == "EvidenceSubmitted":
            votes, voided = 0, voided + votes
    return voided
