"""Conditional access as it stands now: rules, networks and apps, and what they say of a request."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from portvakt.core.assurance import Requirement
from portvakt.core.ids import ClientId, NetworkId, RuleId
from portvakt.core.people import Account
from portvakt.core.policy import Decision, Outcome, Require, TraceLine, evaluate, networks_of
from portvakt.core.relying_parties import RelyingParty
from portvakt.core.signals import Signals
from portvakt.core.text_budget import Room
from portvakt.proving.text_limits import TextLimits, room_now
from portvakt.records.configuration import Configuration
from portvakt.records.unit import Records, Unit

KEPT = timedelta(seconds=1)
"""How long a process may go on with rules that `apply` has replaced (rule R27 allows a minute)."""

READ_AGAIN = timedelta(seconds=50)
"""When all is read again though its version is the same: a node of the version before this one
writes none."""

ROOM_KEPT = timedelta(seconds=5)
"""How long it may be unknown that texts run short: it decides what is asked for first, and the
limit itself is counted with each text."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rules say of one person, one app and one address, and what they looked at."""

    decision: Decision
    networks: frozenset[NetworkId]
    configuration: Configuration
    asked_by: str = ""
    """The name of the app that asks for more than the rules do, if it does."""

    def asking(self, more: Requirement, app: RelyingParty | None) -> "Verdict":
        """Return it with what an app asks for itself added to what the rules ask."""
        before = self.decision.requirement
        both = before + more
        if app is None or both == before:
            return self
        line = TraceLine(
            RuleId(f"the app {app.client_id} itself"), Outcome.APPLIED, Require.MULTIFACTOR
        )
        decision = replace(self.decision, requirement=both, trace=(*self.decision.trace, line))
        return replace(self, decision=decision, asked_by=app.client_name)

    @property
    def inside(self) -> bool:
        """Whether the address is on a network of the organisation."""
        return bool(self.networks)

    def reason(self, language: str) -> str:
        """Return the one line that says why, in the person's language, or nothing.

        Where the answer is no, it is a rule that said no that speaks.
        """
        asked = self.decision.reasons
        if self.decision.blocked:
            rules = self.configuration.rules
            no = {each.id for each in rules if each.require is Require.BLOCK}
            asked = tuple(rule for rule in asked if rule in no)
        return reason_of(self.configuration, asked, language)


@dataclass(frozen=True, slots=True)
class _Loaded:
    """What was read, when, and under which version."""

    at: datetime
    version: str
    configuration: Configuration

    def good(self, version: str, now: datetime) -> bool:
        return version == self.version and timedelta() <= now - self.at < READ_AGAIN


class Rules:
    """One snapshot of the configuration; each second it is asked whether that is the newest."""

    def __init__(self, records: Records, texts: TextLimits | None = None) -> None:
        """Take the limits on texts where the snapshot is to say how many of them are left."""
        self._records = records
        self._texts = texts
        self._room: tuple[datetime, Room] | None = None
        self._read: tuple[datetime, Configuration] | None = None
        self._loaded: _Loaded | None = None

    async def current(self, now: datetime) -> Configuration:
        """Return the configuration, at most a second old. Raises RecordsUnavailable."""
        if self._read is not None and timedelta() <= now - self._read[0] < KEPT:
            return self._read[1]
        return await self.newest(now)

    async def newest(self, now: datetime) -> Configuration:
        """Return the configuration, asked for just now. Raises RecordsUnavailable."""
        found = await self._records.read(lambda unit: self.within(unit, now))
        self._read = (now, found)
        return found

    async def within(self, unit: Unit, now: datetime) -> Configuration:
        """Return the configuration as an act sees it."""
        version = await unit.configuration.version()  # before the rest: never newer than that
        loaded = self._loaded
        if loaded is None or not loaded.good(version, now):
            loaded = _Loaded(now, version, await unit.configuration.load())
            self._loaded = loaded
        found = loaded.configuration
        if self._texts is None:
            return found
        if self._room is None or not timedelta() <= now - self._room[0] < ROOM_KEPT:
            left, _ = await room_now(unit, self._texts, now)
            self._room = (now, left)
        return found if found.texts is self._room[1] else replace(found, texts=self._room[1])

    def is_inside(self, address: str | None) -> bool:
        """Say whether an address is on a network of the organisation, as far as was read last."""
        return self._read is not None and bool(networks_of(address, self._read[1].networks))

    async def inside(self, address: str | None, now: datetime) -> bool:
        """Say whether an address is on a network of the organisation. Unknown is outside."""
        return bool(networks_of(address, (await self.current(now)).networks))

    async def judge(
        self, account: Account, app: ClientId | None, address: str | None, now: datetime
    ) -> Verdict:
        """Evaluate every rule for this person, app and address."""
        return judge(await self.current(now), account, app, address, now)


def reason_of(configuration: Configuration, asked: Iterable[RuleId], language: str) -> str:
    """Return what the first of these rules that says something says; nothing if none does."""
    by_id = {each.id: each for each in configuration.rules}
    for rule in asked:
        said = by_id[rule].reason if rule in by_id else {}
        text = said.get(language) or next(iter(said.values()), "")
        if text:
            return text
    return ""


def judge(
    configuration: Configuration,
    account: Account,
    app: ClientId | None,
    address: str | None,
    now: datetime,
) -> Verdict:
    """Evaluate the rules of a snapshot that the caller already has."""
    networks = networks_of(address, configuration.networks)
    signals = Signals(
        account_id=account.id,
        groups=account.groups,
        app=app,
        networks=networks,
        address_known=address is not None,
        at=now,
    )
    decision = evaluate(
        configuration.rules,
        signals,
        known_groups=configuration.groups,
        known_networks=configuration.known_networks,
        known_apps=configuration.known_apps,
    )
    return Verdict(decision, networks, configuration)
