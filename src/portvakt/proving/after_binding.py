"""What a session gains when its person has bound a method: the proof that was just given."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from portvakt.core.assurance import Evidence, assurance_of, types_of
from portvakt.core.enrolment import for_registration
from portvakt.core.events import SignInSucceeded
from portvakt.core.ids import SessionId
from portvakt.core.networks import is_shared
from portvakt.core.secret import Secret
from portvakt.core.sessions import Session, SessionKind
from portvakt.crypto.digests import lookup_hash
from portvakt.crypto.randomness import Random
from portvakt.proving.finish import BROWSER_NOTED, Opened
from portvakt.proving.rules import judge
from portvakt.proving.visit import Visit
from portvakt.records.configuration import Configuration
from portvakt.records.standing import Standing
from portvakt.records.unit import Unit


class SessionLostError(Exception):
    """The session ended or changed while its person was binding; the act must be undone."""


@dataclass(frozen=True, slots=True)
class Grown:
    """A session as it is from now on, and what its browser is to be given."""

    session: Session
    opened: Opened


@dataclass(frozen=True, slots=True, kw_only=True)
class Strengthener:
    """Writes sessions that have grown. Finishing a sign-in is `finish`'s."""

    random: Random

    async def grow(
        self,
        unit: Unit,
        session_id: SessionId,
        shown: Evidence,
        standing: Standing,
        configuration: Configuration,
        visit: Visit,
    ) -> Grown:
        """Add what was shown to a session and make it a full one. Part of the caller's act.

        A registration session was opened in order to bind a method, so what it was opened with goes
        on counting for that: the next step of the same sitting asks for nothing again. The secret
        changes with the strength, so a cookie that was planted before is worth nothing after.

        Raises `SessionLostError`.
        """
        mine = await unit.sessions.of(standing.account.id)
        session = next((each for each in mine if each.id == session_id), None)
        if session is None:
            raise SessionLostError
        registering = session.kind is SessionKind.REGISTRATION
        before = for_registration(session.evidence) if registering else session.evidence
        grown = replace(
            session,
            kind=SessionKind.FULL,
            evidence=(*_without(before, shown), shown),
            seen_at=visit.now,
        )
        shared = is_shared(session.address, configuration.networks)
        secret = self.random.secret()
        if not await unit.sessions.update(grown, lookup_hash(secret), session.version):
            raise SessionLostError
        if registering:
            await _note(unit, standing, visit, shared=shared)
        await unit.audit.write(_succeeded(grown, standing, configuration, visit))
        opened = Opened(
            session_id=session.id,
            secret=Secret(secret),
            kind=SessionKind.FULL,
            to=session.resume_to or "",
            shared=shared,
        )
        return Grown(grown, opened)


def _without(evidence: Iterable[Evidence], shown: Evidence) -> tuple[Evidence, ...]:
    return tuple(
        each
        for each in evidence
        if (each.authenticator_id, each.purpose) != (shown.authenticator_id, shown.purpose)
    )


async def _note(unit: Unit, standing: Standing, visit: Visit, *, shared: bool) -> None:
    """Keep that somebody signed in, and in which browser, as for every full session.

    A computer that many people share is known to nobody, wherever it is carried meanwhile.
    """
    last = standing.account.last_sign_in_at
    if last is None or visit.now - last >= BROWSER_NOTED:
        await unit.people.sign_in_noted(standing.account.id, visit.now)
    if visit.browser is not None and not shared and not standing.known_browser:
        await unit.browsers.remember(standing.account.id, visit.browser, visit.now)


def _succeeded(
    session: Session, standing: Standing, configuration: Configuration, visit: Visit
) -> SignInSucceeded:
    account, at = standing.account, visit.address
    verdict = judge(configuration, account, None, at, visit.now, visit.seen)
    return SignInSucceeded(
        at=visit.now,
        account_id=standing.account.id,
        request_id=visit.request_id,
        address=visit.address,
        session_id=session.id,
        app=None,
        methods=types_of(session.evidence),
        aal=assurance_of(session.evidence).aal,
        rules=verdict.decision.reasons,
        networks=tuple(sorted(verdict.networks)),
        known_browser=standing.known_browser,
        user_agent=visit.user_agent,
        **verdict.told,
        our_device="" if visit.our_device is None else visit.our_device.name,
    )
