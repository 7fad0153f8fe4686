"""What is in reporting: what is the state of the portfolio, and how do we know?"""

from services.reporting.delivery_status import DeliveryStatus
from services.reporting.feed import Feed
from services.reporting.feed_batch import FeedBatch
from services.reporting.pages import PAGES
from services.reporting.reactions.report_status import report_status
from services.reporting.resume import resume_imports
from services.reporting.routes import imports, portfolio, status
from services.reporting.views import VIEWS
from shared.web.service import Service

SERVICE = Service(
    name="reporting",
    title="Reporting",
    aggregates=(Feed, FeedBatch, DeliveryStatus),
    reactions=(report_status,),
    views=VIEWS,
    pages=(imports.router, portfolio.router, status.router, *PAGES),
    upkeep=(resume_imports,),
)
