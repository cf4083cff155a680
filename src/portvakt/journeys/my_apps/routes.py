"""`/apps`, `/icons`, `/sign-out`, `/switch-person` and the way in from `/`."""

from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from portvakt.core.assurance import Aal, assurance_of
from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.messages import MessageId
from portvakt.core.policy import Decision
from portvakt.core.sessions import SessionKind
from portvakt.journeys.my_apps.flow import (
    Entry,
    letter_of,
    openable,
    sign_out,
    somebody_asks,
)
from portvakt.journeys.my_apps.pages import AppsPage, SignedOutPage, Tile
from portvakt.proving.gate import Current, Gate
from portvakt.proving.rules import Rules
from portvakt.records.unit import Records
from portvakt.web.cookies import drop_session, new_secret, set_binding
from portvakt.web.forms import form
from portvakt.web.paths import local_path
from portvakt.web.request import context
from portvakt.web.responses import page, problem, see_other
from portvakt.web.routing import Route, Who, route

ICONS = "/icons"
_FOR_EVER = "public, max-age=31536000, immutable"
_OF_ONE_PERSON = ("/sign-in", "/reset", "/sign-out", "/switch-person")
_HOMES = ("/security-info", "/change-password", "/vouch")
"""Where something of several steps begins; what is below is the step of one person."""


class MyApps:
    """The portal."""

    def __init__(self, *, issuer: str, gate: Gate, rules: Rules, records: Records) -> None:
        self._issuer = issuer
        self._gate = gate
        self._rules = rules
        self._records = records

    def routes(self) -> list[Route]:
        """Return the addresses of this journey."""
        return [
            route("/", self.start, who=Who.ANYONE),
            route("/apps", self.apps, who=Who.SIGNED_IN),
            route(f"{ICONS}/{{mark}}", self.icon, who=Who.ANYONE),
            route("/sign-out", self.sign_out, methods=("POST",), who=Who.SIGNED_IN),
            route("/switch-person", self.switch, methods=("POST",), who=Who.SIGNED_IN),
            route("/signed-out", self.signed_out, who=Who.ANYONE),
        ]

    async def start(self, _request: Request) -> Response:
        """Lead to the portal."""
        return see_other("/apps")

    async def apps(self, request: Request) -> Response:
        """Show the tiles."""
        current = await self._gate.current(request)
        if current is None or current.session.kind is not SessionKind.FULL:
            return self._gate.sign_in(request)
        if not await self._gate.enough(request, current, None):
            return self._gate.sign_in(request)
        visit = await self._gate.visit(request)
        configuration = await self._rules.current(visit.now)
        account, evidence = current.standing.account, current.session.evidence
        found = openable(configuration, account, evidence, visit, self._issuer)
        tiles = tuple(_tile(each, current, visit.language) for each in found)
        asked = await somebody_asks(self._records, account.id, visit.now)
        return page(request, AppsPage(person=account.display_name, tiles=tiles, asked=asked))

    async def icon(self, request: Request) -> Response:
        """Show the picture of a tile, whose address says what is in it."""
        mark = request.scope["path_params"]["mark"]
        icon = await self._records.read(lambda unit: unit.icons.load(mark))
        if icon is None:
            return problem(request, "not_found", 404)
        headers = {"cache-control": _FOR_EVER}
        return Response(icon.content, headers=headers, media_type=icon.media_type)

    async def sign_out(self, request: Request) -> Response:
        """End this session, and take the cookie back even where no session was left to end."""
        current = await self._gate.current(request)
        if current is not None:
            visit = await self._gate.visit(request)
            await sign_out(self._records, current.session, visit, "signed_out")
        response = see_other("/signed-out")
        drop_session(response)
        return response

    async def switch(self, request: Request) -> Response:
        """End this session and ask who comes next, who goes on at the same place.

        The browser gets a new binding: what the one before has begun here belongs to nobody now.
        """
        to = place_for_the_next(local_path((await form(request))["to"]))
        current = await self._gate.current(request)
        if current is not None:
            visit = await self._gate.visit(request)
            await sign_out(self._records, current.session, visit, "switched")
        response = self._gate.sign_in(request, to=to)
        drop_session(response)
        set_binding(response, new_secret(context(request).site.random_bytes(32)))
        return response

    async def signed_out(self, request: Request) -> Response:
        """Say that it is done."""
        return page(request, SignedOutPage())


def place_for_the_next(path: str) -> str:
    """Say where the next person goes on, when somebody has handed over the browser at `path`.

    At the same page, but for the steps of something that the one before had begun: a sign-in leads
    to where it was going, and a change of methods begins anew.
    """
    address, _, asked = path.partition("?")
    if address == "/sign-in":
        path = local_path(dict(parse_qsl(asked)).get("to"))
    for home in _HOMES:
        if path.startswith(f"{home}/"):
            return home
    return "/apps" if path.startswith(_OF_ONE_PERSON) else path


def _tile(each: Entry, current: Current, language: str) -> Tile:
    verdict = None if each.enough else each.verdict
    return Tile(
        name=each.name,
        href=each.href,
        letter=letter_of(each.name),
        logo=None if each.icon is None else f"{ICONS}/{each.icon}",
        link=each.verdict is None,
        needs=None if verdict is None else _needs(current, verdict.decision),
        reason="" if verdict is None else verdict.reason(language),
    )


def _needs(current: Current, decision: Decision) -> MessageId:
    """Say whether the app in the phone is asked for, another second proof, or one once more."""
    shown = assurance_of(current.session.evidence).aal
    if not decision.requirement.multifactor or shown >= Aal.TWO:
        return MessageId("my_apps.needs_again")
    if current.standing.active(AuthenticatorType.PUSH):
        return MessageId("my_apps.needs_phone")
    return MessageId("my_apps.needs_second")
