"""All samples behind the real stack, so that what is looked at is what people are sent."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from portvakt.web.errors import Failures
from portvakt.web.responses import page
from portvakt.web.routing import Route, Who, route
from portvakt.web.stack import stack
from tests.pages.samples import samples
from tests.web.make_site import make_site


def gallery(public_url: str) -> ASGIApp:
    """Each sample at `/NAME`."""

    def shows(name: str) -> Route:
        async def answer(request: Request) -> Response:
            return page(request, samples()[name])

        return route(f"/{name}", answer, who=Who.ANYONE)

    routes = [shows(name) for name in samples()]
    return stack(routes, make_site(public_url=public_url), failures=Failures())
