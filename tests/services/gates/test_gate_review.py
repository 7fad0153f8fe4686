"""Before the decision: evidence, criteria, votes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gates.authority_matrix import AuthorityMatrix
from services.gates.gate_review import AssessCriterion, CastVote, GateReview, SubmitEvidence
from services.gates.rules import ENGINE
from shared.contracts.event import Event
from shared.contracts.gates.authority_matrix import AuthorityRevoked
from shared.contracts.gates.gate_review import CriterionAssessed, EvidenceSubmitted, VoteCast
from shared.contracts.terms import GateOutcome, Tier
from shared.domain.decider import aggregate_of
from tests.services.gates.setting import GRANTED, WHY, evidence, met, review, scheduled, voted

CASE = SubmitEvidence(kind="business-case", title="business-case", sha256=f"{1:064x}")
GO, KILL = GateOutcome.GO, GateOutcome.KILL


def state_of(*events: Event) -> GateReview:
    state = aggregate_of(GateReview).fold(events)
    assert isinstance(state, GateReview)
    return state


def test_evidence_is_known_by_its_hash_and_by_who_submitted_it() -> None:
    review("I-1.G1.R1", scheduled()).by("p-okafor").when(CASE).then(evidence("business-case"))


def test_the_same_document_is_not_submitted_twice_as_the_same_kind() -> None:
    begun = review("I-1.G1.R1", scheduled(), evidence("business-case"))
    begun.when(CASE).refused("once")
    begun.when(CASE.replace(kind="plan")).accepted()


def test_nobody_submits_evidence_in_the_name_of_another() -> None:
    review("I-1.G1.R1", scheduled()).by("p-okafor", on_behalf_of="p-mensah").when(CASE).refused("in-person")


def test_evidence_voids_the_votes_and_assessments_given_before_it() -> None:
    before = state_of(scheduled(), evidence("plan"), met("case"), voted("p-nowak"))
    assert before.votes and before.assessed
    after = aggregate_of(GateReview).evolve(before, evidence("business-case", number=2))
    assert isinstance(after, GateReview) and not after.votes and not after.assessed


def test_a_criterion_with_a_rule_is_judged_by_it() -> None:
    assessed = review("I-1.G1.R1", scheduled(), evidence("business-case")).by("p-okafor").when(AssessCriterion(criterion="case"))
    assessed.then(
        CriterionAssessed(
            criterion="case",
            must=True,
            met=True,
            rule='"business-case" in evidence',
            engine=ENGINE,
            inputs={"evidence": ["business-case"], "tier": "standard", "gate": "1", "round": "1", "amount": "12000000"},
            assessor="p-okafor",
        )
    )
    assert assessed.noted[0].framework == "default/1"


def test_a_rule_that_is_not_true_is_not_met() -> None:
    noted = review("I-1.G1.R1", scheduled()).when(AssessCriterion(criterion="case")).accepted()
    assert isinstance(noted[0].event, CriterionAssessed) and noted[0].event.met is False


def test_nobody_overrules_a_rule() -> None:
    review("I-1.G1.R1", scheduled()).when(AssessCriterion(criterion="case", met=True)).refused("criterion", "leave")


def test_a_criterion_without_a_rule_takes_a_judgement() -> None:
    readiness = review("I-1.G3.R1", scheduled(gate=3))
    readiness.when(AssessCriterion(criterion="ready")).refused("criterion", "say whether")
    noted = readiness.by("p-nowak", "board-member").when(AssessCriterion(criterion="ready", met=True, remark=WHY)).accepted()
    assert isinstance(noted[0].event, CriterionAssessed) and noted[0].event.met and noted[0].event.engine is None


def test_who_has_a_part_in_the_initiative_does_not_judge_it() -> None:
    readiness = review("I-1.G3.R1", scheduled(gate=3), evidence("handover-plan", by="p-okafor"))
    readiness.by("p-okafor").when(AssessCriterion(criterion="ready", met=True)).refused("separation-of-duties")


def test_only_what_the_gate_asks_is_assessed() -> None:
    review("I-1.G1.R1", scheduled()).when(AssessCriterion(criterion="rollback")).refused("criterion", "it asks case")


def test_a_member_votes() -> None:
    outcome = review("I-1.G1.R1", scheduled()).by("p-nowak", "board-member").when(CastVote(vote=GO, opinion=WHY))
    outcome.then(VoteCast(member="p-nowak", vote=GO, opinion=WHY))
    assert outcome.noted[0].authority == "hub.decide-gate.standard"


def test_a_later_vote_replaces_the_earlier() -> None:
    assert state_of(scheduled(), voted("p-nowak", GO), voted("p-nowak", KILL)).votes == {"p-nowak": KILL}


def test_who_does_not_sit_on_the_board_does_not_vote() -> None:
    review("I-1.G1.R1", scheduled()).by("p-mensah", "board-member").when(CastVote(vote=GO)).refused("member", "p-nowak")


def test_a_vote_is_cast_in_person() -> None:
    by_delegate = review("I-1.G1.R1", scheduled()).by("p-ferreira", "board-member", on_behalf_of="p-nowak")
    by_delegate.when(CastVote(vote=GO)).refused("in-person")


@pytest.mark.parametrize("tier", [Tier.STANDARD, Tier.ENHANCED])
def test_who_has_a_part_in_the_initiative_does_not_vote(tier: Tier) -> None:
    own = scheduled(tier).replace(proposer="p-nowak", sponsor="p-tanaka")
    begun = review("I-1.G1.R1", own, evidence("business-case", by="p-lindqvist"))
    for member in ("p-nowak", "p-tanaka", "p-lindqvist"):
        begun.by(member, "board-member").when(CastVote(vote=GO)).refused("separation-of-duties", "has no part")


def test_at_the_light_tier_no_ballot_is_taken() -> None:
    review("I-1.G1.R1", scheduled(Tier.LIGHT)).by("p-okafor").when(CastVote(vote=GO)).refused("ballot", "no ballot")


def test_authority_revoked_a_moment_ago_gives_no_vote() -> None:
    revoked = AuthorityRevoked(office="hub", right="hub.decide-gate.standard", rationale=WHY)
    begun = review("I-1.G1.R1", scheduled()).knowing(AuthorityMatrix, "hub", *GRANTED, revoked)
    begun.by("p-nowak", "board-member").when(CastVote(vote=GO)).refused("authority")


@given(st.lists(st.tuples(st.sampled_from(["p-lindqvist", "p-tanaka", "p-nowak"]), st.sampled_from(GateOutcome)) | st.none(), max_size=10))
def test_only_votes_on_the_evidence_as_it_is_count(steps: list[tuple[str, GateOutcome] | None]) -> None:
    """A step is a vote, or a new document (None)."""
    begun, expected, documents = review("I-1.G1.R1", scheduled()), dict[str, GateOutcome](), 0
    for step in steps:
        if step is None:
            documents, expected = documents + 1, {}
            outcome = begun.by("p-okafor").when(SubmitEvidence(kind="note", title="Note", sha256=f"{documents:064x}"))
            assert isinstance(outcome.accepted()[0].event, EvidenceSubmitted)
        else:
            expected[step[0]] = step[1]
            outcome = begun.by(step[0], "board-member").when(CastVote(vote=step[1]))
        begun = begun.given(*(noted.event for noted in outcome.accepted()))
    assert isinstance(begun.state, GateReview) and begun.state.votes == expected
