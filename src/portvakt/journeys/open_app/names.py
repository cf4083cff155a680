"""What people and their sign-ins are called towards apps. Our own ids never leave the house."""

import base64
import hmac

from portvakt.core.ids import AccountId, SessionId
from portvakt.core.relying_parties import RelyingParty, subject
from portvakt.crypto.sealing import MasterKeys


class Names:
    """Derives names that stay the same for the life of the installation.

    Apps remember `sub` for ever and `sid` as long as somebody is signed in, so neither may change
    when the master key is replaced.
    """

    def __init__(self, keys: MasterKeys) -> None:
        self._subjects = keys.derive_lasting("subject")
        self._sessions = keys.derive_lasting("sid")

    def subject(self, account: AccountId, app: RelyingParty) -> str:
        """Return the `sub` of a person towards an app, public or pairwise as the app has it."""
        return subject(account, app, self._subjects)

    def sid(self, session: SessionId, app: RelyingParty) -> str:
        """Return the `sid` of a session towards an app: no two apps can compare theirs.

        OpenID Connect Back-Channel Logout 1.0 section 2.1 asks that it be unique to the issuer.
        """
        about = f"{app.client_id}\0{session}".encode()
        digest = hmac.digest(self._sessions, about, "sha256")[:16]
        return base64.urlsafe_b64encode(digest).decode("ascii").rstrip("=")
