"""Samples of the page of a look at a device."""

from portvakt.journeys.know_device.pages import NotOursPage
from portvakt.web.responses import Page

SAMPLES: dict[str, Page] = {"not-ours": NotOursPage(to="/sign-in?to=/apps")}
