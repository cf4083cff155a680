"""The codes that work without network (RFC 6238, RFC 4226)."""

import base64
import hmac

from portvakt.phone.answers import Totp


def code_at(totp: Totp, now: int) -> tuple[str, int]:
    """Return the code that is shown at `now`, and for how many seconds more.

    `now` is milliseconds since 1970 UTC, by the service's clock.
    """
    seconds = now // 1000
    step, into = divmod(seconds, totp.period)
    secret = base64.b32decode(totp.secret + "=" * (-len(totp.secret) % 8))
    digest = hmac.digest(secret, step.to_bytes(8, "big"), "sha1")
    at = digest[-1] & 0x0F
    number = int.from_bytes(digest[at : at + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**totp.digits:0{totp.digits}}", totp.period - into
