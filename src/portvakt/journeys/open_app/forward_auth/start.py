"""At home: whether the person who is signed in may go in at the host of an app, from here, now.

A yes is a ticket, which the browser carries to the host. It is a grant like any other app's, with
a code that counts for half a minute, once, at that host, and in the browser that began there.
"""

import re
from dataclasses import dataclass
from datetime import timedelta

from portvakt.core.assurance import assurance_of, meets, types_of
from portvakt.core.events import AppOpened, AppRefused
from portvakt.core.ids import GrantId
from portvakt.core.messages import MessageId
from portvakt.core.people import Account
from portvakt.core.relying_parties import ASSIGNED, RelyingParty
from portvakt.core.sessions import Session, SessionKind, lifetime_of
from portvakt.core.signals import ClientKind
from portvakt.crypto.randomness import Random
from portvakt.journeys.open_app.forward_auth.places import TICKET, place_at
from portvakt.journeys.open_app.forward_auth.ticket import bound_to, ticket_hash
from portvakt.proving.rules import Rules, Verdict, judge
from portvakt.proving.visit import Visit, said
from portvakt.records.grants import AuthorizationCode, Grant
from portvakt.records.unit import Records, Unit

TICKET_LIVES = timedelta(seconds=30)
_DIGEST = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address says: where to, and which browser began there."""

    host: str
    to: str
    browser: str


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The live session of this request and the person whose it is, read just now."""

    session: Session
    account: Account


@dataclass(frozen=True, slots=True)
class ToHost:
    """Send the browser to the app's host, with a ticket."""

    location: str


@dataclass(frozen=True, slots=True)
class ToSignIn:
    """Send the browser to sign in, or to show more, and back."""


@dataclass(frozen=True, slots=True)
class NotYours:
    """Show that the person is in none of the app's groups."""

    app: RelyingParty


@dataclass(frozen=True, slots=True)
class Blocked:
    """Show that a rule says no."""

    app: RelyingParty
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Broken:
    """Show that the address is not one of ours, and send nobody on."""

    why: MessageId


Outcome = ToHost | ToSignIn | NotYours | Blocked | Broken


@dataclass(frozen=True, slots=True)
class Starting:
    """Gives tickets."""

    records: Records
    rules: Rules
    random: Random

    async def answer(self, wanted: Wanted | None, who: SignedIn | None, visit: Visit) -> Outcome:
        """Judge one browser that comes from the host of an app. Raises RecordsUnavailable."""
        if wanted is None or not _DIGEST.fullmatch(wanted.browser):
            return Broken(MessageId("open_app.unreadable"))
        configuration = await self.rules.current(visit.now)
        app = configuration.by_host.get(wanted.host)
        if app is None:
            return Broken(MessageId("open_app.unknown_address"))
        if who is None or who.session.kind is not SessionKind.FULL:
            return ToSignIn()
        verdict = judge(
            configuration,
            who.account,
            app.client_id,
            visit.address,
            visit.now,
            visit.within(who.session).seen,
            client_kind=ClientKind.PROXY,
        )
        return await self._person(wanted, app, who, verdict, visit)

    async def _person(
        self, wanted: Wanted, app: RelyingParty, who: SignedIn, verdict: Verdict, visit: Visit
    ) -> Outcome:
        """Hold somebody who is signed in against the app's groups and the rules."""
        if not app.groups & who.account.groups:
            await self._refuse(app, who, "not_in_groups", verdict, visit)
            return NotYours(app)
        if verdict.decision.blocked:
            await self._refuse(app, who, "blocked", verdict, visit)
            return Blocked(app, verdict)
        if not meets(who.session.evidence, verdict.decision.requirement, visit.now):
            return ToSignIn()
        return await self._ticket(wanted, app, who, verdict, visit)

    async def _ticket(
        self, wanted: Wanted, app: RelyingParty, who: SignedIn, verdict: Verdict, visit: Visit
    ) -> ToHost | ToSignIn:
        session, account, ticket = who.session, who.account, self.random.secret()
        lives = lifetime_of(session.kind, account.roles).absolute
        grant = Grant(
            id=GrantId(self.random.id()),
            account_id=account.id,
            client_id=app.client_id,
            session_id=session.id,
            scope=ASSIGNED,
            evidence=session.evidence,
            created_at=visit.now,
            expires_at=session.created_at + lives,
        )
        put = AuthorizationCode(
            hash=ticket_hash(ticket, wanted.host),
            grant=grant,
            expires_at=visit.now + TICKET_LIVES,
            redirect_uri=place_at(wanted.host, wanted.to),
            code_challenge=bound_to(wanted.browser),
            nonce=None,
        )
        opened = AppOpened(
            **said(visit, account.id),
            app=app.client_id,
            session_id=session.id,
            aal=assurance_of(session.evidence).aal,
            rules=verdict.decision.reasons,
            methods=types_of(session.evidence),
            **verdict.told,
        )

        async def act(unit: Unit) -> bool:
            if not await unit.grants.put_code(put):
                return False  # the session ended while we looked
            await unit.audit.write(opened, verdict.decision.trace)
            return True

        if not await self.records.write(act):
            return ToSignIn()
        return ToHost(f"https://{wanted.host}{TICKET}?ticket={ticket}")

    async def _refuse(
        self, app: RelyingParty, who: SignedIn, why: str, verdict: Verdict, visit: Visit
    ) -> None:
        refused = AppRefused(
            **said(visit, who.account.id), app=app.client_id, why=why, **verdict.told
        )
        await self.records.write_one(lambda unit: unit.audit.write(refused, verdict.decision.trace))
