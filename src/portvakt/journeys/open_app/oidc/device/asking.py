"""Somebody types the code that a device shows, sees what it asks, and says yes or no.

Nothing is let in by typing: the page after it says which app asks, from where and for what, and
takes an answer (RFC 8628 section 5.4). The rules are those of the app, for this person, from where
the person is now (R29); and whoever answers has shown two factors just now.
"""

from dataclasses import dataclass
from datetime import datetime

from portvakt.core.assurance import Evidence, Requirement, assurance_of, counting, meets
from portvakt.core.device_grant import CAREFUL, DeviceState, normalised
from portvakt.core.events import AppRefused, DeviceAllowed, DeviceCodesGuessed, DeviceDenied
from portvakt.core.ids import GrantId
from portvakt.core.policy import networks_of
from portvakt.core.relying_parties import DEVICE_CODE, OFFLINE_ACCESS, RelyingParty
from portvakt.core.signals import ClientKind
from portvakt.core.throttle import LIMITS, Familiarity, Kind
from portvakt.crypto.randomness import Random
from portvakt.crypto.user_codes import UserCodes
from portvakt.journeys.open_app.oidc.authorize.flow import Blocked, NotYours, SignedIn
from portvakt.journeys.open_app.oidc.granting import ends_at
from portvakt.journeys.open_app.oidc.token.claims import ACCESS_TOKEN_LIVES
from portvakt.proving.addresses import Key, address_subject
from portvakt.proving.destination import asks_itself
from portvakt.proving.rules import ONLY_HERE, Rules, Verdict, judge
from portvakt.proving.visit import Visit, said
from portvakt.records.configuration import Configuration
from portvakt.records.device_requests import DeviceRequest
from portvakt.records.grants import AuthorizationCode, Grant
from portvakt.records.unit import Records, Unit


@dataclass(frozen=True, slots=True)
class NoSuchCode:
    """No device waits with this code: it was typed wrong, answered before, or is too old."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """Too many codes were wrong; none is looked at until then."""

    until: datetime


@dataclass(frozen=True, slots=True)
class NeedsMore:
    """The person must show more, or again, before a device is let in."""

    anew: bool
    """Whether it was shown, but too long ago for the app's entry."""


@dataclass(frozen=True, slots=True)
class Asking:
    """The person is to say whether this app, which asked from there, gets in as them."""

    app: RelyingParty
    request: DeviceRequest
    network: str | None
    """The named network that it asked from; None where that is none of the organisation's."""
    near: bool
    """Whether it asked from the address or the network that the person is at."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What the person has said is kept."""

    app: RelyingParty
    allowed: bool


Outcome = NoSuchCode | Stopped | NeedsMore | NotYours | Blocked | Asking | Answered


@dataclass(frozen=True, slots=True)
class _Found:
    """An asking that waits, and the app it is of, which may still ask like this."""

    request: DeviceRequest
    app: RelyingParty


