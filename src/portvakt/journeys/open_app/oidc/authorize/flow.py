"""One authorization request, from the query to where the browser goes next.

The checks come first (`arriving`), then the person, then the rules as they are now and from where
the person is now: a session that was begun inside with a password alone is asked for more before it
opens its next app outside (A070). What the app itself demands is added to the rules (`demands`). A
browser that was sent to sign in comes back with the same request, and all of it is judged again.
"""

from dataclasses import dataclass
from datetime import timedelta

from portvakt.core.assurance import Evidence, assurance_of, meets, types_of
from portvakt.core.events import AppConsentAnswered, AppOpened, AppRefused
from portvakt.core.ids import GrantId
from portvakt.core.people import Account
from portvakt.core.relying_parties import OFFLINE_ACCESS, RelyingParty
from portvakt.core.sessions import Session, SessionKind
from portvakt.crypto.digests import lookup_hash
from portvakt.crypto.randomness import Random
from portvakt.crypto.sealing import Mac
from portvakt.journeys.open_app.names import Names
from portvakt.journeys.open_app.oidc.authorize.answering import PostToApp, ToApp, answer_to_app
from portvakt.journeys.open_app.oidc.authorize.arriving import Arriving, Stranger, gone
from portvakt.journeys.open_app.oidc.authorize.asked import Asked, Objection
from portvakt.journeys.open_app.oidc.authorize.checks import NO_APP_NAMED
from portvakt.journeys.open_app.oidc.authorize.consent import (
    AskConsent,
    must_ask,
    remember,
    said_before,
    wanted_of,
)
from portvakt.journeys.open_app.oidc.authorize.freshness import Freshening, Freshness
from portvakt.journeys.open_app.oidc.authorize.handles import HELD, handle_hash
from portvakt.journeys.open_app.oidc.authorize.noting import Noting
from portvakt.journeys.open_app.oidc.authorize.posted import Keeping
from portvakt.journeys.open_app.oidc.authorize.request import ASKED, RESOURCE, AuthorizationRequest
from portvakt.journeys.open_app.oidc.authorize.request_object import OBJECT
from portvakt.journeys.open_app.oidc.errors import ErrorCode, OAuthError, Untrusted
from portvakt.journeys.open_app.oidc.granting import ends_at, granted_scope
from portvakt.journeys.open_app.oidc.places import AUTHORIZE
from portvakt.proving.destination import NEED, Needs
from portvakt.proving.rules import ONLY_HERE, Rules, Verdict, judge
from portvakt.proving.visit import Visit, said
from portvakt.records.grants import AuthorizationCode, Grant
from portvakt.records.unit import Records, Unit

CODE_LIVES = timedelta(seconds=60)
"""OWASP ASVS 10.4.3 (level 3): one minute."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The live session of this request and the person whose it is, read just now."""

    session: Session
    account: Account


@dataclass(frozen=True, slots=True)
class ToSignIn:
    """Send the browser to sign in and back to `to`; `anew` where what was shown is too old."""

    to: str
    anew: bool
    ui_locales: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NotYours:
    """Show that the person is in none of the app's groups."""

    app: RelyingParty


@dataclass(frozen=True, slots=True)
class Blocked:
    """Show that a rule says no, and what the rules that object say."""

    app: RelyingParty
    verdict: Verdict


