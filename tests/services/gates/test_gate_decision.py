"""The decision: by whom, on what, with which conditions and how much money."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.gates.authority_matrix import AuthorityMatrix
from services.gates.board import Board
from services.gates.gate_review import CastVote, CorrectDecision, DecideGate, GateReview, SubmitEvidence
from shared.contracts.event import Event
from shared.contracts.gates.authority_matrix import DecisionRightGranted
from shared.contracts.gates.gate_review import Ballot, Condition, DecisionCorrected, GateDecided, Verdict
from shared.contracts.terms import GateOutcome, Tier
from shared.contracts.values import Money
from shared.domain.scenario import Scenario
from tests.services.gates.setting import BOARDS, GRANTED, WHY, assessed_standard, deciding, evidence, met, pounds, review, scheduled, voted

GO, CONDITIONAL, HOLD, RECYCLE, KILL = GateOutcome
CONDITION = Condition(id="C1", text="Recruit an architect", owner="p-haddad", due=date(2026, 6, 30))
EVENT = "0199b5c0-0000-7000-8000-000000000001"


def board_of_three(*votes: Event) -> Scenario:
    """Gate 1 of the standard tier, assessed and voted on; the chair acts."""
    return review("I-1.G1.R1", *assessed_standard(), *votes).by("p-lindqvist", "chair")


def two_for(outcome: GateOutcome) -> Scenario:
    return board_of_three(voted("p-tanaka", outcome), voted("p-nowak", outcome))


def single_holder(*events: Event) -> Scenario:
    """Gate 1 of the light tier; the holder of the right acts."""
    return review("I-1.G1.R1", scheduled(Tier.LIGHT), met("case"), met("risk"), met("benefit"), *events).by("p-okafor")


def test_the_chair_records_what_the_board_carried() -> None:
    outcome = board_of_three(voted("p-tanaka"), voted("p-nowak"), voted("p-lindqvist", HOLD)).when(deciding(GO, pounds(40_000)))
    outcome.then(
        GateDecided(
            initiative="I-1",
            office="hub",
            gate=1,
            last=False,
            outcome=GO,
            funding=pounds(40_000),
            body="hub-standard",
            verdicts=(
                Verdict(criterion="case", must=True, met=True),
                Verdict(criterion="benefit", must=True, met=True),
                Verdict(criterion="stakeholders", must=False, met=False),
            ),
            ballot=Ballot(required=2, present=3, votes={"p-lindqvist": HOLD, "p-nowak": GO, "p-tanaka": GO}, dissenting=("p-lindqvist",)),
            conditions=(),
            rationale=WHY,
        )
    )
    note = outcome.noted[0]
    assert (note.authority, note.reason, note.framework) == ("hub.decide-gate.standard", WHY, "default/1")


def test_at_the_light_tier_the_holder_decides_alone() -> None:
    event = single_holder().when(deciding(GO, pounds(1_000))).accepted()[0].event
    assert isinstance(event, GateDecided) and event.ballot is None and event.body == "p-okafor"


def test_at_the_light_tier_nobody_but_the_holder_decides() -> None:
    single_holder().by("p-lindqvist", "chair").when(deciding()).refused("authority", "p-okafor")


def test_only_the_chair_records_the_decision_of_a_board() -> None:
    two_for(GO).by("p-tanaka", "chair").when(deciding()).refused("authority", "p-lindqvist")


def test_a_delegate_records_it_for_the_chair() -> None:
    two_for(GO).by("p-ferreira", "chair", on_behalf_of="p-lindqvist").when(deciding()).accepted()


def test_without_a_quorum_nothing_is_decided() -> None:
    board_of_three(voted("p-tanaka")).when(deciding()).refused("quorum", "quorum is 2 of 3, 1 voted")


def test_votes_of_those_who_left_the_board_do_not_count() -> None:
    seats = BOARDS["hub-standard"].seats
    left = BOARDS["hub-standard"].replace(seats=(*seats[:2], seats[2].replace(person="p-osei")))
    two_for(GO).knowing(Board, "hub-standard", left).when(deciding()).refused("quorum")


def test_a_vote_of_who_has_a_part_does_not_count() -> None:
    barred = review("I-1.G1.R1", scheduled().replace(sponsor="p-nowak"), *assessed_standard()[1:], voted("p-tanaka"), voted("p-nowak"))
    barred.by("p-lindqvist", "chair").when(deciding()).refused("quorum", "p-nowak may not vote")


def test_a_tie_carries_nothing() -> None:
    board_of_three(voted("p-tanaka", GO), voted("p-nowak", KILL)).when(deciding(GO)).refused("majority", "1 of 2")


def test_an_outcome_that_the_board_did_not_vote_for_is_refused() -> None:
    two_for(HOLD).when(deciding(GO)).refused("majority", "more than half")


def test_a_board_smaller_than_the_tier_asks_for_decides_nothing() -> None:
    small = BOARDS["hub-standard"].replace(seats=BOARDS["hub-standard"].seats[:2])
    two_for(GO).knowing(Board, "hub-standard", small).when(deciding()).refused("board-size", "more members")


def test_one_person_does_not_decide_above_the_light_tier() -> None:
    alone = [event.right.replace(board=None, holder="p-lindqvist") if event.right.board else event.right for event in GRANTED]
    matrix = [DecisionRightGranted(office="hub", right=right) for right in alone]
    two_for(GO).knowing(AuthorityMatrix, "hub", *matrix).when(deciding()).refused("authority", "granted to a board")


@pytest.mark.parametrize("outcome", [GO, CONDITIONAL])
def test_no_stage_starts_while_a_must_criterion_is_open(outcome: GateOutcome) -> None:
    begun = review("I-1.G1.R1", scheduled(), met("case", holds=False), voted("p-tanaka", outcome), voted("p-nowak", outcome))
    refusal = begun.by("p-lindqvist", "chair").when(deciding(outcome).replace(conditions=(CONDITION,)))
    refusal.refused("must-meet", "case (not met), benefit (not assessed)")


@pytest.mark.parametrize("outcome", [HOLD, RECYCLE, KILL])
def test_what_starts_no_stage_needs_no_criterion(outcome: GateOutcome) -> None:
    begun = review("I-1.G1.R1", scheduled(), voted("p-tanaka", outcome), voted("p-nowak", outcome)).by("p-lindqvist", "chair")
    begun.when(deciding(outcome)).accepted()


def test_a_conditional_go_has_conditions() -> None:
    two_for(CONDITIONAL).when(deciding(CONDITIONAL).replace(conditions=(CONDITION,))).accepted()
    two_for(CONDITIONAL).when(deciding(CONDITIONAL)).refused("conditions", "at least one")


@pytest.mark.parametrize("outcome", [GO, HOLD, RECYCLE, KILL])
def test_no_other_outcome_has_conditions(outcome: GateOutcome) -> None:
    two_for(outcome).when(deciding(outcome).replace(conditions=(CONDITION,))).refused("conditions", "leave them out")


def test_a_condition_is_due_in_the_future_and_known_by_its_own_id() -> None:
    for conditions in ((CONDITION.replace(due=date(2026, 3, 2)),), (CONDITION, CONDITION)):
        two_for(CONDITIONAL).when(deciding(CONDITIONAL).replace(conditions=conditions)).refused("conditions")


def test_the_last_gate_takes_no_conditions() -> None:
    begun = review("I-1.G4.R1", scheduled(gate=4), met("acceptance"), met("benefit"))
    begun = begun.given(voted("p-tanaka", CONDITIONAL), voted("p-nowak", CONDITIONAL)).by("p-lindqvist", "chair")
    begun.when(deciding(CONDITIONAL).replace(conditions=(CONDITION,))).refused("last-gate", "decide GO")


@pytest.mark.parametrize("outcome", [HOLD, RECYCLE, KILL])
def test_only_a_stage_that_starts_is_funded(outcome: GateOutcome) -> None:
    two_for(outcome).when(deciding(outcome, pounds(1))).refused("funding", "leave the funding out")


def test_the_last_gate_funds_nothing() -> None:
    begun = review("I-1.G2.R1", scheduled(Tier.LIGHT, gate=2), met("acceptance")).by("p-okafor")
    begun.when(deciding(GO, pounds(1))).refused("funding", "no stage follows")
    begun.when(deciding(GO)).accepted()


def test_funding_is_more_than_nothing_and_in_the_currency_of_the_estimate() -> None:
    two_for(GO).when(deciding(GO, pounds(0))).refused("funding")
    two_for(GO).when(deciding(GO, Money(amount=pounds(5).amount, currency="EUR"))).refused("currency")


def test_funding_stays_within_the_limit_of_the_right() -> None:
    limited = [
        event.replace(right=event.right.replace(up_to=pounds(40_000))) if event.right.board == "hub-standard" else event
        for event in GRANTED
    ]
    begun = two_for(GO).knowing(AuthorityMatrix, "hub", *limited)
    begun.when(deciding(GO, pounds(40_000))).accepted()
    begun.when(deciding(GO, pounds(40_001))).refused("authority", "ask for less")


def test_without_a_right_nobody_decides() -> None:
    two_for(GO).knowing(AuthorityMatrix, "hub").when(deciding()).refused("authority", "no right covers")


def test_a_correction_stands_beside_the_decision() -> None:
    decided = two_for(GO).given(two_for(GO).when(deciding()).noted[0].event)
    outcome = decided.when(CorrectDecision(corrects=EVENT, correction=WHY))
    outcome.then(DecisionCorrected(corrects=EVENT, correction=WHY))
    assert outcome.noted[0].reason == WHY
    assert isinstance(outcome.state, GateReview) and outcome.state.decision and outcome.state.decision.outcome is GO


def test_what_is_not_decided_is_not_corrected() -> None:
    two_for(GO).when(CorrectDecision(corrects=EVENT, correction=WHY)).refused("status")


MEMBERS = ["p-lindqvist", "p-tanaka", "p-nowak", "p-mensah", "p-osei"]
PEOPLE = st.sampled_from([*MEMBERS, "p-okafor", "p-haddad", "p-roy"])


@given(
    tier=st.sampled_from([Tier.STANDARD, Tier.ENHANCED]),
    parts=st.tuples(PEOPLE, PEOPLE),
    submitters=st.lists(PEOPLE, max_size=2),
    voters=st.permutations(MEMBERS).flatmap(lambda members: st.integers(2, 5).map(lambda some: members[:some])),
    actor=st.just("p-lindqvist") | PEOPLE,
    behalf=st.none() | st.just("p-lindqvist") | PEOPLE,
)
@settings(max_examples=300)
def test_no_way_leads_a_proposer_sponsor_or_submitter_to_a_decision(
    tier: Tier, parts: tuple[str, str], submitters: list[str], voters: list[str], actor: str, behalf: str | None
) -> None:
    begun = review("I-1.G1.R1", scheduled(tier).replace(proposer=parts[0], sponsor=parts[1]))
    for number, person in enumerate(submitters):
        for voter in voters[number::2]:  # some vote before the evidence is there
            begun = begun.given(*(noted.event for noted in begun.by(voter, "board-member").when(CastVote(vote=KILL)).noted))
        document = SubmitEvidence(kind="note", title="Note", sha256=f"{number:064x}")
        begun = begun.given(*(noted.event for noted in begun.by(person).when(document).noted))
    for voter in voters:
        begun = begun.given(*(noted.event for noted in begun.by(voter, "board-member").when(CastVote(vote=KILL)).noted))
    outcome = begun.by(actor, "chair", on_behalf_of=behalf).when(DecideGate(outcome=KILL, rationale=WHY))
    with_a_part = {*parts, *submitters}
    if outcome.refusal is None:
        event = outcome.noted[0].event
        assert isinstance(event, GateDecided) and event.ballot is not None
        assert not with_a_part & {actor, behalf or actor}
        assert not with_a_part & set(event.ballot.votes)


def test_the_evidence_of_who_decides_bars_the_decision() -> None:
    begun = review("I-1.G1.R1", scheduled(), evidence("note", by="p-lindqvist"), voted("p-tanaka", KILL), voted("p-nowak", KILL))
    begun.by("p-lindqvist", "chair").when(deciding(KILL)).refused("separation-of-duties", "submitted evidence")
    begun.by("p-lindqvist", "chair", on_behalf_of="p-osei").when(deciding(KILL)).refused("separation-of-duties")


def test_at_the_light_tier_the_holder_may_have_a_part() -> None:
    single_holder(evidence("note", by="p-okafor"), met("case"), met("risk"), met("benefit")).when(deciding()).accepted()
