"""A refresh token in, another one and new tokens out: RFC 6749 section 6, RFC 9700 section 4.14.2.

Each token counts once, in one statement. Whoever brings one that was used before has it from
somebody else, or somebody else has theirs: all that came of the sign-in ends, the app asks the
person again, and the person is told. There is no time of grace in which it would not (A100).
"""

from dataclasses import dataclass

from portvakt.core.assurance import meets, still_bound
from portvakt.core.events import AppRefused, RefreshTokenReused
from portvakt.core.ids import GrantId
from portvakt.core.people import Account
from portvakt.core.relying_parties import RelyingParty
from portvakt.crypto.families import Member
from portvakt.journeys.open_app.oidc.calls import Call, Sent
from portvakt.journeys.open_app.oidc.errors import ErrorCode, OAuthError
from portvakt.journeys.open_app.oidc.resources import audience_of
from portvakt.journeys.open_app.oidc.token.issuing import Issuer
from portvakt.journeys.open_app.oidc.token.refresh_token import held_by
from portvakt.mail import Notice, What, Where
from portvakt.proving.held import held
from portvakt.proving.notices import Notices
from portvakt.proving.our_devices import NO_DEVICES, KnownDevices, OurDevices
from portvakt.proving.rules import AsOfNow, Rules, judge_later
from portvakt.records.configuration import Configuration
from portvakt.records.grants import Grant
from portvakt.records.refreshing import AnothersKey, UsedBefore
from portvakt.records.standing import Standing
from portvakt.records.unit import Records, Unit


