"""How the demo's own pages look: one template each, escaped, with a strict policy of their own."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

_FOLDER = Path(__file__).parent
_PAGES = Environment(
    loader=FileSystemLoader(_FOLDER),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
        "img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
_KINDS = {".css": "text/css", ".js": "text/javascript"}


def page(template: str, status: int = 200, **values: object) -> Response:
    """Fill the template, which gets exactly these values."""
    html = _PAGES.get_template(template).render(**values)
    return HTMLResponse(html, status_code=status, headers=_HEADERS)


def static(name: str) -> Route:
    """Serve one file of this folder at `/NAME`."""
    body = (_FOLDER / name).read_bytes()
    kind = _KINDS[Path(name).suffix]

    async def answer(_: Request) -> Response:
        return Response(body, media_type=kind, headers=_HEADERS)

    return Route(f"/{name}", answer)


def from_this_page(request: Request) -> bool:
    """Say whether a form was sent by a page of the same origin; browsers say so themselves."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("origin")
    return origin is None or origin == f"{request.url.scheme}://{request.headers.get('host')}"
