"""Before every page that needs a person: who is signed in here, and whether it is enough."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from portvakt.core.assurance import meets, merged, still_bound, types_of
from portvakt.core.events import FreshProofGiven, SessionsEnded
from portvakt.core.ids import ClientId, SessionId
from portvakt.core.networks import is_shared, networks_of
from portvakt.core.our_devices import ShownDevice
from portvakt.core.people import Account
from portvakt.core.sessions import Session, SessionKind, goes_on, is_live
from portvakt.core.signals import Device, Seen
from portvakt.crypto.digests import lookup_hash
from portvakt.crypto.families import Member
from portvakt.proving.destination import needs_of
from portvakt.proving.finish import Opened
from portvakt.proving.held import held
from portvakt.proving.our_devices import OurDevices, matters
from portvakt.proving.rules import Rules, Verdict, judge
from portvakt.proving.stolen_cookies import StolenCookies
from portvakt.proving.visit import Visit, said
from portvakt.records.configuration import Configuration
from portvakt.records.standing import Standing
from portvakt.records.unit import Records, Unit
from portvakt.web.cookies import set_browser, set_known, set_session
from portvakt.web.request import Shared, context, here
from portvakt.web.responses import path_and_query, see_other

TOUCHED = timedelta(minutes=1)
"""How stale the time of the last act may be, so that not every click writes it."""


LOOK = "/our-device/look"
"""Where a page has its browser's device looked at."""
ANEW = "anew"
"""What a sign-in is for where an app asks for a new one (`prompt=login`, `max_age`): the page asks
for name and password whoever is signed in here already."""


class Clock(Protocol):
    """Tells the time: an aware datetime in UTC."""

    def __call__(self) -> datetime:
        """Return it."""
        ...


@dataclass(frozen=True, slots=True)
class Current:
    """The session of this request, and the person whose it is, read just now.

    Its evidence is what still counts: what was removed or withdrawn since it was shown is not among
    it.
    """

    session: Session
    standing: Standing


