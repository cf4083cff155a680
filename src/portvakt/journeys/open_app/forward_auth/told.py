"""What an app is told of whoever asks for a page of it: a few headers, and the same signed."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import quote

from portvakt.core.people import Account
from portvakt.core.relying_parties import RelyingParty, told_of
from portvakt.core.sessions import Session
from portvakt.crypto.signing import Signer
from portvakt.journeys.open_app.names import Names
from portvakt.journeys.open_app.oidc.claims import authentication_of

ASSERTION_LIVES = timedelta(seconds=60)
ASSERTION_TYPE = "forward-auth+jwt"
"""What the assertion says it is (RFC 8725 section 3.11), so that it passes for no other token."""

_PLAIN = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) != "%")
_PLAIN_IN_LIST = _PLAIN.replace(",", "")


def headers_of(
    issuer: str,
    host: str,
    app: RelyingParty,
    session: Session,
    account: Account,
    *,
    names: Names,
    signer: Signer,
    now: datetime,
) -> dict[str, str]:
    """Return the headers that the proxy hands to the app, every one of them, empty or not.

    An empty one still takes the place of what a stranger has sent under its name.
    """
    groups = told_of(app, account.groups)
    return {
        "remote-user": header_value(account.user_name),
        "remote-name": header_value(account.display_name),
        "remote-email": header_value(account.email or ""),
        "remote-groups": ",".join(quote(each, safe=_PLAIN_IN_LIST) for each in groups),
        "remote-assertion": signer.sign(
            _claims(issuer, host, app, session, account, groups, names, now), typ=ASSERTION_TYPE
        ),
    }


def header_value(text: str) -> str:
    """Write a value so that no server reads it otherwise than the next.

    Printable ASCII stands as it is; all else, and the percent sign, is percent-encoded UTF-8. So
    there is no line break and no control character, and nothing that one server takes for Latin-1
    and another for UTF-8.
    """
    return quote(text.strip(), safe=_PLAIN)


def _claims(
    issuer: str,
    host: str,
    app: RelyingParty,
    session: Session,
    account: Account,
    groups: Sequence[str],
    names: Names,
    now: datetime,
) -> dict[str, object]:
    shown = authentication_of(session.evidence)
    return {
        "iss": issuer,
        "aud": host,
        "sub": names.subject(account.id, app),
        "iat": int(now.timestamp()),
        "exp": int((now + ASSERTION_LIVES).timestamp()),
        "auth_time": int(shown.auth_time.timestamp()),
        "acr": shown.acr,
        "amr": list(shown.amr),
        "sid": names.sid(session.id, app),
        "preferred_username": account.user_name,
        "name": account.display_name,
        "email": account.email,
        "groups": list(groups),
    }
