"""One authorization request, from the query to where the browser goes next.

The checks come first, then the person, then the rules as they are now and from where the person is
now: a session that was begun inside with a password alone is asked for more before it opens its
next app outside (A070). Nothing is remembered between two visits; a browser that was sent to sign
in comes back with the same request, and all of it is judged again.
"""

from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

import structlog

from portvakt.core.assurance import Evidence, assurance_of, meets
from portvakt.core.events import AppOpened, AppRefused
from portvakt.core.ids import GrantId
from portvakt.core.people import Account
from portvakt.core.relying_parties import OFFLINE_ACCESS, RelyingParty
from portvakt.core.sessions import Session, SessionKind
from portvakt.crypto.digests import lookup_hash
from portvakt.crypto.randomness import Random
from portvakt.crypto.sealing import Mac
from portvakt.journeys.open_app.oidc.checks import (
    check_client,
    check_redirect_uri,
    check_state,
    first_objection,
)
from portvakt.journeys.open_app.oidc.discovery import AUTHORIZE
from portvakt.journeys.open_app.oidc.errors import ErrorCode, OAuthError, Untrusted
from portvakt.journeys.open_app.oidc.freshness import Freshness, freshness
from portvakt.journeys.open_app.oidc.granting import ends_at, granted_scope
from portvakt.journeys.open_app.oidc.request import RESOURCE, AuthorizationRequest
from portvakt.proving.rules import Rules, Verdict, judge
from portvakt.proving.visit import Visit
from portvakt.records.grants import AuthorizationCode, Grant
from portvakt.records.unit import Records, Unit

CODE_LIVES = timedelta(seconds=60)
"""OWASP ASVS 10.4.3 (level 3): one minute."""

_log = structlog.get_logger("portvakt.open_app")


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The live session of this request and the person whose it is, read just now."""

    session: Session
    account: Account


@dataclass(frozen=True, slots=True)
class ToApp:
    """Send the browser to the app, with a code or with an error."""

    location: str


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


Outcome = ToApp | ToSignIn | NotYours | Blocked | Untrusted


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request that has passed every check, and everything it is judged by."""

    request: AuthorizationRequest
    app: RelyingParty
    visit: Visit

    @property
    def silent(self) -> bool:
        """Whether nothing may be shown (`prompt=none`, OpenID Connect Core section 3.1.2.1)."""
        return "none" in self.request.words("prompt")


