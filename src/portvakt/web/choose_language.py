"""The button in the foot of every page that changes language and stays where one is."""

from starlette.requests import Request
from starlette.responses import Response

from portvakt.texts import LANGUAGES
from portvakt.web.cookies import set_language
from portvakt.web.forms import BadFormError, form
from portvakt.web.paths import local_path
from portvakt.web.responses import see_other
from portvakt.web.routing import Route, Who, route


def routes() -> list[Route]:
    """Return the one address."""
    return [route("/language", choose_language, methods=("POST",), who=Who.ANYONE)]


async def choose_language(request: Request) -> Response:
    """Keep the chosen language in a cookie and go back to the page."""
    sent = await form(request)
    if sent["language"] not in LANGUAGES:
        raise BadFormError("a language that we do not speak")
    response = see_other(local_path(sent["to"]))
    set_language(response, sent["language"])
    return response
