"""Votes: how each member stood, the last vote before the decision. The opinion is a digest; its text is disclosed by gates."""

from datetime import datetime

from services.reporting.views.gate_reviews import review_id
from shared.contracts.envelope import Heard
from shared.contracts.gates.gate_review import VoteCast
from shared.contracts.personal import Personal
from shared.contracts.terms import GateOutcome
from shared.contracts.values import Text
from shared.domain.state import Fact
from shared.projection.view import View


class VoteRow(Fact):
    """One member's vote in one review; `cast_by` is the delegate where somebody voted for the member."""

    review: str
    member: str
    vote: GateOutcome
    opinion: Personal[Text] | None = None
    cast_by: str
    cast: datetime
    times: int = 1


votes = View("votes", VoteRow, log="gates", history=True)


@votes.on(key=lambda event, heard: f"{review_id(heard)}/{event.member}")
def vote_cast(row: VoteRow | None, event: VoteCast, heard: Heard) -> VoteRow:
    return VoteRow(
        review=review_id(heard),
        member=event.member,
        vote=event.vote,
        opinion=event.opinion,
        cast_by=heard.envelope.actor,
        cast=heard.envelope.recorded,
        times=row.times + 1 if row else 1,
    )
