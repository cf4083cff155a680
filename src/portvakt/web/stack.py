"""The middleware, in order, each as plain ASGI.

0. `_Entrance`  the server's start and stop; streams go straight to their handler
1. `_Shell`     request id, surroundings, security headers, one log line
2. `Errors`     exceptions become answers
3. `Door`       in a crowd, strangers go home before anything of theirs is read
4. `_Limits`    methods, sizes of address, headers and body
5. `MetricsDoor` where the settings open `/metrics`
6. `_Hosts`     only our own names; the memorable ones lead to their part
7. `Router`     plain http, foreign forms, then the handler

`portvakt.web` never believes `X-Forwarded-Host`, `Forwarded` or `Host` for an address it writes:
every one is built from `public_url`.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Router as LifespanRunner
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars, reset_contextvars

from portvakt.web import choose_language
from portvakt.web.assets import Assets, draw
from portvakt.web.colours import organisation_stylesheet
from portvakt.web.crowd import Door, Narrow
from portvakt.web.errors import BodyTooLargeError, Errors, Failures
from portvakt.web.headers import APP, GUARDED, Header, security_headers, with_security
from portvakt.web.held import HeldAnswers
from portvakt.web.made_guide import AT as GUIDE
from portvakt.web.metrics import Measuring, MetricsDoor
from portvakt.web.request import SCOPE_KEY, Context, read_request
from portvakt.web.responses import problem
from portvakt.web.routing import Route, Router, Whose
from portvakt.web.site import SHOW_DEVICE, Site
from portvakt.web.templates import PACKAGE, Templates

MAX_BODY = 64 * 1024
MAX_TARGET = 8 * 1024
MAX_HEADERS = 16 * 1024
MAX_HEADER_COUNT = 64
MAX_TICKET = 64 * 1024 + len("Negotiate ")
"""Bytes of `Authorization` where tickets are taken, beside the other headers: a person in many
groups has a long one."""

_TICKETS = "/kerberos"

_METHODS = frozenset({"GET", "HEAD", "POST"})
_ENTRIES = "/oidc/register/"
"""Below it an app sees to its entry, with the methods that RFC 7592 section 2 names."""
_OF_ENTRIES = _METHODS | {"PUT", "DELETE"}
_ASKS_FOR = b"access-control-request-method"

_log = structlog.get_logger("portvakt.web")

Lifespan = Callable[[Any], AbstractAsyncContextManager[None]]


def stack(
    routes: Iterable[Route],
    site: Site,
    *,
    failures: Failures,
    lifespan: Lifespan | None = None,
    folders: Sequence[Path] = (PACKAGE,),
    streams: Mapping[str, ASGIApp] | None = None,
    measuring: Measuring | None = None,
    whose: Whose | None = None,
    narrow: Narrow | None = None,
) -> ASGIApp:
    """Return the application that answers `routes` for `site`.

    `streams` holds plain ASGI handlers by path, for answers that are held open by the thousand.
    They are asked by GET, under the app's own name and by https only, and see to their own headers
    and to who asks. `lifespan` is entered when the server starts and left when it stops; templates
    are looked for in `folders`. `measuring` is told of every answer but those of streams. `whose`
    finds the session for the page of an address that is none. `narrow` is where a crowd gathers:
    strangers are turned away there while there is no room. Static files and the language button
    come with it; `health.Health(...).routes()` is for the root to add.
    """
    own = {"organisation.css": organisation_stylesheet(site.organisation.colour).encode()}
    logo = site.organisation.logo
    assets = Assets(own if logo is None else own | {logo.name: logo.content})
    templates = Templates(site.texts, site=site, assets=assets, draw=draw, folders=folders)
    router = Router([*routes, *assets.routes(), *choose_language.routes()], whose)
    hosts: ASGIApp = _Hosts(router, site)
    if measuring is not None:
        hosts = MetricsDoor(hosts, measuring)
    inner: ASGIApp = _Limits(hosts)
    if narrow is not None:
        inner = Door(inner, narrow)
    inner = Errors(inner, failures)
    shell = _Shell(inner, site, templates, measuring)
    return _Entrance(shell, LifespanRunner(lifespan=lifespan), site, streams or {})


class _Entrance:
    """Tells requests from the server's start and stop; there are no web sockets here.

    A stream that is asked for in the right way is handed to its handler at once: every layer in
    between would be kept in memory for as long as it is open.
    """

    def __init__(
        self,
        app: ASGIApp,
        lifespan: LifespanRunner,
        site: Site,
        streams: Mapping[str, ASGIApp],
    ) -> None:
        self._app = app
        self._lifespan = lifespan
        self._site = site
        self._streams = streams
        self._app_hosts = _names_of(site.app_authority, https=site.https)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            stream = self._streams.get(scope["path"])
            if stream is not None and self._is_asked_rightly(scope):
                await stream(scope, receive, send)
            else:
                await self._app(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._lifespan.lifespan(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000})

    def _is_asked_rightly(self, scope: Scope) -> bool:
        hosts = [value.lower() for name, value in scope["headers"] if name == b"host"]
        if scope["method"] != "GET" or len(hosts) != 1 or hosts[0] not in self._app_hosts:
            return False
        return not self._site.https or read_request(scope, self._site).https


def _names_of(authority: str, *, https: bool) -> frozenset[bytes]:
    """Return the `Host` headers that name an authority: with and without the scheme's own port."""
    own = ":443" if https else ":80"
    return frozenset({authority.encode("ascii"), (authority + own).encode("ascii")})


