"""What an app that is not the organisation's own may be told, because the person said so.

It is asked once, and again where the app asks for more or wants it asked (`prompt=consent`, OpenID
Connect Core section 3.1.2.4). The organisation's own apps are told what their entries assign.
"""

from collections.abc import Collection
from dataclasses import dataclass

from portvakt.core.ids import AccountId
from portvakt.core.relying_parties import RelyingParty
from portvakt.journeys.open_app.oidc.authorize.asked import Asked
from portvakt.journeys.open_app.oidc.granting import granted_scope
from portvakt.records.unit import Records, Unit


@dataclass(frozen=True, slots=True)
class AskConsent:
    """Show what the app would be told, and ask."""

    app: RelyingParty
    scopes: tuple[str, ...]
    query: str
    """The request, with which the answer comes back."""
    whose: str
    """What the session is called towards the app: the answer counts in that session alone."""


def wanted_of(asked: Asked) -> tuple[str, ...]:
    """Return the scopes that the app would be told, also of claims that it asks for by name."""
    app = asked.app
    granted = granted_scope(asked.request.words("scope"), app)
    wanted = {*granted, *asked.demands.claims.scopes(app)}
    return tuple(scope for scope in app.scope if scope in wanted)


async def said_before(records: Records, account: AccountId, app: RelyingParty) -> frozenset[str]:
    """Return what a person has said yes to for an app. Raises RecordsUnavailable."""
    every = await records.read(lambda unit: unit.consents.of(account))
    mine = (each.scope for each in every if each.client_id == app.client_id)
    return frozenset(next(mine, ()))


def must_ask(asked: Asked, said: Collection[str]) -> bool:
    """Whether the person is to be asked now."""
    return "consent" in asked.demands.prompts or not set(wanted_of(asked)) <= set(said)


async def remember(unit: Unit, account: AccountId, asked: Asked) -> None:
    """Keep that a person said yes, beside what they said yes to before."""
    client_id = asked.app.client_id
    every = await unit.consents.of(account)
    before = next((each.scope for each in every if each.client_id == client_id), ())
    scope = dict.fromkeys((*before, *wanted_of(asked)))
    await unit.consents.give(account, client_id, tuple(scope), asked.visit.now)
