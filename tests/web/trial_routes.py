"""Routes to try the stack on: one of each kind."""

from dataclasses import dataclass
from typing import ClassVar

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from portvakt.web.forms import form, query
from portvakt.web.request import here
from portvakt.web.responses import Page, page, see_other
from portvakt.web.routing import Route, Who, route


class PartDownError(Exception):
    """Stands for the records being away."""


class PoolFullError(Exception):
    """Stands for a hash pool with no room left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormPage(Page):
    template: ClassVar[str] = "notices.html"


async def show(request: Request) -> Response:
    return page(request, FormPage())


async def save(request: Request) -> Response:
    sent = await form(request)
    return PlainTextResponse(f"saved {sent['name']} {'csrf' in sent}")


async def leave(_request: Request) -> Response:
    return see_other("/apps")


async def about(request: Request) -> Response:
    now = here(request)
    return JSONResponse(
        {
            "address": now.address,
            "language": now.language,
            "binding": now.binding,
            "browser": now.browser,
            "session": now.session,
            "https": now.https,
            "user_agent": now.user_agent,
            "request_id": now.request_id,
        }
    )


async def client(request: Request) -> Response:
    return JSONResponse({"id": request.scope["path_params"].get("id")})


async def search(request: Request) -> Response:
    return PlainTextResponse(query(request)["q"])


async def fail(_request: Request) -> Response:
    raise RuntimeError("hemligheten är 4711")


async def down(_request: Request) -> Response:
    raise PartDownError


async def busy(_request: Request) -> Response:
    raise PoolFullError


ROUTES: list[Route] = [
    route("/form", show, who=Who.ANYONE),
    route("/form", save, methods=("POST",), who=Who.ANYONE),
    route("/leave", leave, who=Who.ANYONE),
    route("/about", about, who=Who.ANYONE),
    route("/thing/{id}", client, who=Who.ANYONE),
    route("/search", search, who=Who.ANYONE),
    route("/token", client, methods=("POST",), who=Who.CLIENT),
    route("/token/broken", fail, methods=("POST",), who=Who.CLIENT),
    route("/broken", fail, who=Who.ANYONE),
    route("/down", down, who=Who.ANYONE),
    route("/busy", busy, who=Who.ANYONE),
]
