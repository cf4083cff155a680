"""What pages of registration and reset lead to is there to be read."""

import pytest

from portvakt.guide.told import JOURNEYS
from portvakt.web.guide_links import TOLD_AT

STEPS = {each.name: {step.name for step in each.steps} for each in JOURNEYS}


@pytest.mark.parametrize(
    ("page", "journey", "step"),
    [(page, *place) for page, places in TOLD_AT.items() for place in places],
)
def test_every_link_leads_to_a_step_that_is_told(page: str, journey: str, step: str) -> None:
    assert step in STEPS.get(journey, set()), f"{page} leads to {journey}: {step}"
