"""Whether one request to an app may go on. Asked by the app's proxy, before each of them.

Nothing is taken from an earlier answer: the session, the person, the person's groups and the rules
are read each time, and held against the address that this very request comes from. So what has
ended, and what was taken away, ends here with the next click.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from portvakt.core.assurance import meets
from portvakt.core.ids import GrantId
from portvakt.core.networks import is_shared
from portvakt.core.relying_parties import RelyingParty
from portvakt.core.sessions import SessionKind, is_live
from portvakt.crypto.sealing import Sealer
from portvakt.journeys.open_app.forward_auth.cookie import grant_of
from portvakt.journeys.open_app.forward_auth.told import Entered, Telling
from portvakt.journeys.open_app.keys import KeyRing
from portvakt.proving.gate import TOUCHED
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
    keys: KeyRing
    telling: Telling

    async def answer(self, asked: Asked) -> Outcome:
        """Judge one request. Raises RecordsUnavailable."""
        configuration = await self.rules.current(asked.now)
        app = configuration.by_host.get(asked.host)
        if app is None:
            return NotGuarded()
        grant = grant_of(self.sealer, asked.host, asked.cookie)
        if grant is None:
            return Stopped()
        entered = await self._let_in(asked, app, configuration, grant)
        if entered is None:
            return Stopped()
        signer = await self.keys.signer(asked.now)
        return Passed(self.telling.headers(grant, entered, signer, asked.now))

    async def _let_in(
        self, asked: Asked, app: RelyingParty, configuration: Configuration, grant: GrantId
    ) -> Entered | None:
        now = asked.now
        found = await self.records.read(lambda unit: unit.sessions.through(grant, now))
        if found is None:
            return None
        session, client_id, account = found
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
        decision = judge(configuration, account, app.client_id, asked.address, now).decision
        if decision.blocked or not meets(session.evidence, decision.requirement, now):
            return None
        if asked.act and now - session.seen_at >= TOUCHED:
            await self.records.write(lambda unit: unit.sessions.touch(session.id, now))
            session = replace(session, seen_at=now)
        return Entered(asked.host, app, session, account)
