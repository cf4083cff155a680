"""A device asks whether it has been let in, and fetches its tokens once: RFC 8628 section 3.4.

What a person has said yes to is a grant whose code is the device's, so it is spent as any other
code is: once, in one statement, and a second use ends what came of the first.
"""

import re
from dataclasses import dataclass

from portvakt.core.device_grant import DeviceState
from portvakt.core.people import Account
from portvakt.core.relying_parties import REFRESH_TOKEN, RelyingParty
from portvakt.crypto.families import NewFamily, new_family
from portvakt.journeys.open_app.oidc.calls import Call, Sent
from portvakt.journeys.open_app.oidc.device.authorization import device_hash
from portvakt.journeys.open_app.oidc.errors import ErrorCode, OAuthError
from portvakt.journeys.open_app.oidc.resources import audience_of
from portvakt.journeys.open_app.oidc.token.code_grant import code_reused
from portvakt.journeys.open_app.oidc.token.issuing import Issuer
from portvakt.journeys.open_app.oidc.token.refresh_token import begin
from portvakt.records.device_requests import Polled
from portvakt.records.grants import Grant, Reused
from portvakt.records.unit import Records, Unit

_CODE = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class DeviceGrant:
    """`grant_type=urn:ietf:params:oauth:grant-type:device_code`."""

    records: Records
    issuer: Issuer

    async def answer(
        self, app: RelyingParty, sent: Sent, call: Call
    ) -> dict[str, object] | OAuthError:
        """Return the members of the answer (section 3.5), or what the device is to do."""
        code = sent.get("device_code") or ""
        if not code:
            return OAuthError(ErrorCode.INVALID_REQUEST, "device_code is required.")
        if not _CODE.fullmatch(code):
            return _no_grant()
        audience = audience_of(app, (), sent.every("resource"))
        if isinstance(audience, OAuthError):
            return audience
        family = new_family(self.issuer.random) if REFRESH_TOKEN in app.grant_types else None
        hashed = device_hash(code)

        async def act(unit: Unit) -> tuple[Grant, Account] | OAuthError:
            polled = await unit.device_requests.poll(hashed, app.client_id, call.now)
            wrong = check_answered(polled, call)
            return wrong or await self._fetched(unit, hashed, app, call, family)

        await self.issuer.ready(app, call)
        found = await self.records.write(act)
        if isinstance(found, OAuthError):
            return found
        grant, account = found
        answer = await self.issuer.tokens(app, grant, account, call, audience=audience)
        return answer if family is None else answer | {"refresh_token": family.secret}

    @staticmethod
    async def _fetched(
        unit: Unit, hashed: bytes, app: RelyingParty, call: Call, family: NewFamily | None
    ) -> tuple[Grant, Account] | OAuthError:
        """Spend the code, and read again whether its person may still open the app."""
        found = await unit.grants.spend_code(hashed, call.now)
        if isinstance(found, Reused):
            if await unit.grants.revoke(found.grant_id, call.now):
                await unit.audit.write(code_reused(found, app, call))
            return _no_grant()
        standing = None if found is None else await unit.grants.load(found.grant.id, call.now)
        if standing is None:
            return _no_grant()
        grant, account = standing
        if not account.usable or not app.groups & account.groups:
            await unit.grants.revoke(grant.id, call.now)
            return _no_grant()
        if family is not None:
            await begin(unit, family, app, grant.id, call)
        return grant, account


def check_answered(polled: Polled | None, call: Call) -> OAuthError | None:
    """Say why there are no tokens yet, in the words of RFC 8628 section 3.5."""
    if polled is None:
        return _no_grant()
    if polled.too_soon:
        return OAuthError(ErrorCode.SLOW_DOWN, "Asked too soon: wait 5 seconds more from now on.")
    if polled.state is DeviceState.DENIED:
        return OAuthError(ErrorCode.ACCESS_DENIED, "The person said no.")
    if call.now >= polled.expires_at:
        return OAuthError(ErrorCode.EXPIRED_TOKEN, "The code is too old: ask for a new one.")
    if polled.state is DeviceState.WAITING:
        return OAuthError(ErrorCode.AUTHORIZATION_PENDING, "Nobody has answered yet.")
    return None


def _no_grant() -> OAuthError:
    return OAuthError(
        ErrorCode.INVALID_GRANT, "The device code is unknown, used, or not for this app."
    )
