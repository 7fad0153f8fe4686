"""The benefits service: what it decides, what it does when it hears others, what it knows of them."""

from services.benefits.investment_account import InvestmentAccount
from services.benefits.reactions.funding import authorise, release
from services.benefits.reactions.opening import open_when_registered, open_when_scheduled
from services.benefits.reactions.reported import restate_reported
from services.benefits.reactions.termination import return_unspent
from services.benefits.views.initiatives import initiatives
from shared.projection.authority import authority
from shared.web.service import Service

SERVICE = Service(
    "benefits",
    "Benefits",
    aggregates=(InvestmentAccount,),
    reactions=(open_when_registered, open_when_scheduled, authorise, release, return_unspent, restate_reported),
    views=(authority, initiatives),
)
