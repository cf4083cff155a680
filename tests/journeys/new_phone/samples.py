"""The pages for somebody who has a new phone."""

from datetime import timedelta

from portvakt.journeys.new_phone.pages import AskPage, ClosedPage, WaitPage
from tests.make import NOW

FLOW = "k7qm2xw4k7qm2xw4k7qm2xw4k7"
LATER = NOW + timedelta(minutes=15)

SAMPLES = {
    **{f"ask-{who}": AskPage(flow=FLOW, who=who) for who in ("manager", "colleague", "both")},
    "ask-often": AskPage(flow=FLOW, who="both", errors={"": "new_phone.often"}),
    **{
        f"wait-{who}": WaitPage(
            flow=FLOW, who=who, number="048213", given=0, complete=False, until=LATER
        )
        for who in ("manager", "colleague", "both")
    },
    "wait-one": WaitPage(
        flow=FLOW, who="colleague", number="048213", given=1, complete=False, until=LATER
    ),
    "ready": WaitPage(
        flow=FLOW, who="manager", number="048213", given=1, complete=True, until=LATER
    ),
    "closed": ClosedPage(flow=FLOW),
    "gone": ClosedPage(),
}