class Authorize:
    """The authorization endpoint without HTTP."""

    def __init__(
        self, *, issuer: str, records: Records, rules: Rules, random: Random, asked: Mac
    ) -> None:
        self._issuer = issuer
        self._records = records
        self._rules = rules
        self._random = random
        self._asked = asked

    async def answer(self, query: bytes, who: SignedIn | None, visit: Visit) -> Outcome:
        """Judge a request. Raises RecordsUnavailable."""
        request = AuthorizationRequest.parse(query)
        if isinstance(request, OAuthError):
            return _untrusted(Untrusted.unreadable(request), None)
        configuration = await self._rules.current(visit.now)
        app = check_client(request, configuration.by_client_id)
        if isinstance(app, Untrusted):
            return _untrusted(app, None)
        if (stranger := check_redirect_uri(request, app)) is not None:
            return _untrusted(stranger, app)
        asked = _Asked(request, app, visit)
        if (objection := first_objection(request, app)) is not None:
            rule, error = objection
            _log.info("authorize_refused", app=app.client_id, rule=rule, error=error.code)
            return self._refusal(asked, error)
        fresh = freshness(self._asked, request, visit.binding, visit.now)
        if who is None or who.session.kind is not SessionKind.FULL:
            return self._ask(asked, fresh)
        verdict = judge(configuration, who.account, app.client_id, visit.address, visit.now)
        return await self._person(asked, fresh, who, verdict)

    async def _person(
        self, asked: _Asked, fresh: Freshness, who: SignedIn, verdict: Verdict
    ) -> Outcome:
        """Hold somebody who is signed in against the app's groups and the rules."""
        app, decision = asked.app, verdict.decision
        if not app.groups & who.account.groups:
            await self._note_refusal(asked, who, "not_in_groups", verdict)
            return self._denied(asked, NotYours(app))
        if decision.blocked:
            await self._note_refusal(asked, who, "blocked", verdict)
            return self._denied(asked, Blocked(app, verdict))
        counted = tuple(
            each for each in who.session.evidence if fresh.since is None or each.at >= fresh.since
        )
        if not meets(counted, decision.requirement, asked.visit.now):
            return self._ask(asked, fresh)
        return await self._code(asked, who, counted, verdict)

    def _ask(self, asked: _Asked, fresh: Freshness) -> Outcome:
        """Send the browser to sign in, or say that it would have to be sent."""
        if asked.silent:
            needs = "Signing in, or showing more, takes a page, and prompt is none."
            return self._refusal(asked, OAuthError(ErrorCode.LOGIN_REQUIRED, needs))
        return ToSignIn(
            to=f"{AUTHORIZE}?{fresh.request.query()}",
            anew=fresh.since is not None,
            ui_locales=asked.request.words("ui_locales"),
        )

    def _denied(self, asked: _Asked, page: NotYours | Blocked) -> Outcome:
        """Say no to the person on a page of ours, or to the app where no page may be shown."""
        if not asked.silent:
            return page
        return self._refusal(
            asked, OAuthError(ErrorCode.ACCESS_DENIED, "This person may not open the app now.")
        )

    async def _code(
        self, asked: _Asked, who: SignedIn, counted: tuple[Evidence, ...], verdict: Verdict
    ) -> ToApp:
        """Issue a code, bound to all that it was asked with (RFC 6749 section 4.1.2)."""
        request, visit, code = asked.request, asked.visit, self._random.secret()
        scope = granted_scope(request.words("scope"), asked.app)
        grant = Grant(
            id=GrantId(self._random.id()),
            account_id=who.account.id,
            client_id=asked.app.client_id,
            session_id=who.session.id,
            scope=scope,
            evidence=counted,
            created_at=visit.now,
            expires_at=ends_at(asked.app, scope, who.session, who.account, visit.now),
            offline=OFFLINE_ACCESS in scope,
            resources=request.every(RESOURCE),
        )
        put = AuthorizationCode(
            hash=lookup_hash(code),
            grant=grant,
            expires_at=visit.now + CODE_LIVES,
            redirect_uri=request.get("redirect_uri") or "",
            code_challenge=request.get("code_challenge"),
            nonce=request.get("nonce"),
        )
        opened = AppOpened(
            at=visit.now,
            account_id=who.account.id,
            request_id=visit.request_id,
            address=visit.address,
            app=asked.app.client_id,
            session_id=who.session.id,
            aal=assurance_of(counted).aal,
            rules=verdict.decision.reasons,
        )

        async def act(unit: Unit) -> None:
            await unit.grants.put_code(put)
            await unit.audit.write(opened, verdict.decision.trace)

        await self._records.write(act)
        return self._to_app(asked, {"code": code})

    async def _note_refusal(self, asked: _Asked, who: SignedIn, why: str, verdict: Verdict) -> None:
        visit = asked.visit
        refused = AppRefused(
            at=visit.now,
            account_id=who.account.id,
            request_id=visit.request_id,
            address=visit.address,
            app=asked.app.client_id,
            why=why,
        )
        await self._records.write_one(
            lambda unit: unit.audit.write(refused, verdict.decision.trace)
        )

    def _refusal(self, asked: _Asked, error: OAuthError) -> ToApp:
        return self._to_app(asked, error.parameters())

    def _to_app(self, asked: _Asked, answer: dict[str, str]) -> ToApp:
        """Add the answer to the registered address, with `state` and `iss` (RFC 9207)."""
        request = asked.request
        state = request.get("state")
        fit = check_state(request, asked.app) is None and "state" not in request.repeated()
        if state is not None and fit:
            answer = answer | {"state": state}
        answer = answer | {"iss": self._issuer}
        address = request.get("redirect_uri") or ""
        joint = "&" if "?" in address else "?"
        return ToApp(f"{address}{joint}{urlencode(answer)}")


def _untrusted(refused: Untrusted, app: RelyingParty | None) -> Untrusted:
    _log.warning(
        "authorize_untrusted",
        app=None if app is None else app.client_id,
        why=refused.message,
        error=refused.error.description,
    )
    return refused
