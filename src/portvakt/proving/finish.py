"""Where every way in ends: read everything once more, then open the session, or say what is next.

The only caller of `records.sessions.open`. Person, methods, evidence and rules are read inside the
act that opens the session, so nothing that ended a second ago still counts (rule R2).
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import assert_never

from portvakt.core.assurance import SIGN_IN, Evidence, assurance_of, meets, merged, types_of
from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.events import (
    FreshProofGiven,
    RegistrationRefused,
    SignInRefused,
    SignInSucceeded,
    StartCodeUsed,
)
from portvakt.core.facts import Facts
from portvakt.core.first_registration import First, first_registration_of
from portvakt.core.ids import AccountId, SessionId
from portvakt.core.messages import MessageId
from portvakt.core.networks import is_shared
from portvakt.core.passes import terms_of, vouched_by
from portvakt.core.policy import TraceLine
from portvakt.core.secret import Secret
from portvakt.core.sessions import Session, SessionKind
from portvakt.core.sign_in import (
    BLOCKED,
    NEEDS_KEY,
    AskAuthenticator,
    AskEnrolment,
    AskNewPassword,
    AskPassword,
    AskPhone,
    AskProofFirst,
    AskSecondProof,
    AskStartCode,
    Finish,
    Refuse,
    SignIn,
    Step,
    next_step,
    vouched_for,
)
from portvakt.core.signals import KnownFrom
from portvakt.core.text_budget import Room
from portvakt.crypto.digests import lookup_hash
from portvakt.crypto.randomness import Random
from portvakt.proving import known_browsers
from portvakt.proving.break_glass import tell_of_use
from portvakt.proving.campaigns import whom_to_ask, with_campaigns
from portvakt.proving.destination import needs_of, way_of
from portvakt.proving.held import held
from portvakt.proving.new_places import tell_of_new_place
from portvakt.proving.notices import Notices
from portvakt.proving.registering import by_rules_of_registering
from portvakt.proving.risk import Risks, risks_of
from portvakt.proving.rules import Verdict, judge
from portvakt.proving.visit import Visit, said
from portvakt.records.configuration import Configuration
from portvakt.records.standing import Standing
from portvakt.records.unit import Unit

GONE = MessageId("sign_in.gone_intro")
NEW_PASSWORD = MessageId("sign_in.new_password_intro")
"""Why a step cannot be taken any more; why nothing opens though everything was shown."""
BROWSER_NOTED = timedelta(days=1)
"""How stale the time of a last sign-in may be, so that not every one writes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A session stands. `secret` goes into the cookie and is kept nowhere."""

    session_id: SessionId
    secret: Secret
    kind: SessionKind
    to: str
    shared: bool
    """Whether it began on a computer that many people share: no mark is left in its browser."""
    known: known_browsers.HandedOut | None = None
    """By what the browser is known from now on, where that is new."""
    asked: AccountId | None = None  # who is to register something (`core.campaigns`)


@dataclass(frozen=True, slots=True)
class Next:
    """It is not over: this is what comes next, and why."""

    step: Step
    state: SignIn
    verdict: Verdict | None
    recognised: known_browsers.Recognised | None = None
    """What the browser brought, where that matters: it counted, or it is a copy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstPolicy:
    """`[registration]` of the settings."""

    first: First
    welcome_days: int


