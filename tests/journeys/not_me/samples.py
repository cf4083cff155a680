"""Samples of the pages behind the link in a notice."""

from portvakt.core.freezing import Change
from portvakt.journeys.not_me.pages import AskPage, DonePage, OverPage
from portvakt.web.responses import Page
from tests.make import NOW

SAMPLES: dict[str, Page] = {
    **{f"ask-{each}": AskPage(change=each, made=NOW) for each in Change},
    "done": DonePage(),
    "over": OverPage(),
}