Outcome = ToApp | PostToApp | ToSignIn | AskConsent | NotYours | Blocked | Untrusted


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorize:
    """The authorization endpoint without HTTP."""

    issuer: str
    records: Records
    rules: Rules
    random: Random
    asked: Mac
    names: Names
    arriving: Arriving
    keeping: Keeping
    noting: Noting

    async def read(self, query: bytes, visit: Visit) -> Asked | Outcome:
        """Judge a request before anybody is looked for. Raises RecordsUnavailable."""
        found = await self.arriving.read(query, visit)
        match found:
            case Stranger(refused, app):
                if refused.message != NO_APP_NAMED:  # that is nobody's, so nobody looks for it
                    await self.noting.refused(refused.rule, refused.error, app, visit)
                return refused
            case Objection():
                noted = await self.noting.refused(found.rule, found.error, found.app, visit)
                error = found.error.under(visit.request_id) if noted else found.error
                return answer_to_app(found.request, found.app, self.issuer, error.parameters())
            case _:
                return found

    async def answer(self, asked: Asked, who: SignedIn | None) -> Outcome:
        """Judge whoever sits there, and answer. Raises RecordsUnavailable."""
        visit = asked.visit
        freshening = Freshening(self.asked, visit.binding, visit.now)
        fresh = freshening.of(asked.sent, asked.request, asked.demands)
        if who is None or who.session.kind is not SessionKind.FULL:
            return await self._ask(asked, fresh, anew=fresh.since is not None)
        configuration = await self.rules.current(visit.now)
        seen = visit.within(who.session).seen
        verdict = judge(
            configuration, who.account, asked.app.client_id, visit.address, visit.now, seen
        )
        return await self._person(asked, fresh, who, verdict)

    async def _person(
        self, asked: Asked, fresh: Freshness, who: SignedIn, verdict: Verdict
    ) -> Outcome:
        """Hold somebody who is signed in against the hint, the app's groups and the rules."""
        app, decision, demands = asked.app, verdict.decision, asked.demands
        subjects = demands.subjects
        if subjects is not None and self.names.subject(who.account.id, app) not in subjects:
            return await self._ask(asked, fresh, anew=True, somebody_else=True)
        if (closed := await self._closed(asked, who, verdict)) is not None:
            return closed
        shown = who.session.evidence
        counted = tuple(each for each in shown if fresh.since is None or each.at >= fresh.since)
        if not meets(counted, decision.requirement, asked.visit.now):
            return await self._ask(asked, fresh, anew=len(counted) < len(shown))
        verdict = verdict.asking(demands.requirement, app)
        if not meets(counted, verdict.decision.requirement, asked.visit.now):
            unmet = ErrorCode.UNMET_AUTHENTICATION_REQUIREMENTS if demands.acr_essential else None
            return await self._ask(asked, fresh, anew=len(counted) < len(shown), unmet=unmet)
        if app.consent and not asked.allowed:
            before = await said_before(self.records, who.account.id, app)
            if asked.allowed is False or must_ask(asked, before):
                return await self._consent(asked, fresh, who)
        return await self._code(asked, who, counted, verdict)

    async def _closed(self, asked: Asked, who: SignedIn, verdict: Verdict) -> Outcome | None:
        """Refuse an app that is not the person's, or that a rule closes to them now."""
        if not asked.app.groups & who.account.groups:
            await self._note_refusal(asked, who, "not_in_groups", verdict)
            return self._denied(asked, NotYours(asked.app))
        if verdict.decision.blocked:
            await self._note_refusal(asked, who, "blocked", verdict)
            return self._denied(asked, Blocked(asked.app, verdict))
        return None

    async def _consent(self, asked: Asked, fresh: Freshness, who: SignedIn) -> Outcome:
        """Ask what the app may be told, or tell the app that the person said no."""
        app, visit = asked.app, asked.visit
        if asked.silent:
            needs = "The person must be asked, and prompt is none."
            return self._refusal(asked, OAuthError(ErrorCode.CONSENT_REQUIRED, needs))
        if asked.allowed is False:
            event = self._answered(asked, who)
            await self.records.write_one(lambda unit: unit.audit.write(event))
            no = OAuthError(ErrorCode.ACCESS_DENIED, "The person said no.")
            return self._refusal(asked, no.under(visit.request_id))
        kept = await self._kept(asked, fresh)
        if kept is None:
            return gone()
        query = kept.without(NEED).query()
        return AskConsent(app, wanted_of(asked), query, self.names.sid(who.session.id, app))

    @staticmethod
    def _answered(asked: Asked, who: SignedIn) -> AppConsentAnswered:
        return AppConsentAnswered(
            **said(asked.visit, who.account.id),
            app=asked.app.client_id,
            scope=wanted_of(asked),
            allowed=asked.allowed is True,
        )

    async def _ask(
        self,
        asked: Asked,
        fresh: Freshness,
        *,
        anew: bool,
        somebody_else: bool = False,
        unmet: ErrorCode | None = None,
    ) -> Outcome:
        """Send the browser to sign in, or say that it would have to be sent."""
        if asked.silent:
            needs = "Signing in, or showing more, takes a page, and prompt is none."
            return self._refusal(asked, OAuthError(unmet or ErrorCode.LOGIN_REQUIRED, needs))
        kept = await self._kept(asked, fresh)
        if kept is None:
            return gone()
        needs = Needs(
            two_factors=asked.demands.requirement.multifactor, somebody_else=somebody_else
        ).text()
        back = kept.without(NEED)
        back = back.with_own(NEED, needs) if needs else back
        hint = asked.request.get("login_hint")
        if hint is not None and kept.get("request_uri") is not None:  # for our own page to read
            back = back.with_own("login_hint", hint)
        return ToSignIn(
            to=f"{AUTHORIZE}?{back.query()}",
            anew=anew,
            ui_locales=asked.request.words("ui_locales"),
        )

    async def _kept(self, asked: Asked, fresh: Freshness) -> AuthorizationRequest | None:
        """Return with what the browser comes back; None where a stored request is gone.

        A stored request is kept for this browser while it signs in, and so is a signed one, which
        may be good for less time than that takes.
        """
        visit, hashed, sent = asked.visit, asked.stored, fresh.sent
        if hashed is None and asked.signed and self.keeping.has_room(visit):
            signed = asked.sent.only({"client_id", OBJECT})
            handle = await self.keeping.keep(signed, asked.app, visit, pushed=False)
            sent = sent.only({"client_id", ASKED}).with_own("request_uri", handle)
            hashed = handle_hash(handle)
        if hashed is None:
            return sent
        held, browser = hashed, visit.binding

        async def act(unit: Unit) -> bool:
            until = visit.now + HELD
            if await unit.stored_requests.hold(held, browser, until, visit.now):
                return True
            kept = await unit.stored_requests.load(held, visit.now)
            return kept is not None and kept.browser == browser

        return sent if await self.records.write(act) else None

    def _denied(self, asked: Asked, page: NotYours | Blocked) -> Outcome:
        """Say no to the person on a page of ours, or to the app where no page may be shown."""
        if not asked.silent:
            return page
        no = OAuthError(ErrorCode.ACCESS_DENIED, "This person may not open the app now.")
        return self._refusal(asked, no.under(asked.visit.request_id))

    async def _code(
        self, asked: Asked, who: SignedIn, counted: tuple[Evidence, ...], verdict: Verdict
    ) -> Outcome:
        """Issue a code, bound to all that it was asked with (RFC 6749 section 4.1.2)."""
        visit, code, hashed = asked.visit, self.random.secret(), asked.stored
        put = self._bound(asked, who, counted, verdict, lookup_hash(code))
        opened = AppOpened(
            at=visit.now,
            account_id=who.account.id,
            request_id=visit.request_id,
            address=visit.address,
            app=asked.app.client_id,
            session_id=who.session.id,
            aal=assurance_of(counted).aal,
            rules=verdict.decision.reasons,
            methods=types_of(counted),
            **verdict.told,
        )

        async def act(unit: Unit) -> bool:
            if hashed is not None and not await unit.stored_requests.spend(
                hashed, visit.binding, visit.now
            ):
                return False
            if asked.app.consent and asked.allowed:
                await remember(unit, who.account.id, asked)
                await unit.audit.write(self._answered(asked, who))
            if not await unit.grants.put_code(put):
                return False  # the session ended while we looked
            await unit.audit.write(opened, verdict.decision.trace)
            return True

        if not await self.records.write(act):
            return gone()
        return answer_to_app(asked.request, asked.app, self.issuer, {"code": code})

    def _bound(
        self,
        asked: Asked,
        who: SignedIn,
        counted: tuple[Evidence, ...],
        verdict: Verdict,
        code_hash: bytes,
    ) -> AuthorizationCode:
        request, app, now = asked.request, asked.app, asked.visit.now
        scope = granted_scope(request.words("scope"), app)
        ends = ends_at(app, scope, who.session, who.account, now)
        grant = Grant(
            id=GrantId(self.random.id()),
            account_id=who.account.id,
            client_id=app.client_id,
            session_id=who.session.id,
            scope=scope,
            evidence=counted,
            created_at=now,
            expires_at=min(ends, now + ONLY_HERE) if verdict.only_here(counted, now) else ends,
            offline=OFFLINE_ACCESS in scope,
            claims=asked.demands.claims.kept(app),
            resources=request.every(RESOURCE),
            circumstances=verdict.circumstances,
        )
        return AuthorizationCode(
            hash=code_hash,
            grant=grant,
            expires_at=now + CODE_LIVES,
            redirect_uri=request.get("redirect_uri") or "",
            code_challenge=request.get("code_challenge"),
            nonce=request.get("nonce"),
            dpop_jkt=request.get("dpop_jkt"),
        )

    async def _note_refusal(self, asked: Asked, who: SignedIn, why: str, verdict: Verdict) -> None:
        visit = asked.visit
        refused = AppRefused(
            at=visit.now,
            account_id=who.account.id,
            request_id=visit.request_id,
            address=visit.address,
            app=asked.app.client_id,
            why=why,
            **verdict.told,
        )
        await self.records.write_one(lambda unit: unit.audit.write(refused, verdict.decision.trace))

    def _refusal(self, asked: Asked, error: OAuthError) -> ToApp | PostToApp:
        return answer_to_app(asked.request, asked.app, self.issuer, error.parameters())
