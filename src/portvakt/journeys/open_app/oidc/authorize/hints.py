"""`id_token_hint`: an ID token of ours says whom the app expects (OpenID Connect Core 3.1.2.1)."""

from dataclasses import dataclass
from datetime import datetime

from portvakt.core.relying_parties import RelyingParty
from portvakt.crypto.signing import Forged
from portvakt.journeys.open_app.keys import KeyRing
from portvakt.journeys.open_app.oidc.errors import ErrorCode, OAuthError


@dataclass(frozen=True, slots=True)
class Hints:
    """Reads ID tokens that we gave out ourselves."""

    issuer: str
    keys: KeyRing

    async def subject(self, hint: str, app: RelyingParty, now: datetime) -> str | OAuthError:
        """Return whom a token is about, as the app knows them.

        One that has expired is as good as another: it opens nothing. It must be signed by a key of
        ours, with the key's own algorithm (A101), and have been given to this app.
        """
        signer = await self.keys.signer(now)
        found = signer.recognise(hint, typ="JWT", issuer=self.issuer, audience=app.client_id)
        subject = None if isinstance(found, Forged) else found.claims.get("sub")
        if not isinstance(subject, str):
            needs = "id_token_hint must be an ID token that this app got from this issuer."
            return OAuthError(ErrorCode.INVALID_REQUEST, needs)
        return subject
