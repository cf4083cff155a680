"""The cookie on the host of an app: which grant this browser is let in by. Sealed, never stored.

It opens only for the host that it was made for, whatever host it is brought to. It says nothing
of a person, and is worth nothing by itself: each use reads the grant and its session again.
"""

import base64
import binascii

from portvakt.core.ids import GrantId
from portvakt.crypto.sealing import Sealer, SealError

_PLACE = {"table": "grants", "column": "forward_auth"}
_LONGEST = 512


def sealed_grant(sealer: Sealer, host: str, grant: GrantId) -> str:
    """Return the value of the cookie."""
    return _written(sealer.seal(grant.encode("ascii"), **_PLACE, row=host))


def grant_of(sealer: Sealer, host: str, cookie: str | None) -> GrantId | None:
    """Return the grant that a cookie of this host names, or None for anything else."""
    if cookie is None or len(cookie) > _LONGEST:
        return None
    try:
        padded = cookie + "=" * (-len(cookie) % 4)
        sealed = base64.b64decode(padded, altchars=b"-_", validate=True)
        if _written(sealed) != cookie:
            return None  # one spelling only
        return GrantId(sealer.open(sealed, **_PLACE, row=host).decode("ascii"))
    except (binascii.Error, ValueError, SealError):
        return None


def _written(sealed: bytes) -> str:
    return base64.urlsafe_b64encode(sealed).decode("ascii").rstrip("=")
