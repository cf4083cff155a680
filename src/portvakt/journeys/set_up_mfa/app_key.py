"""What an app is given: as a picture to read, as an address, and as text to type."""

import base64
from dataclasses import dataclass, field
from urllib.parse import quote

from portvakt.core.phones import short_code_text
from portvakt.crypto.pairing_codes import PairingCode

GROUP = 4


@dataclass(frozen=True, slots=True)
class AppKey:
    """Everything an app may be given: `picture` is a data address of an SVG, `groups` the key."""

    issuer: str
    account: str
    address: str = field(repr=False)
    picture: str = field(repr=False)
    groups: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class PairingKey:
    """Everything that brings our app here; `short` is typed in it beside `account`."""

    account: str
    address: str = field(repr=False)
    picture: str = field(repr=False)
    short: str = field(repr=False)


def pairing_key(code: PairingCode, *, app_origin: str, account: str) -> PairingKey:
    """Return a pairing code in the forms that a phone reads.

    The code stands in the fragment of the address, which no browser sends to any server
    (RFC 9110 section 7.1), so it is in no log.
    """
    address = f"{app_origin}/authenticator/#pair={code.long}"
    return PairingKey(account, address, qr_picture(address), short_code_text(code.short))


def qr_picture(text: str) -> str:
    """Return a QR code as the data address of an SVG."""
    import segno  # noqa: PLC0415 - 50 ms and 4 MB that a start should not pay for one step

    # The light parts are painted too: on a dark page an app must still see dark on light.
    return segno.make(text, error="m", micro=False).svg_data_uri(
        dark="#000", light="#fff", border=4, scale=4, xmldecl=False, nl=False
    )


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
    picture = qr_picture(address)
    groups = tuple(key[start : start + GROUP] for start in range(0, len(key), GROUP))
    return AppKey(issuer, account, address, picture, groups)
