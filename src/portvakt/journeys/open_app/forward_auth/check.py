"""Whether one request to an app may go on. Asked by the app's proxy, before each of them.

Nothing is taken from an earlier answer: the session, the person, the person's groups and the rules
are read each time, and held against the address that this very request comes from. So what has
ended, and what was taken away, ends here with the next click.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from portvakt.core.assurance import meets, still_bound
from portvakt.core.ids import GrantId
from portvakt.core.networks import is_shared
from portvakt.core.relying_parties import RelyingParty
from portvakt.core.sessions import Session, SessionKind, is_live
from portvakt.core.signals import NOTHING_SEEN, ClientKind, Device, Seen
from portvakt.crypto.remembered import Remembered
from portvakt.crypto.sealing import Sealer
from portvakt.journeys.open_app.forward_auth.cookie import grant_of
from portvakt.journeys.open_app.forward_auth.told import Entered, Telling
from portvakt.journeys.open_app.keys import KeyRing
from portvakt.proving.gate import TOUCHED
from portvakt.proving.held import held
from portvakt.proving.our_devices import OurDevices
from portvakt.proving.rules import Rules, judge
from portvakt.records.configuration import Configuration
from portvakt.records.unit import Records


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request to an app, as its proxy tells of it."""

    host: str
    cookie: str | None
    address: str | None
    now: datetime
    act: bool
    """Whether a person did something: a page that asks by itself keeps no session alive (A058)."""
    seen: Seen = NOTHING_SEEN


@dataclass(frozen=True, slots=True)
class Passed:
    """Let it through, with these headers."""

    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Stopped:
    """Nobody is signed in here, or not enough, or may not: the way on is to begin."""


@dataclass(frozen=True, slots=True)
class NotGuarded:
    """No app has this host."""


Outcome = Passed | Stopped | NotGuarded


@dataclass(frozen=True, slots=True, kw_only=True)
class Checking:
    """Judges requests to apps."""

    records: Records
    rules: Rules
    sealer: Sealer
    known: Remembered[GrantId]
    """What cookies name that were brought before."""
    keys: KeyRing
    telling: Telling
    devices: OurDevices | None = None
    """What knows our own devices. The cookie of one is not sent here; its session has the same."""

    async def answer(self, asked: Asked) -> Outcome:
        """Judge one request. Raises RecordsUnavailable."""
        configuration = await self.rules.current(asked.now)
        app = configuration.by_host.get(asked.host)
        if app is None:
            return NotGuarded()
        grant = self._named(asked.host, asked.cookie)
        if grant is None:
            return Stopped()
        entered = await self._let_in(asked, app, configuration, grant)
        if entered is None:
            return Stopped()
        signer = await self.keys.signer(asked.now)
        return Passed(self.telling.headers(grant, entered, signer, asked.now))

    def _named(self, host: str, cookie: str | None) -> GrantId | None:
        """Return the grant that a cookie of a host of an app's names; its page asks many times."""
        if cookie is None:
            return None
        return self.known.of(f"{host}\0{cookie}", lambda: grant_of(self.sealer, host, cookie))

    async def _let_in(
        self, asked: Asked, app: RelyingParty, configuration: Configuration, grant: GrantId
    ) -> Entered | None:
        now = asked.now
        found = await self.records.read(lambda unit: unit.sessions.through(grant, now))
        if found is None:
            return None
        session, client_id, standing = found[0], found[1], held(found[2], configuration)
        account = standing.account
        shared = is_shared(session.address, configuration.networks)
        stands = (
            client_id == app.client_id
            and session.kind is SessionKind.FULL
            and account.usable
            and is_live(session, now, account.roles, shared=shared)
            and not app.groups.isdisjoint(account.groups)
        )
        if not stands:
            return None
        decision = judge(
            configuration,
            account,
            app.client_id,
            asked.address,
            now,
            await self._seen(asked, session),
            client_kind=ClientKind.PROXY,
        ).decision
        shown = still_bound(session.evidence, standing.authenticators, now)
        if decision.blocked or not meets(shown, decision.requirement, now):
            return None
        session = replace(session, evidence=shown)
        if asked.act and now - session.seen_at >= TOUCHED:
            await self.records.write(lambda unit: unit.sessions.touch(session.id, now))
            session = replace(session, seen_at=now)
        return Entered(asked.host, app, session, account)

    async def _seen(self, asked: Asked, session: Session) -> Seen:
        """Add to what the request shows what its session has: device, browser, and risk."""
        seen = replace(asked.seen, known=session.known, risk=session.risks)
        if self.devices is None:
            return seen
        shown = await self.devices.still(session.our_device, asked.now)
        if shown is None:
            return seen
        return replace(seen, device=Device.OURS, shown_device=shown)