@dataclass(frozen=True, slots=True)
class DeviceAsking:
    """The pages where codes are typed, without HTTP."""

    records: Records
    rules: Rules
    codes: UserCodes
    random: Random

    @staticmethod
    def enough(who: SignedIn, now: datetime) -> bool:
        """Say whether somebody has shown enough to type a code at all."""
        return meets(who.session.evidence, CAREFUL, now)

    async def look(self, typed: str, who: SignedIn, visit: Visit) -> Outcome:
        """Say what a code asks for. Nothing is let in, nor turned away."""
        configuration = await self.rules.current(visit.now)
        found = await self._find(typed, configuration, who, visit)
        if not isinstance(found, _Found):
            return found
        judged = await self._judged(found, configuration, who, visit)
        return _asking(found, configuration, visit) if isinstance(judged, Verdict) else judged

    async def allow(self, typed: str, who: SignedIn, visit: Visit) -> Outcome:
        """Let the device in that shows this code, once."""
        configuration = await self.rules.current(visit.now)
        found = await self._find(typed, configuration, who, visit)
        if not isinstance(found, _Found):
            return found
        judged = await self._judged(found, configuration, who, visit)
        if not isinstance(judged, Verdict):
            return judged
        code = self._code(found, who, judged, visit)
        event = DeviceAllowed(
            **said(visit, who.account.id),
            app=found.app.client_id,
            session_id=who.session.id,
            aal=assurance_of(code.grant.evidence).aal,
            asked_from=found.request.address,
            rules=judged.decision.reasons,
        )

        async def act(unit: Unit) -> Outcome:
            asked, now = found.request.device_hash, visit.now
            if not await unit.device_requests.decide(asked, DeviceState.ALLOWED, now):
                return NoSuchCode()
            if not await unit.grants.put_code(code):
                return NoSuchCode()  # the session ended while we looked: nobody is let in
            await unit.audit.write(event, judged.decision.trace)
            return Answered(found.app, allowed=True)

        return await self.records.write(act)

    async def deny(self, typed: str, who: SignedIn, visit: Visit) -> Outcome:
        """Turn the device away that shows this code; for that nobody needs to be let into it."""
        found = await self._find(typed, await self.rules.current(visit.now), who, visit)
        if not isinstance(found, _Found):
            return found
        event = DeviceDenied(
            **said(visit, who.account.id),
            app=found.app.client_id,
            asked_from=found.request.address,
        )

        async def act(unit: Unit) -> Outcome:
            asked, now = found.request.device_hash, visit.now
            if not await unit.device_requests.decide(asked, DeviceState.DENIED, now):
                return NoSuchCode()
            await unit.audit.write(event)
            return Answered(found.app, allowed=False)

        return await self.records.write(act)

    async def _find(
        self, typed: str, configuration: Configuration, who: SignedIn, visit: Visit
    ) -> _Found | NoSuchCode | Stopped:
        """Count the try, then look; a right code gives its try back (RFC 8628 section 5.1)."""
        code = normalised(typed)
        if code is None:  # not even written as one, so nothing was guessed
            return NoSuchCode()
        keys = _keys(who, visit)

        async def act(unit: Unit) -> DeviceRequest | NoSuchCode | Stopped:
            counts = [await unit.attempts.count(*key, LIMITS[key[1]], visit.now) for key in keys]
            refused = [each.stopped_until for each in counts if not each.allowed]
            if refused:
                return Stopped(max(each or visit.now for each in refused))
            found = await unit.device_requests.find(self.codes.hashes(code), visit.now)
            if found is not None:
                await unit.attempts.give_back(keys, visit.now)
                return found
            if counts[0].stopped_until is not None:
                event = DeviceCodesGuessed(**said(visit, who.account.id), tries=counts[0].run)
                await unit.audit.write(event)
            return NoSuchCode()

        found = await self.records.write(act)
        if not isinstance(found, DeviceRequest):
            return found
        app = configuration.app(found.client_id)
        if app is None or DEVICE_CODE not in app.grant_types:
            return NoSuchCode()
        return _Found(found, app)

    async def _judged(
        self, found: _Found, configuration: Configuration, who: SignedIn, visit: Visit
    ) -> Verdict | NotYours | Blocked | NeedsMore:
        """Hold the person against the app's groups, the rules and what the app's entry asks for."""
        app = found.app
        verdict = judge(
            configuration,
            who.account,
            app.client_id,
            visit.address,
            visit.now,
            visit.within(who.session).seen,
            client_kind=ClientKind.DEVICE,
        )
        if not app.groups & who.account.groups:
            await self._note_refusal(app, who, "not_in_groups", verdict, visit)
            return NotYours(app)
        if verdict.decision.blocked:
            await self._note_refusal(app, who, "blocked", verdict, visit)
            return Blocked(app, verdict)
        entry = Requirement(multifactor=asks_itself(app).multifactor)
        verdict = verdict.asking(entry, app)
        counted = _counted(found, who, visit.now)
        if meets(counted, verdict.decision.requirement + CAREFUL, visit.now):
            return verdict
        return NeedsMore(anew=len(counted) < len(_fresh(who, visit.now)))

    async def _note_refusal(
        self, app: RelyingParty, who: SignedIn, why: str, verdict: Verdict, visit: Visit
    ) -> None:
        refused = AppRefused(
            **said(visit, who.account.id), app=app.client_id, why=why, **verdict.told
        )
        await self.records.write_one(lambda unit: unit.audit.write(refused, verdict.decision.trace))

    def _code(
        self, found: _Found, who: SignedIn, verdict: Verdict, visit: Visit
    ) -> AuthorizationCode:
        """Make the grant that the device's code will fetch; it stands until then at least."""
        request, app = found.request, found.app
        ends = ends_at(app, request.scope, who.session, who.account, visit.now)
        evidence = _counted(found, who, visit.now)
        if verdict.only_here(evidence, visit.now):
            ends = min(ends, visit.now + ONLY_HERE)
        grant = Grant(
            id=GrantId(self.random.id()),
            account_id=who.account.id,
            client_id=app.client_id,
            session_id=who.session.id,
            scope=request.scope,
            evidence=evidence,
            created_at=visit.now,
            expires_at=max(ends, request.expires_at + ACCESS_TOKEN_LIVES),
            offline=OFFLINE_ACCESS in request.scope,
            circumstances=verdict.circumstances,
        )
        return AuthorizationCode(
            hash=request.device_hash,
            grant=grant,
            expires_at=request.expires_at,
            redirect_uri="",
            code_challenge=None,
            nonce=None,
        )


def _fresh(who: SignedIn, now: datetime) -> tuple[Evidence, ...]:
    """Pick what the page counts: nothing that is older than it allows."""
    return counting(who.session.evidence, Requirement(max_age=CAREFUL.max_age), now)


def _counted(found: _Found, who: SignedIn, now: datetime) -> tuple[Evidence, ...]:
    """Pick of that what is young enough for the app's entry (`default_max_age`).

    What was shown since the device asked is young enough, as when an app is opened: else an age of
    nought could not be met at all (OpenID Connect Core section 3.1.2.1).
    """
    age = Requirement(max_age=asks_itself(found.app).max_age)
    return counting(_fresh(who, now), age, now, since=found.request.asked_at)


def _keys(who: SignedIn, visit: Visit) -> tuple[Key, ...]:
    """Return what a try is counted by: the person, the address, and the browser."""
    return (
        (who.account.id, Kind.DEVICE_CODE, Familiarity.ANY),
        (address_subject(visit.address), Kind.DEVICE_PLACE, Familiarity.ANY),
        (f"browser:{visit.binding.hex()}", Kind.DEVICE_PLACE, Familiarity.ANY),
    )


def _asking(found: _Found, configuration: Configuration, visit: Visit) -> Asking:
    request, networks = found.request, configuration.networks
    theirs = networks_of(request.address, networks)
    same = address_subject(request.address) == address_subject(visit.address)
    near = request.address is not None and same
    names = [each.name for each in networks if each.id in theirs]
    return Asking(
        app=found.app,
        request=request,
        network=names[0] if names else None,
        near=near or bool(theirs & networks_of(visit.address, networks)),
    )