class Finisher:
    """Decides what comes next and opens sessions."""

    def __init__(
        self, *, random: Random, policy: FirstPolicy, notices: Notices, risks: Risks
    ) -> None:
        self._random = random
        self._policy = policy
        self._notices = notices
        self._risks = risks

    def look(
        self, state: SignIn, standing: Standing | None, configuration: Configuration, visit: Visit
    ) -> Next:
        """Ask the core what comes next, from what is stored now. Changes nothing."""
        standing = held(standing, configuration)
        if standing is None:
            return Next(next_step(state, None, None, None, visit.now), state, None)
        verdict = judge(
            configuration,
            standing.account,
            state.app,
            visit.address,
            visit.now,
            visit.beside(risks_of(state.risk)).seen,
            client_kind=way_of(state.to),
        )
        app = None if state.app is None else configuration.app(state.app)
        verdict = verdict.asking(needs_of(state.to).requirement, app)
        authenticators = standing.authenticators
        verdict = self._risks.raise_it(verdict, state, authenticators, visit)
        first = first_registration_of(
            standing.account,
            authenticators,
            first=self._policy.first,
            inside=verdict.inside,
            now=visit.now,
            welcome_days=self._policy.welcome_days,
        )
        step = next_step(
            state,
            standing.account,
            authenticators,
            verdict.decision,
            visit.now,
            first,
            texts_scarce=configuration.texts >= Room.SCARCE,
        )
        step = with_campaigns(step, state, standing, configuration, first, visit.now)
        found = Next(step, state, verdict)
        return _by_rules_of_registering(found, verdict, standing, visit)

    async def see(
        self,
        unit: Unit,
        state: SignIn,
        standing: Standing | None,
        configuration: Configuration,
        visit: Visit,
    ) -> Next:
        """Look as `look` does, and at what the browser is known by where less may be asked then.

        One statement, and none where no rule asks for less. Part of the caller's act.
        """
        at = self.look(state, standing, configuration, visit)
        matters = known_browsers.matter(at.verdict, state, visit)
        if standing is None or isinstance(at.step, Finish) or not matters:
            return at
        found = await known_browsers.recognise(unit, held(standing, configuration), visit)
        if isinstance(found, KnownFrom):
            at = self.look(state, standing, configuration, replace(visit, known=found))
        return replace(at, recognised=found)

    async def conclude(
        self, unit: Unit, at: Next, standing: Standing | None, visit: Visit
    ) -> Opened | Next:
        """Open the session if nothing more is asked. Part of the caller's act.

        `at` is what `look` said, and `standing` was read, in this same act.
        """
        if standing is None or at.verdict is None:
            return at
        state = at.state
        if isinstance(at.recognised, known_browsers.Copied):
            await known_browsers.end_copied(unit, self._notices, standing, at.recognised, visit)
        match at.step:
            case Finish():
                return await self._finish(unit, at, standing, visit)
            case AskEnrolment():
                return await self._register(unit, at, standing, visit)
            case AskSecondProof(options):
                told = RegistrationRefused(**said(visit, state.account_id), options=options)
                await unit.audit.write(told, at.verdict.decision.trace)
            case AskNewPassword():
                await self._refused(unit, at, at.verdict, NEW_PASSWORD, visit)
            case Refuse(why):
                await self._refused(unit, at, at.verdict, why, visit)
            case AskPassword() | AskStartCode() | AskProofFirst() | AskPhone() | AskAuthenticator():
                pass
            case _:
                assert_never(at.step)
        return at

    @staticmethod
    async def _refused(
        unit: Unit, at: Next, verdict: Verdict, why: MessageId, visit: Visit
    ) -> None:
        await unit.audit.write(
            SignInRefused(
                **said(visit, at.state.account_id),
                why=why,
                app=at.state.app,
                rules=verdict.decision.reasons,
                **verdict.told,
            ),
            verdict.decision.trace,
        )

    async def _finish(
        self, unit: Unit, at: Next, standing: Standing, visit: Visit
    ) -> Opened | Next:
        if at.verdict is None:
            return at
        browser = await known_browsers.settle(
            unit, self._random, at.state, at.verdict, at.recognised, standing, visit
        )
        if browser is None:  # it was forgotten while we looked
            return self.look(at.state, standing, at.verdict.configuration, visit)
        if at.state.session_id is not None:
            return await self._strengthen(unit, at, standing, visit, browser)
        return await self._open(unit, at, standing, visit, SessionKind.FULL, browser)

    async def _register(
        self, unit: Unit, at: Next, standing: Standing, visit: Visit
    ) -> Opened | Next:
        """Open a session that reaches the registration pages and nothing else."""
        account = standing.account
        told = said(visit, at.state.account_id)
        for each in at.state.evidence:
            if each.type is AuthenticatorType.START_CODE:
                if not await _burn(unit, standing, each, visit):
                    return self._lost(at)
                if vouched_by(at.state.evidence, standing.authenticators) is None:
                    await unit.audit.write(StartCodeUsed(**told))
        if at.state.session_id is not None:
            # the session that asked gives way, so that one browser never holds two
            await unit.sessions.close(at.state.session_id, account.id, visit.now)
        return await self._open(unit, at, standing, visit, SessionKind.REGISTRATION)

    async def _open(
        self,
        unit: Unit,
        at: Next,
        standing: Standing,
        visit: Visit,
        kind: SessionKind,
        browser: known_browsers.BrowserNow = known_browsers.STRANGE,
    ) -> Opened:
        account, secret = standing.account, self._random.secret()
        session = Session(
            id=SessionId(self._random.id()),
            account_id=account.id,
            kind=kind,
            evidence=at.state.evidence,
            created_at=visit.now,
            seen_at=visit.now,
            resume_to=at.state.to if kind is SessionKind.REGISTRATION else None,
            address=visit.address,
            user_agent=visit.user_agent,
            our_device=visit.our_device,
            risk=() if at.state.risk is None else at.state.risk.findings,
            known=browser.known,
        )
        await unit.sessions.open(session, lookup_hash(secret), visit.browser)
        if kind is SessionKind.FULL:
            if at.verdict is not None:
                been_here = None if at.state.risk is None else at.state.risk.been_here
                await tell_of_new_place(
                    unit, self._notices, standing, at.verdict, visit, been_here=been_here
                )
            await self._note(unit, standing, visit)
        await unit.audit.write(self._succeeded(at, standing, session.id, visit), _trace(at))
        await tell_of_use(unit, self._notices, standing, at.state.evidence, visit)
        asked = whom_to_ask(standing, at.verdict, kind, visit.now)
        return replace(_opened(at, session, secret, browser), asked=asked)

    async def _strengthen(
        self,
        unit: Unit,
        at: Next,
        standing: Standing,
        visit: Visit,
        browser: known_browsers.BrowserNow,
    ) -> Opened | Next:
        """Add the evidence to the session that asked; its secret changes with its strength."""
        mine = await unit.sessions.of(standing.account.id)
        session = next((each for each in mine if each.id == at.state.session_id), None)
        if session is None:
            return self._lost(at)
        secret = self._random.secret()
        grown = replace(
            session,
            evidence=merged(session.evidence, at.state.evidence),
            our_device=visit.our_device or session.our_device,
            known=browser.known or session.known,
            seen_at=visit.now,
            risk=() if at.state.risk is None else at.state.risk.findings,
        )
        if not await unit.sessions.update(grown, lookup_hash(secret), session.version):
            return self._lost(at)
        if at.state.purpose == SIGN_IN:
            await unit.audit.write(self._succeeded(at, standing, session.id, visit), _trace(at))
        else:
            told, shown = said(visit, at.state.account_id), types_of(at.state.evidence)
            await unit.audit.write(FreshProofGiven(**told, session_id=session.id, methods=shown))
        await tell_of_use(unit, self._notices, standing, at.state.evidence, visit)
        return _opened(at, session, secret, browser)

    async def _note(self, unit: Unit, standing: Standing, visit: Visit) -> None:
        """Keep when somebody last signed in, and in which browser; both to the day."""
        last = standing.account.last_sign_in_at
        if last is None or visit.now - last >= BROWSER_NOTED:
            await unit.people.sign_in_noted(standing.account.id, visit.now)
        if visit.browser is not None and not standing.known_browser:
            await unit.browsers.remember(standing.account.id, visit.browser, visit.now)

    def _succeeded(
        self, at: Next, standing: Standing, session_id: SessionId, visit: Visit
    ) -> SignInSucceeded:
        verdict = at.verdict
        return SignInSucceeded(
            **said(visit, at.state.account_id),
            session_id=session_id,
            app=at.state.app,
            methods=types_of(at.state.evidence),
            aal=assurance_of(at.state.evidence).aal,
            rules=() if verdict is None else verdict.decision.reasons,
            networks=() if verdict is None else tuple(sorted(verdict.networks)),
            known_browser=standing.known_browser,
            user_agent=visit.user_agent,
            **(Facts(asked=(), facts=()) if verdict is None else verdict.told),
            our_device="" if visit.our_device is None else visit.our_device.name,
            by_ticket=vouched_for(at.state),
        )

    @staticmethod
    def _lost(at: Next) -> Next:
        """Somebody else was first: another tab, or the session ended meanwhile."""
        return Next(Refuse(GONE), at.state, at.verdict)


