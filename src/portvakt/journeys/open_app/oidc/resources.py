"""For which services an access token is: resource indicators (RFC 8707).

A service that is handed a token looks whether it is named in `aud`; a token for one is worth
nothing at another. Without a resource a token is for our own userinfo.
"""

from portvakt.core.relying_parties import RelyingParty
from portvakt.journeys.open_app.oidc.errors import ErrorCode, OAuthError


def audience_of(
    app: RelyingParty, granted: tuple[str, ...], asked: tuple[str, ...]
) -> tuple[str, ...] | OAuthError:
    """Say for whom a token is: what was asked for now, of what was asked for at first.

    Empty is ourselves. Where nothing was asked for at first, all that the entry names may be asked
    for now. What the entry no longer names is not to be had (section 2.2).
    """
    standing = tuple(each for each in granted if each in app.resources)
    if granted and not standing:
        return invalid_target()
    if not asked:
        return standing
    return asked if set(asked) <= set(standing or app.resources) else invalid_target()


def invalid_target() -> OAuthError:
    """Refuse a service that the entry, or the grant, does not name (section 2)."""
    needs = "resource must be one that the entry of this app names, and that was asked for."
    return OAuthError(ErrorCode.INVALID_TARGET, needs)