class Gate:
    """Reads the session cookie and holds it against the records and the rules."""

    def __init__(
        self,
        *,
        records: Records,
        rules: Rules,
        clock: Clock,
        devices: OurDevices | None = None,
        stolen: StolenCookies | None = None,
    ) -> None:
        """Take what knows our own devices, and what ends sessions whose cookie was stolen.

        Either may be off in the settings.
        """
        self._stolen = stolen
        self._records = records
        self._rules = rules
        self._clock = clock
        self._devices = devices

    def now(self) -> datetime:
        """Return the time."""
        return self._clock()

    async def visit(self, request: Request) -> Visit:
        """Return the request as flows may know it; a browser without a binding gets one.

        A computer that many people share is known to nobody: what its browser is known by is
        neither read nor made. Raises RecordsUnavailable.
        """
        around, at, now = context(request), here(request), self._clock()
        networks = (await self._rules.current(now)).networks
        shared = around.shared is not None or is_shared(at.address, networks)
        return Visit(
            now=now,
            address=at.address,
            binding=lookup_hash(around.binding()),
            browser=None if shared else lookup_hash(around.browser()),
            brought=None if shared or at.known is None else Member.read(at.known),
            language=at.language,
            request_id=at.request_id,
            user_agent=at.user_agent,
            our_device=await self._our_device(request),
        )

    async def seen(self, request: Request) -> Seen:
        """Return what rules may look at beside the address, as far as the request alone tells."""
        shown = await self._our_device(request)
        device = Device.OTHER if shown is None else Device.OURS
        return Seen(device=device, shown_device=shown, user_agent=here(request).user_agent)

    async def _our_device(self, request: Request) -> ShownDevice | None:
        """Return what the device of this browser has shown, if that counts now."""
        if self._devices is None:
            return None
        at = here(request)
        binding = None if at.binding is None else lookup_hash(at.binding)
        return await self._devices.of_cookie(at.our_device, binding, self._clock())

    async def to_look(self, request: Request) -> str:
        """Return where the device of this browser is looked at; empty where it need not be."""
        if self._devices is None:
            return ""
        configuration = await self._rules.current(self._clock())
        networks = networks_of(here(request).address, configuration.networks)
        if not matters(configuration.rule_set.rules, networks):
            return ""
        shown = await self._our_device(request)
        if not self._devices.is_stale(shown, self._clock()):
            return ""
        return f"{LOOK}?to={quote(path_and_query(request), safe='/')}"

    def later(self, visit: Visit) -> Visit:
        """Return the same request at this moment, for an answer that was held back."""
        return replace(visit, now=self._clock())

    async def current(
        self, request: Request, *, act: bool = True, to: str | None = None
    ) -> Current | None:
        """Return the live session and its person, or None.

        `act=False` is for requests that a page makes by itself: they do not keep a session alive.
        On a computer that many people share, the page of this request says whose session it is;
        `to` is where the next person goes on, where that is not the address of the page.
        """
        cookie = here(request).session
        if cookie is None:
            return None
        id_, digest = SessionId(cookie[0]), lookup_hash(cookie[1])
        found = await self._records.read(lambda unit: unit.sessions.load(id_, digest))
        if found is None:
            return None
        now = self._clock()
        configuration = await self._rules.current(now)
        session, standing = found[0], held(found[1], configuration)
        account = standing.account
        session = replace(
            session, evidence=still_bound(session.evidence, standing.authenticators, now)
        )
        shared = is_shared(session.address, configuration.networks)
        if not account.usable or not is_live(session, now, account.roles, shared=shared):
            return None
        if await self._is_over(request, configuration, session, account, now):
            return None
        if self._stolen is not None and await self._stolen.ends(
            session, account, here(request), configuration, now
        ):
            return None
        context(request).shared = Shared(account.display_name, to) if shared else None
        if act and now - session.seen_at >= TOUCHED:
            await self._records.write(lambda unit: unit.sessions.touch(session.id, now))
            session = replace(session, seen_at=now)
        return Current(session, standing)

    async def _is_over(
        self,
        request: Request,
        configuration: Configuration,
        session: Session,
        account: Account,
        now: datetime,
    ) -> bool:
        """Say whether a rule for our own pages lets no session here last so long."""
        if not configuration.rule_set.limits_sessions:
            return False
        seen = replace(await self.seen(request), risk=session.risks)
        verdict = judge(configuration, account, None, here(request).address, now, seen)
        at_most = verdict.decision.session_at_most
        return at_most is not None and now - session.created_at >= at_most

    async def full(self, request: Request, *, act: bool = True) -> Current | None:
        """Return the live session and its person, where it opens more than registration.

        None where nothing that was shown in it counts any more, for one factor is the least there
        is; and where a rule lets nobody in here and now, whatever they show.
        """
        current = await self.current(request, act=act)
        if current is None or not current.session.evidence:
            return None
        if current.session.kind is not SessionKind.FULL:
            return None
        verdict = await self.decide(request, current, None)
        return None if verdict.decision.blocked else current

    def hand_out(self, request: Request, response: Response, opened: Opened) -> None:
        """Give the browser its session, and what it is known by from now on."""
        set_session(response, opened.session_id, opened.secret.open())
        new = context(request).new_browser
        if new is not None and not opened.shared:
            set_browser(response, new)
        if opened.known is not None and not opened.shared:
            set_known(response, opened.known.secret.open(), opened.known.lives)

    async def keep_one(self, request: Request, opened: Opened) -> Opened:
        """Leave this browser one session, and return it.

        Who signs in anew, as apps may ask, goes on in the session they had: another one would end
        what every other app holds, and tell them all that somebody has signed out. Anybody else's
        ends: its cookie is overwritten, so nobody could ever sign out of it.
        """
        before = await self.current(request, act=False)
        if before is None or before.session.id == opened.session_id:
            return opened
        account, visit = before.standing.account, await self.visit(request)
        networks = (await self._rules.current(visit.now)).networks

        async def act(unit: Unit) -> Opened:
            mine = {each.id: each for each in await unit.sessions.of(account.id)}
            old, new = mine.get(before.session.id), mine.get(opened.session_id)
            if old is not None and new is not None:
                shared = is_shared(old.address, networks)
                as_shared = shared is is_shared(new.address, networks)
                full = new.kind is SessionKind.FULL
                if full and as_shared and goes_on(old, visit.now, account.roles, shared=shared):
                    return await _go_on(unit, old, new, opened, visit)
            if await unit.sessions.close(before.session.id, account.id, visit.now):
                event = SessionsEnded(**said(visit, account.id), sessions=1, reason="replaced")
                await unit.audit.write(event)
            return opened

        return await self._records.write(act)

    def sign_in(self, request: Request, *, purpose: str | None = None, to: str = "") -> Response:
        """Send the browser to sign in, or to give fresh proof, and back to `to` (this address)."""
        scope = request.scope
        back = to or scope["path"]
        if not to and scope["query_string"] and request.method in ("GET", "HEAD"):
            back += "?" + scope["query_string"].decode("latin-1")
        target = f"/sign-in?to={quote(back, safe='/')}"
        return see_other(target if purpose is None else f"{target}&for={quote(purpose)}")

    async def decide(
        self, request: Request, current: Current, app: ClientId | None, to: str = ""
    ) -> Verdict:
        """Evaluate the rules for this person and app, from where the request comes now (A070).

        Where the sign-in leads `to` an app, what that asks for itself is added.
        """
        address, now = here(request).address, self._clock()
        account, session = current.standing.account, current.session
        seen = replace(await self.seen(request), known=session.known, risk=session.risks)
        verdict = await self._rules.judge(account, app, address, now, seen)
        entry = None if app is None else verdict.configuration.app(app)
        return verdict.asking(needs_of(to).requirement, entry)

    async def enough(
        self, request: Request, current: Current, app: ClientId | None, to: str = ""
    ) -> bool:
        """Say whether the session may open `app` from here, now."""
        if current.session.kind is not SessionKind.FULL:
            return False
        verdict = await self.decide(request, current, app, to)
        if verdict.decision.blocked:
            return False
        need = verdict.decision.requirement
        return meets(current.session.evidence, need, self._clock())


async def _go_on(unit: Unit, old: Session, new: Session, opened: Opened, visit: Visit) -> Opened:
    """Give a session what was shown in a new one of the same browser, and its secret."""
    evidence = merged(old.evidence, new.evidence)
    shown = new.our_device or old.our_device
    risk = tuple(dict.fromkeys((*old.risk, *new.risk)))
    grown = replace(
        old,
        evidence=evidence,
        our_device=shown,
        known=new.known or old.known,
        seen_at=visit.now,
        risk=risk,
    )
    if not await unit.sessions.update(grown, lookup_hash(opened.secret.open()), old.version):
        return opened  # somebody was first; then there are two, and the one before ends by itself
    await unit.sessions.close(new.id, new.account_id, visit.now)
    methods = types_of(new.evidence)
    await unit.audit.write(
        FreshProofGiven(**said(visit, old.account_id), session_id=old.id, methods=methods)
    )
    return replace(opened, session_id=old.id)