@dataclass(frozen=True, slots=True)
class RefreshGrant:
    """`grant_type=refresh_token`."""

    records: Records
    issuer: Issuer
    notices: Notices
    rules: Rules
    devices: OurDevices | None = None
    """What knows our own devices. The one that the app was opened on is asked for again."""

    async def answer(
        self, app: RelyingParty, sent: Sent, call: Call
    ) -> dict[str, object] | OAuthError:
        """Return the members of the answer (OpenID Connect Core section 12.2), or why not."""
        text = sent.get("refresh_token") or ""
        if not text:
            return OAuthError(ErrorCode.INVALID_REQUEST, "refresh_token is required.")
        brought = Member.read(text)
        if brought is None:
            return _no_grant()
        token, new_hash = brought.next(self.issuer.random)
        asked, resource = sent.get("scope") or "", sent.every("resource")
        configuration = await self.rules.current(call.now)
        known = NO_DEVICES if self.devices is None else await self.devices.known(call.now)

        async def act(unit: Unit) -> tuple[Grant, Account] | OAuthError:
            if asked or resource:
                wrong = await self._too_much(unit, app, brought, sent, call)
                if wrong is not None:
                    return wrong
            found = await self._rotated(unit, app, brought, new_hash, call)
            if isinstance(found, OAuthError):
                return found
            return await self._judged(unit, app, found, configuration, known, call)

        await self.issuer.ready(app, call)
        found = await self.records.write(act)
        if isinstance(found, OAuthError):
            return found
        grant, account = found
        wanted = set(asked.split()) if asked else set(grant.scope)
        scope = tuple(each for each in grant.scope if each in wanted and each in app.scope)
        audience = audience_of(app, grant.resources, resource)
        if isinstance(audience, OAuthError):
            return audience
        answer = await self.issuer.tokens(app, grant, account, call, scope=scope, audience=audience)
        return answer | {"refresh_token": token}

    @staticmethod
    async def _too_much(
        unit: Unit, app: RelyingParty, brought: Member, sent: Sent, call: Call
    ) -> OAuthError | None:
        """Hold scope and resource against the grant's (RFC 6749 section 6, RFC 8707 section 2.2).

        That is done before the token is used up. One that does not count is for `_rotated`.
        """
        id_ = await unit.refresh_tokens.look(brought.family_hash, brought.own_hash)
        standing = None if id_ is None else await unit.grants.load(id_, call.now)
        if standing is None:
            return None
        if not set((sent.get("scope") or "").split()) <= set(standing[0].scope):
            needs = "scope may hold only what was granted at first."
            return OAuthError(ErrorCode.INVALID_SCOPE, needs)
        audience = audience_of(app, standing[0].resources, sent.every("resource"))
        return audience if isinstance(audience, OAuthError) else None

    async def _rotated(
        self, unit: Unit, app: RelyingParty, brought: Member, new_hash: bytes, call: Call
    ) -> tuple[Grant, Standing] | OAuthError:
        """Use the token up, then hold it against the app and the person as they are now."""
        found = await unit.refresh_tokens.rotate(
            brought.family_hash, brought.own_hash, new_hash, call.now, held_by(app, call)
        )
        if found is None or isinstance(found, AnothersKey):
            return _no_grant()  # without its key the token is of no use, and nothing is lost
        if isinstance(found, UsedBefore):
            await self._end(unit, app, found.grant_id, call)
            return _no_grant()
        standing = await unit.grants.load_with_bound(found.grant_id, call.now)
        if standing is None:
            return _no_grant()
        grant, account = standing[0], standing[1].account
        if grant.client_id != app.client_id:  # it has been in wrong hands
            await self._end(unit, app, grant.id, call)
            return _no_grant()
        if not account.usable or not app.groups & account.groups:
            await unit.grants.revoke(grant.id, call.now)
            return _no_grant()
        return standing

    async def _judged(
        self,
        unit: Unit,
        app: RelyingParty,
        found: tuple[Grant, Standing],
        configuration: Configuration,
        known: KnownDevices,
        call: Call,
    ) -> tuple[Grant, Account] | OAuthError:
        """Hold what the person showed against the rules as they are now (rule R27).

        What was shown with a method that is gone or withdrawn counts no more (rule R2), nor does a
        device that is not ours any longer, nor a browser that is forgotten. Where it is not enough,
        the app has to ask the person again.
        """
        grant, standing = found[0], held(found[1], configuration)
        account, shown = standing.account, grant.circumstances.shown_device
        device = known.whose(shown, call.now)
        browser = grant.circumstances.known
        if browser is not None and not await unit.known_browsers.stands(browser.id, account.id):
            browser = None
        then = AsOfNow(device, browser)
        verdict = judge_later(configuration, account, app.client_id, grant, then, call.now)
        decision = verdict.decision
        counted = still_bound(grant.evidence, standing.authenticators, call.now)
        if not decision.blocked and meets(counted, decision.requirement, call.now):
            return grant, account
        await unit.grants.revoke(grant.id, call.now)
        refused = AppRefused(
            at=call.now,
            account_id=account.id,
            actor=f"app:{app.client_id}",
            request_id=call.request_id,
            address=call.address,
            app=app.client_id,
            why="blocked" if decision.blocked else "asks_more",
        )
        await unit.audit.write(refused, decision.trace)
        return _no_grant()

    async def _end(self, unit: Unit, app: RelyingParty, grant_id: GrantId, call: Call) -> None:
        """End a grant whose tokens are in two hands; said once, however often they come."""
        standing = await unit.grants.load(grant_id, call.now)
        if standing is None or not await unit.grants.revoke(grant_id, call.now):
            return
        grant, account = standing
        await unit.audit.write(
            RefreshTokenReused(
                at=call.now,
                account_id=account.id,
                actor=f"app:{app.client_id}",
                request_id=call.request_id,
                address=call.address,
                app=grant.client_id,
                grant_id=grant_id,
            )
        )
        holder = (await unit.configuration.load()).app(grant.client_id)
        what = What(
            notice=Notice.APP_CUT_OFF,
            label=grant.client_id if holder is None else holder.client_name,
        )
        where = Where(address=call.address)
        await self.notices.tell(unit, account, what, None, at=call.now, where=where)


def _no_grant() -> OAuthError:
    """Say no in the same words whatever was wrong with the token (RFC 6749 section 5.2)."""
    return OAuthError(
        ErrorCode.INVALID_GRANT,
        "The refresh token is unknown, used, too old, or not for this app.",
    )
