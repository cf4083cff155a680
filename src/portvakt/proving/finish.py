"""Where every way in ends: read everything once more, then open the session, or say what is next.

The only caller of `records.sessions.open`. Person, methods, evidence and rules are read inside the
act that opens the session, so nothing that ended a second ago still counts (rule R2).
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import assert_never

from portvakt.core.assurance import SIGN_IN, Evidence, assurance_of
from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.events import (
    FreshProofGiven,
    RegistrationRefused,
    SignInRefused,
    SignInSucceeded,
    StartCodeUsed,
)
from portvakt.core.first_registration import First, first_registration_of
from portvakt.core.ids import SessionId
from portvakt.core.messages import MessageId
from portvakt.core.networks import is_shared
from portvakt.core.policy import TraceLine
from portvakt.core.secret import Secret
from portvakt.core.sessions import Session, SessionKind
from portvakt.core.sign_in import (
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
)
from portvakt.core.text_budget import Room
from portvakt.crypto.digests import lookup_hash
from portvakt.crypto.randomness import Random
from portvakt.proving.destination import needs_of
from portvakt.proving.new_places import tell_of_new_place
from portvakt.proving.notices import Notices
from portvakt.proving.rules import Verdict, judge
from portvakt.proving.visit import Visit, said
from portvakt.records.configuration import Configuration
from portvakt.records.standing import Standing
from portvakt.records.unit import Unit

GONE = MessageId("sign_in.gone_intro")
"""Why a step cannot be taken any more: somebody was first, or the session ended."""
NEW_PASSWORD = MessageId("sign_in.new_password_intro")
"""Why nothing opens though everything was shown."""
BROWSER_NOTED = timedelta(days=1)
"""How stale the time of somebody's last sign-in may be, so that not every one writes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A session stands. `secret` goes into the cookie and is kept nowhere."""

    session_id: SessionId
    secret: Secret
    kind: SessionKind
    to: str
    shared: bool
    """Whether it began on a computer that many people share: no mark is left in its browser."""


@dataclass(frozen=True, slots=True)
class Next:
    """It is not over: this is what comes next, and why."""

    step: Step
    state: SignIn
    verdict: Verdict | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstPolicy:
    """`[registration]` of the settings."""

    first: First
    welcome_days: int


class Finisher:
    """Decides what comes next and opens sessions."""

    def __init__(self, *, random: Random, policy: FirstPolicy, notices: Notices) -> None:
        self._random = random
        self._policy = policy
        self._notices = notices

    def look(
        self, state: SignIn, standing: Standing | None, configuration: Configuration, visit: Visit
    ) -> Next:
        """Ask the core what comes next, from what is stored now. Changes nothing."""
        if standing is None:
            return Next(next_step(state, None, None, None, visit.now), state, None)
        verdict = judge(configuration, standing.account, state.app, visit.address, visit.now)
        app = None if state.app is None else configuration.app(state.app)
        verdict = verdict.asking(needs_of(state.to).requirement, app)
        authenticators = tuple(each.authenticator for each in standing.bound)
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
        return Next(step, state, verdict)

    async def conclude(
        self, unit: Unit, at: Next, standing: Standing | None, visit: Visit
    ) -> Opened | Next:
        """Open the session if nothing more is asked. Part of the caller's act.

        `at` is what `look` said, and `standing` was read, in this same act.
        """
        if standing is None or at.verdict is None:
            return at
        state = at.state
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
            ),
            verdict.decision.trace,
        )

    async def _finish(
        self, unit: Unit, at: Next, standing: Standing, visit: Visit
    ) -> Opened | Next:
        if at.state.session_id is not None:
            return await self._strengthen(unit, at, standing, visit)
        return await self._open(unit, at, standing, visit, SessionKind.FULL)

    async def _register(
        self, unit: Unit, at: Next, standing: Standing, visit: Visit
    ) -> Opened | Next:
        """Open a session that reaches the registration pages and nothing else."""
        account = standing.account
        told = said(visit, at.state.account_id)
        for each in at.state.evidence:
            if each.type is AuthenticatorType.START_CODE:
                if not await unit.authenticators.start_code_burn(each.authenticator_id, visit.now):
                    return self._lost(at)
                await unit.audit.write(StartCodeUsed(**told))
        if at.state.session_id is not None:
            # the session that asked gives way, so that one browser never holds two
            await unit.sessions.close(at.state.session_id, account.id, visit.now)
        return await self._open(unit, at, standing, visit, SessionKind.REGISTRATION)

    async def _open(
        self, unit: Unit, at: Next, standing: Standing, visit: Visit, kind: SessionKind
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
        )
        await unit.sessions.open(session, lookup_hash(secret), visit.browser)
        if kind is SessionKind.FULL:
            if at.verdict is not None:
                await tell_of_new_place(unit, self._notices, standing, at.verdict, visit)
            await self._note(unit, standing, visit)
        await unit.audit.write(self._succeeded(at, standing, session.id, visit), _trace(at))
        return _opened(at, session, secret)

    async def _strengthen(
        self, unit: Unit, at: Next, standing: Standing, visit: Visit
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
            seen_at=visit.now,
        )
        if not await unit.sessions.update(grown, lookup_hash(secret), session.version):
            return self._lost(at)
        if at.state.purpose == SIGN_IN:
            event = self._succeeded(at, standing, session.id, visit)
            await unit.audit.write(event, _trace(at))
        else:
            told = said(visit, at.state.account_id)
            methods = _methods(at.state)
            await unit.audit.write(FreshProofGiven(**told, session_id=session.id, methods=methods))
        return _opened(at, session, secret)

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
            methods=_methods(at.state),
            aal=assurance_of(at.state.evidence).aal,
            rules=() if verdict is None else verdict.decision.reasons,
            networks=() if verdict is None else tuple(sorted(verdict.networks)),
            known_browser=standing.known_browser,
            user_agent=visit.user_agent,
        )

    @staticmethod
    def _lost(at: Next) -> Next:
        """Somebody else was first: another tab, or the session ended meanwhile."""
        return Next(Refuse(GONE), at.state, at.verdict)


def _opened(at: Next, session: Session, secret: str) -> Opened:
    networks = () if at.verdict is None else at.verdict.configuration.networks
    return Opened(
        session_id=session.id,
        secret=Secret(secret),
        kind=session.kind,
        to=at.state.to,
        shared=is_shared(session.address, networks),
    )


def _methods(state: SignIn) -> tuple[AuthenticatorType, ...]:
    return tuple(dict.fromkeys(each.type for each in state.evidence))


def _trace(at: Next) -> tuple[TraceLine, ...] | None:
    return None if at.verdict is None else at.verdict.decision.trace


def merged(old: tuple[Evidence, ...], new: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
    """Put new evidence beside old; of the same authenticator and purpose the newest stays."""
    kept = {(each.authenticator_id, each.purpose): each for each in (*old, *new)}
    return tuple(kept.values())
