"""The shared secret of an authenticator app, as a picture, as an address and as text to type."""

import base64
from dataclasses import dataclass, field
from urllib.parse import quote

GROUP = 4


@dataclass(frozen=True, slots=True)
class AppKey:
    """Everything an app may be given: `picture` is a data address of an SVG, `groups` the key."""

    issuer: str
    account: str
    address: str = field(repr=False)
    picture: str = field(repr=False)
    groups: tuple[str, ...] = field(repr=False)


def app_key(secret: bytes, *, issuer: str, account: str) -> AppKey:
    """Return the secret in the forms that apps read.

    The address follows the «otpauth» key format that all apps share: the issuer stands both in the
    label, for apps of before 2013, and as a parameter. A colon would end the issuer in the label,
    so it is left out of both names. Spaces are %20, because some apps show a plus sign as it is.
    """
    issuer = issuer.replace(":", " ").strip()
    account = account.replace(":", " ").strip()
    key = base64.b32encode(secret).decode("ascii").rstrip("=")
    label = f"{quote(issuer, safe='')}:{quote(account, safe='@')}"
    parameters = f"secret={key}&issuer={quote(issuer, safe='')}&algorithm=SHA1&digits=6&period=30"
    address = f"otpauth://totp/{label}?{parameters}"
    import segno  # noqa: PLC0415 - 50 ms and 4 MB that a start should not pay for one step

    # The light parts are painted too: on a dark page an app must still see dark on light.
    picture = segno.make(address, error="m", micro=False).svg_data_uri(
        dark="#000", light="#fff", border=4, scale=4, xmldecl=False, nl=False
    )
    groups = tuple(key[start : start + GROUP] for start in range(0, len(key), GROUP))
    return AppKey(issuer, account, address, picture, groups)
