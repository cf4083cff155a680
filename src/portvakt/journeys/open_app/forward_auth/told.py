"""What an app is told of whoever asks for a page of it: a few headers, and the same signed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote

from portvakt.core.ids import GrantId
from portvakt.core.people import Account
from portvakt.core.relying_parties import RelyingParty, told_of
from portvakt.core.sessions import Session
from portvakt.crypto.signing import Signer
from portvakt.journeys.open_app.names import Names
from portvakt.journeys.open_app.oidc.token.claims import authentication_of

ASSERTION_LIVES = timedelta(seconds=60)
ASSERTION_TYPE = "forward-auth+jwt"
"""What the assertion says it is (RFC 8725 section 3.11), so that it passes for no other token."""

KEPT = timedelta(seconds=5)
"""How long an assertion is handed out again, which must be less than it lives by far."""
MOST_KEPT = 10_000
"""Of browsers, in one process; a few kilobytes each."""

_PLAIN = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) != "%")
_PLAIN_IN_LIST = _PLAIN.replace(",", "")


@dataclass(frozen=True, slots=True)
class Entered:
    """Who came in where: everything that the headers are made of, read just now."""

    host: str
    app: RelyingParty
    session: Session
    account: Account


@dataclass(frozen=True, slots=True)
class _Told:
    entered: Entered
    signer: Signer
    at: datetime
    headers: dict[str, str]

    def still(self, entered: Entered, signer: Signer, now: datetime) -> bool:
        """Say whether exactly the same would be told again, by the same keys."""
        then = self.entered
        return (
            timedelta() <= now - self.at < KEPT
            and self.signer is signer
            and then.account == entered.account
            and then.session.evidence == entered.session.evidence
            and then.app == entered.app
        )


class Telling:
    """Writes the headers, and keeps them for a moment: a page of an app asks for many things."""

    def __init__(self, issuer: str, names: Names) -> None:
        self._issuer = issuer
        self._names = names
        self._told: dict[GrantId, _Told] = {}

    def headers(
        self, grant: GrantId, entered: Entered, signer: Signer, now: datetime
    ) -> dict[str, str]:
        """Return the headers that the proxy hands to the app, every one of them, empty or not.

        An empty one still takes the place of what a stranger has sent under its name. A grant is
        for one host and one session; whatever else could have changed is compared.
        """
        told = self._told.get(grant)
        if told is None or not told.still(entered, signer, now):
            told = _Told(entered, signer, now, self._written(entered, signer, now))
            if len(self._told) >= MOST_KEPT:
                self._told.clear()
            self._told[grant] = told
        return told.headers

    def _written(self, entered: Entered, signer: Signer, now: datetime) -> dict[str, str]:
        account, groups = entered.account, told_of(entered.app, entered.account.groups)
        claims = self._claims(entered, groups, now)
        return {
            "remote-user": header_value(account.user_name),
            "remote-name": header_value(account.display_name),
            "remote-email": header_value(account.email or ""),
            "remote-groups": ",".join(quote(each, safe=_PLAIN_IN_LIST) for each in groups),
            "remote-assertion": signer.sign(claims, typ=ASSERTION_TYPE),
        }

    def _claims(self, entered: Entered, groups: Sequence[str], now: datetime) -> dict[str, object]:
        app, session, account = entered.app, entered.session, entered.account
        shown = authentication_of(session.evidence)
        return {
            "iss": self._issuer,
            "aud": entered.host,
            "sub": self._names.subject(account.id, app),
            "iat": int(now.timestamp()),
            "exp": int((now + ASSERTION_LIVES).timestamp()),
            "auth_time": int(shown.auth_time.timestamp()),
            "acr": shown.acr,
            "amr": list(shown.amr),
            "sid": self._names.sid(session.id, app),
            "preferred_username": account.user_name,
            "name": account.display_name,
            "email": account.email,
            "groups": list(groups),
        }


def header_value(text: str) -> str:
    """Write a value so that no server reads it otherwise than the next.

    Printable ASCII stands as it is; all else, and the percent sign, is percent-encoded UTF-8. So
    there is no line break and no control character, and nothing that one server takes for Latin-1
    and another for UTF-8.
    """
    return quote(text.strip(), safe=_PLAIN)
