"""Apps that an operator makes one at a time, beside those that files own.

They have an owner of their own, so that no file changes or prunes them, and they are judged by the
rules that files are judged by (ADR 42).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from portvakt.core.events import ConfigurationChanged
from portvakt.core.ids import ClientId, GroupId
from portvakt.core.registration import REGISTERED
from portvakt.core.relying_parties import BY_SECRET, RelyingParty
from portvakt.core.secret import Secret
from portvakt.crypto.digests import lookup_hash
from portvakt.crypto.randomness import Random
from portvakt.journeys.apply_state.checks import Surroundings, check
from portvakt.journeys.apply_state.document import State
from portvakt.journeys.apply_state.plan import OWNER
from portvakt.journeys.apply_state.wanted import app_of
from portvakt.records import Configuration, Records, Unit
from portvakt.strict_toml import Problem, Problems, fill

BY_HAND: Final = "cli"
"""Whose the rows are of apps that `portvakt app` made."""


@dataclass(frozen=True, slots=True)
class Refused:
    """It was not done, and nothing was changed; each line says a reason."""

    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Made:
    """The app as it is now stored, and its new secret, which is known nowhere else."""

    app: RelyingParty
    secret: Secret | None


@dataclass(frozen=True, slots=True)
class AppsByHand:
    """Makes, changes and removes one app, in one transaction with its event."""

    records: Records
    random: Random
    actor: str
    own_hosts: frozenset[str] = frozenset()
    """The names that we answer at ourselves."""

    async def add(self, entry: Mapping[str, Any], now: datetime) -> Made | Refused:
        """Make an app from the fields of an entry (RFC 7591 names, as in a file).

        Where it shows a secret, one is drawn; an entry names no file of its own.
        """
        problems = Problems()
        state = fill(State, {"apps": [dict(entry)]}, problems)
        if state is None or problems.errors:
            return _refused(problems.errors)
        asked = state.apps[0]
        keeps = asked.token_endpoint_auth_method in BY_SECRET
        secret = Secret(self.random.secret()) if keeps else None

        async def act(unit: Unit) -> Made | Refused:
            await unit.turn("apply")
            stored = await unit.configuration.load()
            if stored.app(asked.client_id) is not None:
                return Refused((f"there is an app “{asked.client_id}” already",))
            if unknown := sorted(set(asked.groups) - stored.groups):
                return Refused(tuple(_no_group(each, stored) for each in unknown))
            fresh = Problems()
            judged = check(state, _around(stored, asked.client_id, self.own_hosts), fresh)
            if fresh.errors:
                return _refused(fresh.errors)
            app = app_of(asked, judged, None)
            if secret is not None:
                app = replace(app, secret_hash=lookup_hash(secret.open()))
            await unit.icons.put(judged.icons.values())
            await unit.configuration.put_apps([app], BY_HAND)
            await self._tell(unit, app.client_id, "created", now)
            return Made(app, secret)

        return await self.records.write(act)

    async def new_secret(self, client_id: str, keep: timedelta, now: datetime) -> Made | Refused:
        """Draw a new secret; the one before counts for `keep` longer, then no more.

        An app of a file gets one too: files that name no secret leave the stored one as it is.
        """
        secret = Secret(self.random.secret())

        async def act(unit: Unit) -> Made | Refused:
            await unit.turn("apply")
            stored = await unit.configuration.load()
            app = stored.app(client_id)
            if app is None:
                return _no_app(client_id)
            if app.token_endpoint_auth_method not in BY_SECRET:
                way = app.token_endpoint_auth_method
                return Refused((f"“{client_id}” shows no secret (it is registered as “{way}”)",))
            until = int((now + keep).timestamp())
            changed = replace(
                app,
                secret_hash=lookup_hash(secret.open()),
                old_secret_hash=app.secret_hash if keep else None,
                old_secret_until=until if keep else 0,
            )
            await unit.configuration.put_apps([changed], stored.owners["app", client_id])
            await self._tell(unit, app.client_id, "changed", now, "client_secret")
            return Made(changed, secret)

        return await self.records.write(act)

    async def remove(self, client_id: str, now: datetime) -> RelyingParty | Refused:
        """Remove an app that no file owns and that no rule names, with all that it holds."""

        async def act(unit: Unit) -> RelyingParty | Refused:
            await unit.turn("apply")
            stored = await unit.configuration.load()
            found = _by_hand(stored, client_id, "take it out of the file and `apply --prune`")
            if isinstance(found, Refused):
                return found
            if naming := _rules_naming(stored, found.client_id):
                return Refused(tuple(f"the rule “{each}” names it" for each in naming))
            await unit.configuration.remove_apps([found.client_id], stored.owners["app", client_id])
            await unit.registrations.remove(client_id)
            await unit.grants.revoke_of_apps([found.client_id], now)
            await unit.consents.forget_apps([found.client_id])
            await self._tell(unit, found.client_id, "removed", now)
            return found

        return await self.records.write(act)

    async def open_to(
        self, client_id: str, groups: Sequence[str], now: datetime
    ) -> RelyingParty | Refused:
        """Say who may open an app that no file owns: these groups, and no others."""

        async def act(unit: Unit) -> RelyingParty | Refused:
            await unit.turn("apply")
            stored = await unit.configuration.load()
            found = _by_hand(stored, client_id, "say it in the file")
            if isinstance(found, Refused):
                return found
            if unknown := sorted(set(groups) - stored.groups):
                return Refused(tuple(_no_group(each, stored) for each in unknown))
            app = replace(found, groups=frozenset(GroupId(each) for each in groups))
            await unit.configuration.put_apps([app], stored.owners["app", client_id])
            await self._tell(unit, app.client_id, "changed", now, "groups")
            return app

        return await self.records.write(act)

    async def hand_over(self, client_id: str, now: datetime) -> RelyingParty | Refused:
        """Let files own the app from now on; it keeps its secret."""

        async def act(unit: Unit) -> RelyingParty | Refused:
            await unit.turn("apply")
            stored = await unit.configuration.load()
            found = _by_hand(stored, client_id, "there is nothing to hand over")
            if isinstance(found, Refused):
                return found
            await unit.configuration.remove_apps([found.client_id], stored.owners["app", client_id])
            await unit.registrations.remove(client_id)
            await unit.configuration.put_apps([found], OWNER)
            await self._tell(unit, found.client_id, "changed", now, "owner")
            return found

        return await self.records.write(act)

    async def _tell(
        self, unit: Unit, client_id: ClientId, change: str, now: datetime, *fields: str
    ) -> None:
        event = ConfigurationChanged(
            at=now, actor=self.actor, kind="app", id=client_id, change=change, fields=fields
        )
        await unit.audit.write(event)


def _by_hand(stored: Configuration, client_id: str, instead: str) -> RelyingParty | Refused:
    """Find an app that no file owns; say what to do with one of a file."""
    app = stored.app(client_id)
    if app is None:
        return _no_app(client_id)
    owner = stored.owners["app", client_id]
    if owner == OWNER:
        return Refused((f"a file owns “{client_id}”: {instead}",))
    if owner not in {BY_HAND, REGISTERED}:
        return Refused((f"“{client_id}” belongs to {owner}",))
    return app


def _rules_naming(stored: Configuration, client_id: ClientId) -> list[str]:
    return [rule.id for rule in stored.rules if client_id in rule.when.apps | rule.when.apps_not]


def _around(stored: Configuration, client_id: str, own_hosts: frozenset[str]) -> Surroundings:
    """Judge against what is stored; a secret is drawn here, so that none is missing."""
    return Surroundings(
        folder=Path(),
        allowed_prefixes=(),
        country="",
        groups=stored.groups,
        apps_with_secret={client_id},
        hosts={host: each.client_id for host, each in stored.by_host.items()},
        links={each.id for each in stored.links},
        own_hosts=own_hosts,
    )


def _no_app(client_id: str) -> Refused:
    return Refused((f"there is no app “{client_id}”; `portvakt app list` names them",))


def _no_group(group: str, stored: Configuration) -> str:
    known = ", ".join(sorted(stored.groups)[:20]) or "none yet"
    return f"there is no group “{group}”; known are {known}"


def _refused(problems: tuple[Problem, ...]) -> Refused:
    """Say what is wrong as a person would, without the place in a file that there is not."""
    said = [f"{each.where.removeprefix('apps[1].')} {each.text}" for each in problems]
    return Refused(tuple(dict.fromkeys(said)))
