"""The addresses of forward-auth, on the hosts of apps and at home. Only this file knows HTTP."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Self, assert_never
from urllib.parse import parse_qs, urlencode

import structlog
from starlette.requests import Request
from starlette.responses import Response

from portvakt.core.relying_parties import RelyingParty
from portvakt.crypto.randomness import Random
from portvakt.crypto.remembered import Remembered
from portvakt.crypto.sealing import MasterKeys, Sealer
from portvakt.journeys.open_app.forward_auth.check import (
    Asked,
    Checking,
    NotGuarded,
    Passed,
)
from portvakt.journeys.open_app.forward_auth.cookie import sealed_grant
from portvakt.journeys.open_app.forward_auth.navigation import navigates
from portvakt.journeys.open_app.forward_auth.pages import AgainPage, SignOutPage
from portvakt.journeys.open_app.forward_auth.places import (
    AUTH_REQUEST,
    CHECK,
    HOME_AGAIN,
    HOME_SIGN_OUT,
    SIGN_OUT,
    START,
    TICKET,
    place_at,
    start_at,
)
from portvakt.journeys.open_app.forward_auth.start import (
    Blocked,
    Broken,
    NotYours,
    Outcome,
    SignedIn,
    Starting,
    ToHost,
    ToSignIn,
    Wanted,
)
from portvakt.journeys.open_app.forward_auth.ticket import Brought, Trading, browser_digest
from portvakt.journeys.open_app.forward_auth.told import Telling
from portvakt.journeys.open_app.keys import KeyRing
from portvakt.journeys.open_app.names import Names
from portvakt.journeys.open_app.pages import BlockedPage, BrokenRequestPage, NotYoursPage
from portvakt.proving.destination import GUARDED as HOME_START
from portvakt.proving.gate import Gate
from portvakt.proving.our_devices import OurDevices
from portvakt.proving.rules import Rules
from portvakt.records.unit import Records
from portvakt.web.cookies import (
    Cookie,
    drop_guarded,
    new_secret,
    read_cookies,
    secret_value,
    set_guarded,
    set_guarded_binding,
)
from portvakt.web.forwarded import Forwarded, forwarded
from portvakt.web.request import context, here
from portvakt.web.responses import bound, page, problem, problem_json, see_other
from portvakt.web.routing import Route, Who, route

_BROKEN, _NOBODY, _FORBIDDEN, _NOT_HERE = 400, 401, 403, 421
_NO_STORE = {"cache-control": "no-store"}
_ONE_BROWSER = "Portvakt"
"""What a 401 must name (RFC 9110 section 11.6.1); browsers ask nobody for anything at this word."""

_log = structlog.get_logger("portvakt.open_app")


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardAuth:
    """Answers the proxies of apps, and signs browsers in at the apps' own hosts."""

    home: str
    """`public_url`: where people sign in."""
    gate: Gate
    rules: Rules
    sealer: Sealer
    random: Random
    checking: Checking
    starting: Starting
    trading: Trading
    clock: Callable[[], datetime]

    @classmethod
    def over(
        cls,
        *,
        issuer: str,
        gate: Gate,
        rules: Rules,
        records: Records,
        keys: MasterKeys,
        ring: KeyRing,
        sealer: Sealer,
        random: Random,
        clock: Callable[[], datetime],
        devices: OurDevices | None = None,
    ) -> Self:
        """Put the parts together over what the root has built."""
        return cls(
            home=issuer,
            gate=gate,
            rules=rules,
            sealer=sealer,
            random=random,
            checking=Checking(
                records=records,
                rules=rules,
                sealer=sealer,
                known=Remembered(sealer),
                keys=ring,
                telling=Telling(issuer, Names(keys)),
                devices=devices,
            ),
            starting=Starting(records, rules, random),
            trading=Trading(records, rules),
            clock=clock,
        )

    def routes(self) -> list[Route]:
        """Return the addresses: those that the proxy asks, those it passes on, those at home."""
        return [
            route(CHECK, self.check, who=Who.CLIENT),
            route(AUTH_REQUEST, self.auth_request, who=Who.CLIENT),
            route(START, self.start, who=Who.ANYONE),
            route(TICKET, self.ticket, who=Who.ANYONE),
            route(SIGN_OUT, self.sign_out, who=Who.ANYONE),
            route(HOME_START, self.home_start, who=Who.ANYONE),
            route(HOME_AGAIN, self.home_again, who=Who.ANYONE),
            route(HOME_SIGN_OUT, self.home_sign_out, who=Who.ANYONE),
        ]

    async def check(self, request: Request) -> Response:
        """Answer a proxy that hands a redirect of ours to the browser."""
        return await self._checked(request, redirect=302)

    async def auth_request(self, request: Request) -> Response:
        """Answer nginx, which knows yes, 401 and 403, and makes the redirect itself."""
        return await self._checked(request, redirect=_NOBODY)

    async def _checked(self, request: Request, *, redirect: int) -> Response:
        said = forwarded(request)
        if said is None:
            return _misdirected(request, "not from a trusted proxy, or no single X-Forwarded-Host")
        moves = navigates(said, request.scope["headers"])
        outcome = await self.checking.answer(
            Asked(
                host=said.host,
                cookie=_cookie(request, Cookie.GUARDED),
                address=here(request).address,
                now=self.clock(),
                act=moves,
                seen=await self.gate.seen(request),
            )
        )
        if isinstance(outcome, Passed):
            return Response(headers=outcome.headers | _NO_STORE)
        if isinstance(outcome, NotGuarded):
            return _misdirected(request, "no app has this host in forward_auth_hosts")
        headers = _NO_STORE | {"www-authenticate": _ONE_BROWSER}
        if not moves:
            return Response(status_code=_NOBODY, headers=headers)
        headers |= {"location": start_at(said.host, said.uri)}
        return Response(status_code=redirect, headers=headers)

    async def start(self, request: Request) -> Response:
        """Begin at the host of an app: remember which browser, and send it home to sign in."""
        said = await self._guarded(request)
        if said is None:
            return problem(request, "misdirected", _NOT_HERE)
        binding = secret_value(_cookie(request, Cookie.GUARDED_BINDING))
        new = binding or new_secret(self.random.bytes(32))
        wanted = {
            "host": said.host,
            "to": _asked(request, "to") or "/",
            "browser": browser_digest(new, said.host),
        }
        response = self._to_home(HOME_START, wanted)
        if binding is None:
            set_guarded_binding(response, new)
        return response

    async def ticket(self, request: Request) -> Response:
        """Trade a ticket for the cookie of this host, and go on to the page that was asked for."""
        if request.method == "HEAD":  # something is spent, and HEAD changes nothing
            return _only_get(request)
        said = await self._guarded(request)
        if said is None:
            return problem(request, "misdirected", _NOT_HERE)
        traded = await self.trading.answer(
            Brought(
                ticket=_asked(request, "ticket") or "",
                host=said.host,
                binding=secret_value(_cookie(request, Cookie.GUARDED_BINDING)),
                address=here(request).address,
                request_id=here(request).request_id,
                now=self.clock(),
            )
        )
        if traded is None:
            return self._to_home(HOME_AGAIN, {"host": said.host})
        response = Response(status_code=303, headers={"location": traded.location} | _NO_STORE)
        set_guarded(response, sealed_grant(self.sealer, said.host, traded.grant_id))
        return response

    async def sign_out(self, request: Request) -> Response:
        """Forget the browser at this host, and ask at home whether to sign out of everything."""
        said = await self._guarded(request)
        if said is None:
            return problem(request, "misdirected", _NOT_HERE)
        response = self._to_home(HOME_SIGN_OUT, {"host": said.host})
        drop_guarded(response)
        return response

    async def home_start(self, request: Request) -> Response:
        """Hold a browser from the host of an app against groups and rules, and give a ticket."""
        if request.method == "HEAD":
            return _only_get(request)
        current = await self.gate.current(request)
        who = None if current is None else SignedIn(current.session, current.standing.account)
        visit = await self.gate.visit(request)
        outcome = await self.starting.answer(_wanted(request), who, visit)
        response = self._shown(request, outcome)
        return bound(request, response)

    def _shown(self, request: Request, outcome: Outcome) -> Response:
        number, language = here(request).request_id, here(request).language
        match outcome:
            case ToHost(location):
                return Response(status_code=303, headers={"location": location} | _NO_STORE)
            case ToSignIn():
                return self.gate.sign_in(request)
            case NotYours(app):
                view = NotYoursPage(app=app.client_name, number=number)
                return page(request, view, _FORBIDDEN)
            case Blocked(app, verdict):
                why = verdict.reason(language)
                blocked = BlockedPage(app=app.client_name, reason=why, number=number)
                return page(request, blocked, _FORBIDDEN)
            case Broken(why):
                _log.warning("forward_auth_untrusted", why=why)
                return page(request, BrokenRequestPage(why=why, number=number), _BROKEN)
            case _:
                assert_never(outcome)

    async def home_again(self, request: Request) -> Response:
        """Say that a ticket did not count, and where to begin anew."""
        app, host = await self._app_named(request)
        if app is None:
            return see_other("/apps")
        view = AgainPage(app=app.client_name, href=place_at(host, None))
        return page(request, view, _BROKEN)

    async def home_sign_out(self, request: Request) -> Response:
        """Ask somebody who comes from an app whether to sign out of everything."""
        app, host = await self._app_named(request)
        if app is None or await self.gate.current(request, act=False) is None:
            return see_other("/signed-out")
        return page(request, SignOutPage(app=app.client_name, href=place_at(host, None)))

    async def _app_named(self, request: Request) -> tuple[RelyingParty | None, str]:
        host = _asked(request, "host") or ""
        return (await self.rules.current(self.clock())).by_host.get(host), host

    async def _guarded(self, request: Request) -> Forwarded | None:
        """Return what the proxy says, where it speaks for a host that we guard."""
        said = forwarded(request)
        if said is None or said.host not in (await self.rules.current(self.clock())).by_host:
            return None
        return said

    def _to_home(self, path: str, asked: dict[str, str]) -> Response:
        location = f"{self.home}{path}?{urlencode(asked)}"
        return Response(status_code=303, headers={"location": location} | _NO_STORE)


def _misdirected(request: Request, why: str) -> Response:
    """Tell a proxy that is not set up; the log says what is wrong."""
    _log.warning("forward_auth_misdirected", why=why)
    return problem_json(context(request), "misdirected", _FORBIDDEN)


def _only_get(request: Request) -> Response:
    response = problem(request, "method", 405)
    response.headers["allow"] = "GET"
    return response


def _cookie(request: Request, cookie: Cookie) -> str | None:
    return read_cookies(request.scope["headers"]).get(cookie.value)


def _query(request: Request) -> dict[str, list[str]]:
    try:
        return parse_qs(
            request.scope["query_string"].decode("ascii"), max_num_fields=8, errors="strict"
        )
    except ValueError:
        return {}


def _asked(request: Request, name: str) -> str | None:
    """Return a parameter that is there once."""
    values = _query(request).get(name, [])
    return values[0] if len(values) == 1 else None


def _wanted(request: Request) -> Wanted | None:
    host, to, browser = (_asked(request, name) for name in ("host", "to", "browser"))
    if host is None or to is None or browser is None:
        return None
    return Wanted(host, to, browser)
