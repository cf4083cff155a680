"""What apps hold of somebody, and taking it back: one act for the page and for support."""

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType

from portvakt.core.events import AppAccessTakenBack
from portvakt.core.ids import AccountId, ClientId, SessionId
from portvakt.proving.visit import Doer
from portvakt.records.consents import Consent
from portvakt.records.grants import Held
from portvakt.records.unit import Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What one app may learn of somebody."""

    client_id: ClientId
    scope: tuple[str, ...] = ()
    """Of all that it holds, with what it asked for by name, and what the person said yes to."""
    services: tuple[str, ...] = ()
    """Which other services it may use in the person's name (RFC 8707)."""
    since: datetime | None = None
    until: datetime | None = None
    """When the last of it ends by itself; None where the app holds nothing now."""
    offline: bool = False
    """Whether signing out leaves it (`offline_access`)."""
    agreed_at: datetime | None = None
    """When the person said yes, where they were asked."""


async def look(unit: Unit, account_id: AccountId, now: datetime) -> tuple[Access, ...]:
    """Read what apps hold of somebody, in two statements, by client id."""
    held = await unit.grants.held_of(account_id, now)
    return accesses(held, await unit.consents.of(account_id))


def accesses(held: Iterable[Held], consents: Iterable[Consent]) -> tuple[Access, ...]:
    """Sum up by app what it holds and what it may know. Pure; ordered by client id."""
    found: dict[ClientId, Access] = {}
    for each in held:
        before = found.get(each.client_id, Access(client_id=each.client_id))
        found[each.client_id] = replace(
            before,
            scope=_both(before.scope, _told(each)),
            services=_both(before.services, each.resources),
            since=min(filter(None, (before.since, each.since))),
            until=max(filter(None, (before.until, each.until))),
            offline=before.offline or each.offline,
        )
    for said in consents:
        before = found.get(said.client_id, Access(client_id=said.client_id))
        scope = _both(before.scope, said.scope)
        found[said.client_id] = replace(before, scope=scope, agreed_at=said.given_at)
    return tuple(found[client_id] for client_id in sorted(found))


def _told(held: Held) -> tuple[str, ...]:
    """Name the scopes that an app is told; one behind its proxy asks for none and is told all."""
    if not held.scope:
        return ("openid", *SCOPE_OF)
    return _both(held.scope, _asked_by_name(held.claims))


def _asked_by_name(claims: str | None) -> tuple[str, ...]:
    """Name the scopes whose claims were asked for one by one (OpenID Connect Core section 5.5)."""
    parts = {} if claims is None else json.loads(claims)
    asked = {name for part in parts.values() for name in part}
    return tuple(scope for scope, names in SCOPE_OF.items() if asked & names)


SCOPE_OF: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "profile": frozenset({"name", "given_name", "family_name", "preferred_username", "locale"}),
        "email": frozenset({"email", "email_verified"}),
        "groups": frozenset({"groups"}),
    }
)
"""Which claims each scope stands for, in words for a person."""


def _both(first: tuple[str, ...], more: Iterable[str]) -> tuple[str, ...]:
    return (*first, *(each for each in more if each not in first))


Tell = Callable[[Unit, AccountId, ClientId, Iterable[SessionId], datetime], Awaitable[None]]
"""Has an app told that sessions of somebody's have ended for it."""


async def take_back(
    unit: Unit, account_id: AccountId, client_id: ClientId, doer: Doer, tell: Tell
) -> bool:
    """End all that an app holds of somebody, offline too, and forget that they said yes.

    With a grant its refresh token, its code and its access tokens are worth nothing. What the app
    itself has begun for them ends, too: it is told as when each session had ended that it was
    opened in (Back-Channel Logout 1.0), though the sessions here go on. False where the app held
    nothing.
    """
    opened_in = await unit.sign_outs.opened_by(account_id, client_id, doer.at)
    grants = await unit.grants.revoke_of_app(account_id, client_id, doer.at)
    consent = await unit.consents.take_back(account_id, client_id)
    if not grants and not consent:
        return False
    await tell(unit, account_id, client_id, opened_in, doer.at)
    await unit.audit.write(
        AppAccessTakenBack(
            **doer.told(account_id),
            actor=doer.actor,
            app=client_id,
            grants=grants,
            consent=consent,
        )
    )
    return True
