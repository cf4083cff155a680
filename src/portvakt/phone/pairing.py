"""How a phone comes to be: from an address, a long code, or a short code and an account."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from portvakt.phone.acts import Identity
from portvakt.phone.answers import Paired
from portvakt.phone.encoding import from_b64u
from portvakt.phone.errors import MisusedError
from portvakt.phone.keys import Key
from portvakt.phone.line import Line

LONG_BYTES = 16
LONGEST_NAME = 40
_HERE = {"localhost", "127.0.0.1", "::1"}
_SHORT = re.compile(r"[A-Z2-7]{8}")


@dataclass(frozen=True, slots=True)
class Invitation:
    """A pairing code and the service that it is for. Exactly one of `code` and `short` is set."""

    origin: str
    code: str = ""
    short: str = ""
    account: str = ""


def invitation(text: str, url: str | None = None, account: str | None = None) -> Invitation:
    """Read what the person has: ORIGIN/authenticator/#pair=CODE, or a code with the rest beside it.

    Spaces, hyphens and small letters in a short code are the person's to choose. Raises
    `MisusedError` where something is missing or cannot be right; the text never holds the code.
    """
    text = text.strip()
    if "://" in text:
        if url is not None or account is not None:
            raise MisusedError("an address says everything: leave out --url and --account")
        return _from_address(text)
    if url is None:
        raise MisusedError("a code alone does not say which service: give --url too")
    origin = origin_of(url)
    if account is not None:
        short = re.sub(r"[\s-]", "", text).upper()
        if not _SHORT.fullmatch(short):
            raise MisusedError("a short code is 8 characters, of A to Z and 2 to 7")
        return Invitation(origin, short=short, account=account)
    return Invitation(origin, code=_long(text))


def _from_address(text: str) -> Invitation:
    parts = urlsplit(text)
    name, _, code = parts.fragment.partition("=")
    if parts.path.rstrip("/") != "/authenticator" or parts.query or name != "pair":
        raise MisusedError("not a pairing address: it ends with /authenticator/#pair=CODE")
    return Invitation(origin_of(f"{parts.scheme}://{parts.netloc}"), code=_long(code))


def _long(text: str) -> str:
    try:
        if len(from_b64u(text)) == LONG_BYTES:
            return text
    except ValueError:
        pass  # said below, for every reason in the same words
    raise MisusedError("that is no pairing code (a short one needs --account)")


def origin_of(url: str) -> str:
    """Return the origin as the protocol writes it: scheme, host in small letters, port if odd.

    Raises `MisusedError`: only https, and plain http to this machine.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise MisusedError("that is no address") from error
    host = parts.hostname or ""
    if parts.scheme not in {"https", "http"} or not host or parts.username is not None:
        raise MisusedError("an address is like https://auth.region.example")
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise MisusedError("an origin has no path")
    if parts.scheme == "http" and host not in _HERE:
        raise MisusedError("plain http is for this machine only: the address must be https")
    usual = {"https": 443, "http": 80}[parts.scheme]
    place = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{place}" + ("" if port in {None, usual} else f":{port}")


async def pair(line: Line, invited: Invitation, name: str) -> tuple[Identity, Paired]:
    """Make a key and pair it: who the phone is from now on, and what the service said.

    Raises `MisusedError` for a name that is too long, `RefusedError` with `wrong`, `used`,
    `expired`, `full` or `too_many`.
    """
    if not 1 <= len(name) <= LONGEST_NAME:
        raise MisusedError(f"the name of a phone is 1 to {LONGEST_NAME} characters")
    key = Key.made()
    fields = {
        "code": invited.code,
        "short": invited.short,
        "account": invited.account,
        "name": name,
    }
    paired = await line.ask(Paired, "pair", fields, key=key, phone=None)
    return Identity(invited.origin, paired.phone, key, paired.totp), paired