class _Shell:
    """Reads where the request comes from, and sees to what every answer must carry."""

    def __init__(
        self, app: ASGIApp, site: Site, templates: Templates, measuring: Measuring | None
    ) -> None:
        self._app = app
        self._site = site
        self._templates = templates
        self._answered = None if measuring is None else measuring.answered
        self._held = HeldAnswers()
        self._log = _log.bind()  # a logger that is not bound is put together for each line
        self._security = security_headers(https=site.https, devices=site.device_origin)
        self._app_security = security_headers(https=site.https, app=True)
        self._guarded_security = security_headers(https=False)
        self._guide_security = security_headers(https=site.https, guide=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        here = read_request(scope, self._site)
        scope[SCOPE_KEY] = around = Context(self._site, self._templates, here, self._held)
        own = self._security_of(scope["path"])
        security = (*own, (b"x-request-id", here.request_id.encode("ascii")))
        status = 0

        async def guarded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = with_security(message.get("headers", ()), security)
            await send(message)

        clock = asyncio.get_running_loop().time
        began = clock()
        # `bound_contextvars` does the same, and looks at every other variable there is to do so.
        bound = bind_contextvars(request_id=here.request_id)
        try:
            await self._app(scope, receive, guarded)
            took = clock() - began
            self._log.info(
                "request",
                method=scope["method"],
                # As it came, percent-encoded: no line break, and no query, which may hold a code.
                path=(scope.get("raw_path") or b"").decode("latin-1")[:200],
                status=status,
                address=here.address,
                ms=round(took * 1000, 1),
            )
        finally:
            reset_contextvars(**bound)
        if self._answered is not None:
            self._answered(around.pattern, scope["method"], status, took)

    def _security_of(self, path: str) -> tuple[Header, ...]:
        if path.startswith(APP):
            return self._app_security
        if path.startswith(GUIDE):
            return self._guide_security
        return self._guarded_security if path.startswith(GUARDED) else self._security


class _Limits:
    """Refuses what is too large or of no use here, before anything is read."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = _refusal(scope, receive)
        if refusal is not None:
            refusal.headers["connection"] = "close"
            await refusal(scope, receive, send)
            return
        read = 0

        async def limited() -> Message:
            nonlocal read
            message = await receive()
            if message["type"] == "http.request":
                read += len(message.get("body", b""))
                if read > MAX_BODY:
                    raise BodyTooLargeError
            return message

        await self._app(scope, limited, send)


def _is_preflight(scope: Scope) -> bool:
    """Whether a browser asks for a page of another origin what it may do (Fetch, CORS protocol)."""
    names = {name for name, _ in scope["headers"]}
    return scope["method"] == "OPTIONS" and {b"origin", _ASKS_FOR} <= names


def _refusal(scope: Scope, receive: Receive) -> Response | None:
    """Return the answer to a request that is refused by its first lines."""
    headers: list[tuple[bytes, bytes]] = scope["headers"]
    methods = _OF_ENTRIES if scope["path"].startswith(_ENTRIES) else _METHODS
    if scope["method"] not in methods and not _is_preflight(scope):
        response = problem(Request(scope, receive), "method", 405)
        response.headers["allow"] = ", ".join(sorted(methods))
        return response
    if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > MAX_TARGET:
        return problem(Request(scope, receive), "too_long", 414)
    size, lengths = 0, []
    takes_tickets = scope["path"] == _TICKETS
    for name, value in headers:
        if not (takes_tickets and name == b"authorization" and len(value) <= MAX_TICKET):
            size += len(name) + len(value)
        if name == b"content-length":
            lengths.append(value)
    if len(headers) > MAX_HEADER_COUNT or size > MAX_HEADERS:
        return problem(Request(scope, receive), "too_long", 431)
    if any(not length.isdigit() for length in lengths) or len(lengths) > 1:
        return problem(Request(scope, receive), "bad_request", 400)
    if lengths and (len(lengths[0]) > len(str(MAX_BODY)) or int(lengths[0]) > MAX_BODY):
        return problem(Request(scope, receive), "too_large", 413)
    return None


class _Hosts:
    """Answers to our own names only, so that a copy of us under another name gets nothing."""

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self._app = app
        self._ours = _names_of(site.authority, https=site.https)
        self._app_address = site.app_origin + APP
        apart = site.app_host is not None
        self._app_names = _names_of(site.app_authority, https=site.https) if apart else frozenset()
        devices = urlsplit(site.device_origin or "").netloc
        self._device_names = _names_of(devices, https=site.https) if devices else frozenset()
        self._home = site.origin + "/"
        self._parts = {
            host.lower().encode("idna"): (site.origin + path) for host, path in site.hosts.items()
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        hosts = [value.lower() for name, value in scope["headers"] if name == b"host"]
        host = hosts[0] if len(hosts) == 1 else b""
        if scope["path"] in ("/healthz", "/readyz"):
            await self._app(scope, receive, send)
            return
        if host in self._device_names or (host in self._ours and scope["path"] == SHOW_DEVICE):
            await self._of_devices(scope, receive, send, there=host in self._device_names)
            return
        if host in self._app_names or (self._app_names and host in self._ours):
            await self._apart(scope, receive, send, app=host in self._app_names)
            return
        if host in self._ours:
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        part = self._parts.get(host.partition(b":")[0])
        if part is None:
            response = problem(request, "misdirected", 421)
        elif scope["method"] == "POST":
            response = problem(request, "method", 405)
            response.headers["allow"] = "GET, HEAD"
        else:
            response = Response(status_code=303, headers={"location": part})
        await response(scope, receive, send)

    async def _of_devices(self, scope: Scope, receive: Receive, send: Send, *, there: bool) -> None:
        """Answer the one address of the devices' host there, and nowhere else, and nothing else.

        `there` is whether it was asked for under that host's name.
        """
        if there and scope["path"] == SHOW_DEVICE:
            await self._app(scope, receive, send)
            return
        response: Response
        if there and scope["method"] in ("GET", "HEAD"):
            response = Response(status_code=303, headers={"location": self._home})
        else:
            response = problem(Request(scope, receive), "not_found", 404)
        await response(scope, receive, send)

    async def _apart(self, scope: Scope, receive: Receive, send: Send, *, app: bool) -> None:
        """Keep the authenticator app and the rest apart, where the app has a name of its own.

        `app` is whether it was asked for under the app's name.
        """
        path = scope["path"]
        of_app = path.startswith(APP)
        if of_app is app:
            await self._app(scope, receive, send)
            return
        response: Response
        if scope["method"] == "POST" or (app and path != "/"):
            response = problem(Request(scope, receive), "not_found", 404)
        else:
            response = Response(status_code=303, headers={"location": self._app_address})
        await response(scope, receive, send)
