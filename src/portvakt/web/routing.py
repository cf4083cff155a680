"""Addresses to handlers. Every route says who may use it; browsers' forms are judged here."""

import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from portvakt.web.csrf import FIELD, Verdict, judge_origin, judge_token
from portvakt.web.forms import form
from portvakt.web.headers import APP
from portvakt.web.request import context
from portvakt.web.responses import path_and_query, problem

Endpoint = Callable[[Request], Awaitable[Response]]
Whose = Callable[[Request], Awaitable[object]]
"""Finds whose session a request is in, so that its page can say so (ADR 28)."""

_PARAMETER = re.compile(r"\{([a-z_]+)\}")
_VALUE = r"[A-Za-z0-9_-]{1,64}"
"""Ids of ours. A path with anything else in that place does not exist, so no handler, and no
database, ever meets a NUL, a slash or a kilobyte there."""
_FILE = r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}(?:\.[A-Za-z0-9_-]{1,16}){1,3}"
"""The same for a parameter called `file`: a file's name, which never leads out of its folder."""


class Who(Enum):
    """Who may use a route. The handler enforces it; guard tests ask every route in turn."""

    ANYONE = "anyone"
    """Strangers too: sign-in, static files."""
    BROWSER = "browser"
    """The browser that started the journey, known by its binding."""
    SIGNED_IN = "signed_in"
    """A person with a live session."""
    CLIENT = "client"
    """A program that brings its own proof in the request and no cookie."""
    OPERATIONS = "operations"
    """Monitoring: answers under any host name, plain or encrypted."""


@dataclass(frozen=True, slots=True)
class Route:
    """One address: which methods it answers, by whom, and who may ask."""

    path: str
    endpoint: Endpoint
    methods: frozenset[str]
    who: Who


def route(path: str, endpoint: Endpoint, *, methods: Sequence[str] = ("GET",), who: Who) -> Route:
    """Declare an address; GET answers HEAD as well.

    `{name}` in the path stands for one id, and `{file}` for a file's name.
    """
    named = {method.upper() for method in methods}
    if "GET" in named:
        named.add("HEAD")
    return Route(path, endpoint, frozenset(named), who)


@dataclass(frozen=True, slots=True)
class WrongMethod:
    """The address exists, for other methods."""

    allowed: tuple[str, ...]


class Router:
    """Finds the route of a request and answers with it.

    Addresses without a parameter are found by one dictionary look-up. Starlette's own router walks
    its list and wraps each handler three times, which costs half as much as everything else that
    the shell does (docs/adr/0003-starlette.md).
    """

    def __init__(self, routes: Iterable[Route], whose: Whose | None = None) -> None:
        """Route to these; `whose` finds the session before a page that none of them answers."""
        self.routes = tuple(routes)
        self._whose = whose
        self._fixed: dict[str, dict[str, Route]] = {}
        self._open: dict[re.Pattern[str], dict[str, Route]] = {}
        for each in self.routes:
            table = self._table(each.path)
            for method in each.methods:
                if method in table:
                    raise ValueError(f"{method} {each.path} is declared twice")
                table[method] = each

    def _table(self, path: str) -> dict[str, Route]:
        if "{" not in path:
            return self._fixed.setdefault(path, {})
        pattern = "".join(
            f"(?P<{part}>{_FILE if part == 'file' else _VALUE})" if odd else re.escape(part)
            for odd, part in (
                (index % 2, part) for index, part in enumerate(_PARAMETER.split(path))
            )
        )
        return self._open.setdefault(re.compile(pattern), {})

    def find(self, path: str, method: str) -> tuple[Route, dict[str, str]] | WrongMethod | None:
        """Return the route and its parameters, or which methods the address has, or `None`."""
        table, parameters = self._fixed.get(path), {}
        if table is None:
            for pattern, candidate in self._open.items():
                matched = pattern.fullmatch(path)
                if matched is not None:
                    table, parameters = candidate, matched.groupdict()
                    break
        if table is None:
            return None
        found = table.get(method)
        return WrongMethod(tuple(sorted(table))) if found is None else (found, parameters)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        request = Request(scope, receive)
        response = await self._answer(request)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        found = self.find(request.scope["path"], request.method)
        if found is None or isinstance(found, WrongMethod):
            if self._whose is not None:
                await self._whose(request)
            return _no_route(request, found)
        asked, request.scope["path_params"] = found
        around = context(request)
        around.client, around.pattern = asked.who is Who.CLIENT, asked.path
        refusal = _over_plain_http(request, asked) or await _from_a_stranger(request, asked)
        return refusal if refusal is not None else await asked.endpoint(request)


def _no_route(request: Request, found: WrongMethod | None) -> Response:
    if found is None:
        return problem(request, "not_found", 404)
    response = problem(request, "method", 405)
    response.headers["allow"] = ", ".join(found.allowed)
    return response


def _over_plain_http(request: Request, asked: Route) -> Response | None:
    """Lead people to https; refuse programs, which would go on sending secrets in the open."""
    around = context(request)
    if not around.site.https or around.here.https or asked.who is Who.OPERATIONS:
        return None
    if asked.who is Who.CLIENT or request.method not in ("GET", "HEAD"):
        return problem(request, "plain_http", 403)
    of_app = request.scope["path"].startswith(APP)
    origin = around.site.app_origin if of_app else around.site.origin
    return Response(status_code=308, headers={"location": origin + path_and_query(request)})


async def _from_a_stranger(request: Request, asked: Route) -> Response | None:
    """Refuse a form that did not come from a page of ours, in this very browser."""
    if asked.who is Who.CLIENT or request.method in ("GET", "HEAD"):
        return None
    around = context(request)
    verdict = judge_origin(request.scope["headers"], around.site.origin)
    if verdict is Verdict.OURS:
        sent = await form(request)
        verdict = judge_token(around.here.binding, sent[FIELD])
    return None if verdict is Verdict.OURS else problem(request, verdict.value, 403)
