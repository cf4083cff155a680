"""The only ways to answer a browser: a page, a redirect to a page of ours, a problem."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import orjson
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from portvakt.web.cookies import set_binding
from portvakt.web.csrf import csrf_field
from portvakt.web.guide_links import told_at
from portvakt.web.headers import Header
from portvakt.web.paths import is_local_path
from portvakt.web.request import Context, context, wants_json
from portvakt.web.templates import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What one page shows, as a frozen type; subclass it and name the template.

    `errors` says what to put right, by field name; the key `""` is for the form as a whole. A page
    with errors gets a summary that links to each field, and «Fel:» first in its title.
    """

    template: ClassVar[str]
    errors: Mapping[str, Message | str] = field(default_factory=dict)

    @property
    def moment(self) -> str:
        """Which step this is, where one template shows several (`web.guide_links`)."""
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemPage(Page):
    """Something is in the way, and this is what to do about it."""

    template: ClassVar[str] = "web/problem.html"
    kind: str
    request_id: str
    bare: bool
    """True where the page stands alone, without the language button and the cookie it needs."""
    retry: str | None
    """A path of ours that the page's one button leads to; `None` leaves the button out."""


class Written(Response):
    """An answer whose body and headers are bytes already: the answers to programs.

    Starlette writes them anew each time, which is a tenth of what a short answer costs.
    """

    def __init__(self, body: bytes, status: int, headers: Iterable[Header]) -> None:
        self.status_code = status
        self.background = None
        self.body = body
        self.raw_headers = [*headers, (b"content-length", b"%d" % len(body))]


class _Csrf:
    """Writes the hidden field, and makes the binding only when a page really has a form."""

    __slots__ = ("_context", "_field")

    def __init__(self, of: Context) -> None:
        self._context = of
        self._field: Markup | None = None

    def __html__(self) -> Markup:
        if self._field is None:
            self._field = csrf_field(self._context.binding())
        return self._field


def page(request: Request, view: Page, status: int = 200) -> Response:
    """Return the page that `view` describes, in the language of the person who asked."""
    around = context(request)
    language = around.here.language
    places = told_at(view.template, view.moment)
    html = around.templates.render(
        language,
        view.template,
        {
            "page": view,
            "here": around.here,
            "csrf": _Csrf(around),
            "shared": around.shared,
            "status": status,
            "this_path": path_and_query(request),
            "told_at": around.site.guide.address(language, places) if places else None,
        },
    )
    response = HTMLResponse(html, status_code=status)
    return bound(request, response)


def bound(request: Request, response: Response) -> Response:
    """Give the browser the binding that this request made for it, if it did."""
    new = context(request).new_binding
    if new is not None:
        set_binding(response, new)
    return response


def see_other(path: str) -> Response:
    """Return 303 to a path of ours: the browser goes there with GET (RFC 9110 section 15.4.4).

    Raises `ValueError` for anything but a local path; what a person sent goes through
    `paths.local_path` first.
    """
    if not is_local_path(path):
        raise ValueError("a redirect leads only to a path of ours")
    return Response(status_code=303, headers={"location": path})


def problem(
    request: Request, kind: str, status: int, *, retry_after: int | None = None
) -> Response:
    """Return the page for a kind of problem, or JSON for programs.

    The page's words are `errors.title_<kind>`, `text_` and `button_`; `retry_after` is in seconds.
    """
    around = context(request)
    if wants_json(request):
        response = problem_json(around, kind, status)
    else:
        response = page(request, _problem_page(request, kind), status)
    if retry_after is not None:
        response.headers["retry-after"] = str(retry_after)
    return response


def problem_json(around: Context, kind: str, status: int) -> Response:
    """Return the same in JSON: a word, and the number to quote."""
    body = orjson.dumps({"error": kind, "request_id": around.here.request_id})
    return Response(body, status_code=status, media_type="application/json")


def path_and_query(request: Request) -> str:
    """Return the address that was asked for, where it can be asked for again; else the portal."""
    raw: bytes = request.scope.get("raw_path") or b"/"
    asked = raw.decode("latin-1")
    if request.scope["query_string"]:
        asked += "?" + request.scope["query_string"].decode("latin-1")
    return asked if is_local_path(asked) else "/apps"


def to_go_on_from(request: Request) -> str:
    """Return where a person may go on: this page, or the page whose form was sent.

    Many addresses take forms and show nothing, so a form leads back to where it stood (browsers
    name that page to its own site). A link of ours is all that can come of what the browser says.
    """
    if request.method in ("GET", "HEAD"):
        return path_and_query(request)
    origin = context(request).site.origin
    named = [value for name, value in request.scope["headers"] if name == b"referer"]
    page_of_form = named[0].decode("latin-1").removeprefix(origin) if len(named) == 1 else ""
    return page_of_form if is_local_path(page_of_form) else path_and_query(request)


_BARE = frozenset({"misdirected", "internal", "down", "busy"})
_RETRY = frozenset({"internal", "down", "busy", "stale", "no_cookie", "foreign", "slow"})


def _problem_page(request: Request, kind: str) -> ProblemPage:
    retry = None if kind == "misdirected" else "/"
    if kind in _RETRY:
        retry = to_go_on_from(request)
    here = context(request).here
    return ProblemPage(
        kind=kind,
        request_id=here.request_id,
        # A page that is only in the way starts nothing, so it hands out no cookie either.
        bare=kind in _BARE or here.binding is None,
        retry=retry,
    )
