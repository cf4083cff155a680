"""An app on a device without a keyboard asks for a code: RFC 8628 sections 3.1 and 3.2.

The answer has no `verification_uri_complete`: an address that fills the code in lets whoever sends
it skip the one thing that tells a person's own device from a stranger's (docs/adr/0044).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from portvakt.core.device_grant import INTERVAL, LIVES, PATH, grouped
from portvakt.core.relying_parties import DEVICE_CODE, RelyingParty
from portvakt.core.throttle import LIMITS, Count, Familiarity, Kind
from portvakt.crypto.digests import lookup_hash
from portvakt.crypto.randomness import Random
from portvakt.crypto.user_codes import UserCodes, draw_user_code
from portvakt.journeys.open_app.oidc.calls import Call
from portvakt.journeys.open_app.oidc.errors import ErrorCode, OAuthError
from portvakt.journeys.open_app.oidc.granting import granted_scope
from portvakt.journeys.open_app.oidc.token.endpoint import check_allowed
from portvakt.proving.addresses import address_subject
from portvakt.records.device_requests import DeviceRequest
from portvakt.records.unit import Records, Unit


def device_hash(device_code: str) -> bytes:
    """Return what is stored of a device's code: never what an authorization code would give."""
    return lookup_hash(f"device\0{device_code}")


@dataclass(frozen=True, slots=True)
class DeviceAuthorization:
    """`/oidc/device_authorization`. Whoever asks has shown which app it is."""

    issuer: str
    records: Records
    codes: UserCodes
    random: Random

    async def answer(
        self, app: RelyingParty, sent: Mapping[str, str], call: Call
    ) -> dict[str, object] | OAuthError:
        """Return the members of the answer (section 3.2), or why not."""
        if (wrong := check_allowed({"grant_type": DEVICE_CODE}, app)) is not None:
            return wrong
        asked = (sent.get("scope") or "").split()
        if "openid" not in asked:
            return OAuthError(ErrorCode.INVALID_SCOPE, "scope must contain openid.")
        device_code = self.random.secret()

        async def act(unit: Unit) -> str | Count:
            subject = address_subject(call.address)
            count = await unit.attempts.count(
                subject, Kind.DEVICE_ASKED, Familiarity.ANY, LIMITS[Kind.DEVICE_ASKED], call.now
            )
            if not count.allowed:
                return count
            while True:
                user_code = draw_user_code(self.random)
                request = DeviceRequest(
                    device_hash=device_hash(device_code),
                    user_hash=self.codes.hash(user_code),
                    client_id=app.client_id,
                    scope=granted_scope(asked, app),
                    address=call.address,
                    asked_at=call.now,
                    expires_at=call.now + LIVES,
                )
                if await unit.device_requests.put(request):
                    return user_code

        made = await self.records.write(act)
        if isinstance(made, Count):
            until = made.stopped_until or call.now
            wait = max(1, int((until - call.now).total_seconds()))
            return OAuthError(ErrorCode.TEMPORARILY_UNAVAILABLE, "Too many have asked.", wait)
        return {
            "device_code": device_code,
            "user_code": grouped(made),
            "verification_uri": self.issuer + PATH,
            "expires_in": int(LIVES.total_seconds()),
            "interval": int(INTERVAL.total_seconds()),
        }
