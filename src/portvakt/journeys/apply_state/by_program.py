"""Apps that register themselves: judged by the rules that files are judged by, and trusted less.

Whoever has an operator's token makes an entry, and sees to it with a token of its own afterwards
(RFC 7591, RFC 7592). Nobody can open such an app until an operator says who; people are asked
before it is told of them; and what an entry can do beyond signing people in is not to be had
(ADR 44).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from portvakt.core.events import ConfigurationChanged
from portvakt.core.ids import ClientId, GroupId
from portvakt.core.registration import REGISTERED, Kept, NotAllowed, Registered, Unfit
from portvakt.core.relying_parties import (
    AUTHORIZATION_CODE,
    BY_SECRET,
    OFFLINE_ACCESS,
    REFRESH_TOKEN,
    RelyingParty,
)
from portvakt.core.secret import Secret
from portvakt.crypto.digests import lookup_hash
from portvakt.crypto.randomness import Random
from portvakt.journeys.apply_state.checks import Surroundings, check
from portvakt.journeys.apply_state.document import App, State
from portvakt.journeys.apply_state.wanted import app_of
from portvakt.records import Configuration, Records, Unit
from portvakt.records.registrations import Allowance
from portvakt.strict_toml import Problem, Problems, fill

TAKEN: Final = frozenset(
    {
        *("client_name", "redirect_uris", "token_endpoint_auth_method", "grant_types", "scope"),
        *("jwks", "jwks_uri", "client_uri", "logo_uri", "initiate_login_uri"),
        *("post_logout_redirect_uris", "backchannel_logout_uri", "default_max_age"),
        *("application_type", "subject_type", "id_token_signed_response_alg"),
        "userinfo_signed_response_alg",
    }
)
"""What an app may say of itself; the rest of what it says is not heard (RFC 7591 section 2)."""
GRANTS: Final = frozenset({AUTHORIZATION_CODE, REFRESH_TOKEN})
SCOPES: Final = ("openid", "profile", "email", OFFLINE_ACCESS)
"""What it may ask for: no groups, which tell how the organisation is built."""
_NAME: Final = "App"
_PLACE: Final = "apps[1]."
_NAMED_BY: Final = 12


@dataclass(frozen=True, slots=True)
class AppsByProgram:
    """Makes, reads, changes and removes the entries of apps that register themselves."""

    records: Records
    random: Random

    async def allow(self, note: str, uses: int, lives: timedelta, now: datetime) -> Secret:
        """Make an initial token for so many apps, and return it: it is known nowhere else."""
        token = Secret(self.random.secret())
        allowed = Allowance(lookup_hash(token.open()), note, uses, now + lives)
        await self.records.write(lambda unit: unit.registrations.allow(allowed, now))
        return token

    async def counting(self, now: datetime) -> tuple[Allowance, ...]:
        """List the initial tokens that may still be used."""
        return await self.records.read(lambda unit: unit.registrations.counting(now))

    async def withdraw(self, name: str, actor: str, now: datetime) -> bool:
        """Make an initial token worth nothing, by its name; the apps made with it stand."""

        async def act(unit: Unit) -> bool:
            found = [each for each in await unit.registrations.counting(now) if _is(each, name)]
            if len(found) != 1 or not await unit.registrations.withdraw(found[0].token_hash):
                return False
            await unit.audit.write(
                ConfigurationChanged(
                    at=now,
                    actor=actor,
                    kind="registration token",
                    id=name_of(found[0]),
                    change="removed",
                    fields=(),
                )
            )
            return True

        return await self.records.write(act)

    async def register(
        self, initial: str, sent: Mapping[str, Any], now: datetime
    ) -> Registered | Unfit | NotAllowed:
        """Make an app, if the initial token counts; one whose entry is wrong uses none of it."""
        client_id = ClientId(self.random.id())
        token, access = lookup_hash(initial), Secret(self.random.secret())
        known = await self.records.read(lambda unit: unit.registrations.look(token, now))
        if known is None:  # what strangers send is not even read
            return NotAllowed()
        asked = _judged(client_id, sent)

        async def act(unit: Unit) -> Registered | Unfit | NotAllowed:
            note = await unit.registrations.look(token, now)
            if note is None:
                return NotAllowed()
            if isinstance(asked, Unfit):
                return asked
            if not await unit.registrations.spend(token, now):
                return NotAllowed()
            app, secret = self._with_secret(asked, None)
            await unit.configuration.put_apps([app], REGISTERED)
            await unit.registrations.put(client_id, lookup_hash(access.open()), note, now)
            await _tell(unit, client_id, "created", now, f"registration:{note}")
            return Registered(app, access, int(now.timestamp()), secret)

        return await self.records.write(act)

    async def read(self, client_id: str, access: str) -> Registered | NotAllowed:
        """Return the entry to whoever has its access token."""

        async def act(unit: Unit) -> Registered | NotAllowed:
            found = await _own(unit, client_id, access)
            if isinstance(found, NotAllowed):
                return found
            app, made, _ = found
            return Registered(app, Secret(access), int(made.timestamp()))

        return await self.records.read(act)

    async def change(
        self, client_id: str, access: str, sent: Mapping[str, Any], now: datetime
    ) -> Registered | Unfit | NotAllowed:
        """Put another entry in place of this one, whole (RFC 7592 section 2.2).

        The access token is another one from then on. What an operator has said of the app stands:
        who may open it, and whether people are asked. But an app that moves to other places is not
        the one that was opened: it waits to be opened again, and what it was given ends.
        """
        known = await self.records.read(lambda unit: _own(unit, client_id, access))
        if isinstance(known, NotAllowed):
            return known
        asked, new = _judged(ClientId(client_id), sent), Secret(self.random.secret())

        async def act(unit: Unit) -> Registered | Unfit | NotAllowed:
            await unit.turn("apply")
            found = await _own(unit, client_id, access)
            if isinstance(found, NotAllowed):
                return found
            before, made, _ = found
            if isinstance(asked, Unfit):
                return asked
            wrong = _no_change(before, asked, sent)
            if wrong is not None:
                return wrong
            turned = lookup_hash(new.open())
            if not await unit.registrations.turn(client_id, lookup_hash(access), turned):
                return NotAllowed()
            moved = not _places(asked) <= _places(before)
            groups = frozenset[GroupId]() if moved else before.groups
            kept = replace(asked, groups=groups, consent=before.consent)
            app, secret = self._with_secret(kept, before)
            await unit.configuration.put_apps([app], REGISTERED)
            if moved:
                await unit.grants.revoke_of_apps([app.client_id], now)
                await unit.consents.forget_apps([app.client_id])
            await _tell(unit, app.client_id, "changed", now, f"app:{client_id}")
            return Registered(app, new, int(made.timestamp()), secret)

        return await self.records.write(act)

    async def remove(self, client_id: str, access: str, now: datetime) -> NotAllowed | Kept | None:
        """Remove the app that asks for it, and with it all that it was given."""

        async def act(unit: Unit) -> NotAllowed | Kept | None:
            await unit.turn("apply")
            found = await _own(unit, client_id, access)
            if isinstance(found, NotAllowed):
                return found
            app, _, stored = found
            if any(app.client_id in each.when.apps | each.when.apps_not for each in stored.rules):
                return Kept()
            await unit.configuration.remove_apps([app.client_id], REGISTERED)
            await unit.registrations.remove(client_id)
            await unit.grants.revoke_of_apps([app.client_id], now)
            await unit.consents.forget_apps([app.client_id])
            await _tell(unit, app.client_id, "removed", now, f"app:{client_id}")
            return None

        return await self.records.write(act)

    def _with_secret(
        self, app: RelyingParty, before: RelyingParty | None
    ) -> tuple[RelyingParty, Secret | None]:
        """Give an app that shows a secret the one it has, or a new one."""
        if app.token_endpoint_auth_method not in BY_SECRET:
            return app, None
        if before is not None and before.secret_hash is not None:
            return replace(app, secret_hash=before.secret_hash), None
        secret = Secret(self.random.secret())
        return replace(app, secret_hash=lookup_hash(secret.open())), secret


def name_of(allowed: Allowance) -> str:
    """Return what an initial token is called: the beginning of its hash, which opens nothing."""
    return allowed.token_hash.hex()[:_NAMED_BY]


def _is(allowed: Allowance, name: str) -> bool:
    return name_of(allowed) == name.lower()


def _judged(client_id: ClientId, sent: Mapping[str, Any]) -> RelyingParty | Unfit:
    """Read what an app says of itself, as the entry of a file would be read."""
    if sent.get("response_types", ["code"]) != ["code"]:
        return Unfit("response_types can be code alone")
    if not all(each in GRANTS for each in map(str, _listed(sent.get("grant_types")))):
        return Unfit(f"grant_types can be {', '.join(sorted(GRANTS))}")
    said = {name: value for name, value in sent.items() if name in TAKEN and value is not None}
    asked = str(sent.get("scope") or "").split() or SCOPES[:3]
    said |= {
        "client_id": client_id,
        "client_name": said.get("client_name", _NAME),
        "scope": " ".join(each for each in SCOPES if each in asked) or "openid",
        "consent": True,
        "groups": [],
    }
    problems = Problems()
    state = fill(State, {"apps": [said]}, problems)
    if state is None or problems.errors:
        return _unfit(problems.errors)
    around = Surroundings(
        folder=Path(), allowed_prefixes=(), country="", apps_with_secret={client_id}
    )
    judged = check(state, around, problems)
    entry: App = state.apps[0]
    return _unfit(problems.errors) if problems.errors else app_of(entry, judged, None)


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _unfit(problems: tuple[Problem, ...]) -> Unfit:
    """Say the first thing that is wrong; an address to come back to is told apart."""
    first = problems[0]
    where = first.where.removeprefix(_PLACE)
    return Unfit(f"{where}: {first.text}", of_redirect=where.startswith("redirect_uris"))


def _no_change(before: RelyingParty, asked: RelyingParty, sent: Mapping[str, Any]) -> Unfit | None:
    """Say why an entry may not become this one, or None.

    A secret that is sent along must be the app's (RFC 7592 section 2.2). Whoever had to show who
    they are goes on doing so: what the app was given is bound to nothing else.
    """
    secret = sent.get("client_secret")
    if secret is not None and lookup_hash(str(secret)) != before.secret_hash:
        return Unfit("client_secret is another one than that of this app")
    nobody = "none"  # the name of a way
    if asked.token_endpoint_auth_method == nobody != before.token_endpoint_auth_method:
        return Unfit("token_endpoint_auth_method cannot become none")
    return None


def _places(app: RelyingParty) -> frozenset[tuple[str, str]]:
    """Return the schemes and hosts that answers go to."""
    parts = (urlsplit(each) for each in app.redirect_uris)
    return frozenset((each.scheme, each.netloc) for each in parts)


async def _own(
    unit: Unit, client_id: str, access: str
) -> tuple[RelyingParty, datetime, Configuration] | NotAllowed:
    """Find the entry of whoever shows its access token, while nobody else has taken it over."""
    made = await unit.registrations.of(client_id, lookup_hash(access))
    if made is None:
        return NotAllowed()
    stored = await unit.configuration.load()
    app = stored.app(client_id)
    if app is None or stored.owners["app", client_id] != REGISTERED:
        return NotAllowed()
    return app, made, stored


async def _tell(unit: Unit, client_id: ClientId, change: str, now: datetime, actor: str) -> None:
    await unit.audit.write(
        ConfigurationChanged(
            at=now, actor=actor, kind="app", id=client_id, change=change, fields=()
        )
    )
