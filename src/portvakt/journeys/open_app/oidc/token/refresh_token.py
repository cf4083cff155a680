"""How a family of refresh tokens begins, and what its tokens are bound to."""

from portvakt.core.ids import GrantId
from portvakt.core.relying_parties import RelyingParty
from portvakt.crypto.families import NewFamily
from portvakt.journeys.open_app.oidc.calls import Call
from portvakt.records.unit import Unit


def held_by(app: RelyingParty, call: Call) -> str | None:
    """Name the key that a refresh token of this app is bound to; None where it is to none.

    An app that shows in another way that it is itself may change its key (RFC 9449 section 5).
    """
    return call.bound.name if app.token_endpoint_auth_method == "none" else None  # noqa: S105 - a way


async def begin(
    unit: Unit, family: NewFamily, app: RelyingParty, grant_id: GrantId, call: Call
) -> None:
    """Store a family, bound to the caller's key where it is of an app that has nothing else."""
    await unit.refresh_tokens.begin(
        family.family_hash, family.own_hash, grant_id, call.now, bound_to=held_by(app, call)
    )