async def _burn(unit: Unit, standing: Standing, shown: Evidence, visit: Visit) -> bool:
    """Use up one use of the start code that was shown, if one is left."""
    codes = (each for each in standing.authenticators if each.id == shown.authenticator_id)
    code = next(codes, None)
    if code is None:
        return False
    uses = terms_of(code).uses
    return await unit.authenticators.start_code_burn(code.id, visit.now, uses)


def _by_rules_of_registering(at: Next, verdict: Verdict, standing: Standing, visit: Visit) -> Next:
    """Hold what would open registration against the rules about that, beside those of signing in.

    Nobody is asked for more there: who has not shown enough binds nothing.
    """
    if not isinstance(at.step, AskEnrolment):
        return at
    amiss = visit.beside(risks_of(at.state.risk))
    found = by_rules_of_registering(verdict.configuration, standing.account, amiss)
    if found is None:
        return at
    if found.decision.blocked:
        return Next(Refuse(BLOCKED), at.state, found)
    need = found.decision.requirement
    if meets(at.state.evidence, need, visit.now, since=at.state.created_at):
        return at
    return Next(Refuse(NEEDS_KEY), at.state, found)


def _opened(at: Next, session: Session, secret: str, browser: known_browsers.BrowserNow) -> Opened:
    networks = () if at.verdict is None else at.verdict.configuration.networks
    return Opened(
        session_id=session.id,
        secret=Secret(secret),
        kind=session.kind,
        to=at.state.to,
        shared=is_shared(session.address, networks),
        known=browser.handed_out,
    )


def _trace(at: Next) -> tuple[TraceLine, ...] | None:
    return None if at.verdict is None else at.verdict.decision.trace
