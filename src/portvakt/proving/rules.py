"""Conditional access as it stands now: rules, networks and apps, and what they say of a request."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from portvakt.core import break_glass
from portvakt.core.assurance import Evidence, Requirement, meets
from portvakt.core.facts import Facts, facts_told
from portvakt.core.ids import ClientId, NetworkId, RuleId
from portvakt.core.networks import Network
from portvakt.core.people import Account
from portvakt.core.policy import Decision, Outcome, Require, TraceLine, networks_of
from portvakt.core.relying_parties import RelyingParty
from portvakt.core.roles import Role
from portvakt.core.signals import (
    NOTHING_SEEN,
    NOWHERE,
    Action,
    Circumstances,
    ClientKind,
    Device,
    KnownFrom,
    Risk,
    Seen,
    Signals,
)
from portvakt.core.text_budget import Room
from portvakt.core.user_agents import platform_of
from portvakt.proving.text_limits import TextLimits, room_now
from portvakt.records.configuration import Configuration, CountryOf, no_country
from portvakt.records.grants import Grant
from portvakt.records.unit import Records, Unit

KEPT = timedelta(seconds=1)
"""How long a process may go on with rules that `apply` has replaced (rule R27 allows a minute)."""

READ_AGAIN = timedelta(seconds=50)
"""When all is read again though its version is the same: a node of the version before this one
writes none."""

ONLY_HERE = timedelta(hours=1)
"""How long what an app was given lives where it was enough only because of where the person was."""

ADMINISTERING: Final = Requirement(multifactor=True, phishing_resistant=True)
"""What nobody administers with less than."""
_ALWAYS: Final = TraceLine(
    RuleId("administering, always"), Outcome.APPLIED, Require.PHISHING_RESISTANT
)

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
    signals: Signals | None = None
    """What the rules looked at."""
    by_rules: Decision | None = None
    """What they asked by themselves, whatever the app asks for."""
    at_risk: tuple[Risk, ...] = ()
    """What was amiss and asks for more than the rules do, if anything was."""

    @property
    def told(self) -> Facts:
        """What the event of this decision tells, for whoever tries other rules on it later."""
        if self.signals is None or self.by_rules is None:
            return Facts(asked=(), facts=())
        return facts_told(self.signals, self.by_rules)

    def asking(self, more: Requirement, app: RelyingParty | None) -> "Verdict":
        """Return it with what an app asks for itself added to what the rules ask."""
        before = self.decision.requirement
        if app is None or before + more == before:
            return self
        line = TraceLine(
            RuleId(f"the app {app.client_id} itself"), Outcome.APPLIED, Require.MULTIFACTOR
        )
        decision = self.decision.asking_more(more, line)
        return replace(self, decision=decision, asked_by=app.client_name)

    def only_here(self, evidence: Collection[Evidence], now: datetime) -> bool:
        """Whether evidence that is enough here would not be at an address that says nothing."""
        if self.signals is None:
            return True
        there = decide(self.configuration, self.signals.outside())
        return there.blocked or not meets(evidence, there.requirement, now)

    @property
    def circumstances(self) -> Circumstances:
        """What is kept of where the person is, and with what, for calls of the app's own."""
        return NOWHERE if self.signals is None else self.signals.circumstances

    @property
    def is_break_glass(self) -> bool:
        """Whether it is of an account that nothing but its own demand holds for."""
        return self.signals is not None and Role.BREAK_GLASS in (self.signals.roles or ())

    @property
    def inside(self) -> bool:
        """Whether the address is on a network of the organisation."""
        return bool(self.networks)

    def reason(self, language: str) -> str:
        """Return the one line that says why, in the person's language, or nothing.

        Where the answer is no, it is a rule that said no that speaks.
        """
        asked = self.decision.refusing or self.decision.reasons
        return reason_of(self.configuration, asked, language)


@dataclass(frozen=True, slots=True)
class _Loaded:
    """What was read, when, and under which version."""

    at: datetime
    version: str
    configuration: Configuration

    def good(self, version: str, now: datetime) -> bool:
        return version == self.version and timedelta() <= now - self.at < READ_AGAIN


@dataclass(frozen=True, slots=True)
class AsOfNow:
    """What has become of the device and the browser in which an app was opened."""

    device: Device
    """Whose it is today (`proving.our_devices`)."""
    known: KnownFrom | None
    """None where the browser is known no more."""


class Rules:
    """One snapshot of the configuration; each second it is asked whether that is the newest."""

    def __init__(
        self,
        records: Records,
        texts: TextLimits | None = None,
        *,
        country_of: CountryOf = no_country,
        break_glass_at: Sequence[Network] = (),
    ) -> None:
        """Take the limits on texts where the snapshot is to say how many of them are left.

        `country_of` finds the country of an address, for rules that ask; `break_glass_at` is from
        where alone break-glass accounts may be used, if it names anything.
        """
        self._country_of = country_of
        self._break_glass_at = tuple(break_glass_at)
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
            read = await unit.configuration.load()
            read = replace(read, country_of=self._country_of, break_glass_at=self._break_glass_at)
            loaded = _Loaded(now, version, read)
            self._loaded = loaded
        found = loaded.configuration
        if self._texts is None:
            return found
        if self._room is None or not timedelta() <= now - self._room[0] < ROOM_KEPT:
            left, _ = await room_now(unit, self._texts, now)
            self._room = (now, left)
        return found if found.texts is self._room[1] else found.with_texts(self._room[1])

    def is_inside(self, address: str | None) -> bool:
        """Say whether an address is on a network of the organisation, as far as was read last."""
        return self._read is not None and bool(networks_of(address, self._read[1].networks))

    async def inside(self, address: str | None, now: datetime) -> bool:
        """Say whether an address is on a network of the organisation. Unknown is outside."""
        return bool(networks_of(address, (await self.current(now)).networks))

    async def judge(
        self,
        account: Account,
        app: ClientId | None,
        address: str | None,
        now: datetime,
        seen: Seen = NOTHING_SEEN,
    ) -> Verdict:
        """Evaluate every rule for this person, app, address, and what else the request shows."""
        return judge(await self.current(now), account, app, address, now, seen)


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
    seen: Seen = NOTHING_SEEN,
    *,
    action: Action = Action.SIGN_IN,
    client_kind: ClientKind | None = None,
) -> Verdict:
    """Evaluate the rules of a snapshot that the caller already has.

    `client_kind` is what the app's entry says where the caller does not know better.
    """
    networks = networks_of(address, configuration.networks)
    asked = configuration.rule_set.looks_at_countries
    signals = Signals(
        account_id=account.id,
        groups=account.groups,
        app=app,
        networks=networks,
        address_known=address is not None,
        at=now,
        device=seen.device,
        shown_device=seen.shown_device,
        known_for=_known_for(seen.known, now),
        known=seen.known,
        action=action,
        roles=account.roles,
        country=configuration.country_of(address) if asked else None,
        platform=platform_of(seen.user_agent),
        client_kind=client_kind or _kind(configuration, app),
        risk=seen.risk,
        fenced=account.break_glass and configuration.is_fenced(address),
    )
    decision = decide(configuration, signals)
    return Verdict(decision, networks, configuration, signals=signals, by_rules=decision)


def _known_for(known: KnownFrom | None, now: datetime) -> timedelta | None:
    """Return how long ago it was that a second factor was shown in a browser that is known now."""
    since = None if known is None else known.since_now(now)
    return None if since is None else now - since


def decide(configuration: Configuration, signals: Signals) -> Decision:
    """Decide by the rules of a snapshot, for facts that come from anywhere.

    The one way there is, for a request that somebody makes and for one that is only supposed.
    Whoever administers shows what phishing cannot take, whatever rules say (A088, ASVS 8.4.2).
    No rule counts for a break-glass account, and here is the one place that says so.
    """
    if Role.BREAK_GLASS in (signals.roles or ()):
        return break_glass.decision(here=not signals.fenced)
    decision = configuration.rule_set.decide(signals)
    if signals.action is not Action.ADMINISTER:
        return decision
    return decision.asking_more(ADMINISTERING, _ALWAYS)


def judge_later(
    configuration: Configuration,
    account: Account,
    app: ClientId,
    grant: Grant,
    today: AsOfNow,
    now: datetime,
) -> Verdict:
    """Evaluate the rules for an app that calls by itself, long after the person was there.

    The call comes from wherever the app runs, so its address and its name for itself say nothing of
    the person. What the person had when the app was opened counts still; where they were counts for
    as long as what hangs on it lives (`ONLY_HERE`), and after that they are outside. `today`
    is what has become of the device and the browser of that time.
    """
    then = grant.circumstances
    here = now - grant.created_at <= ONLY_HERE
    signals = Signals(
        account_id=account.id,
        groups=account.groups,
        app=app,
        networks=then.networks if here else frozenset(),
        address_known=True,
        at=now,
        device=today.device,
        known_for=_known_for(today.known, now),
        roles=account.roles,
        country=then.country if here else None,
        platform=then.platform,
        client_kind=then.client_kind or _kind(configuration, app),
    )
    decision = decide(configuration, signals)
    return Verdict(decision, signals.networks, configuration, signals=signals, by_rules=decision)


def kind_of(entry: RelyingParty) -> ClientKind:
    """Return in what way an app asks, as its entry says."""
    if entry.application_type == "native":
        return ClientKind.NATIVE
    only_guarded = entry.forward_auth_hosts and not entry.redirect_uris
    return ClientKind.PROXY if only_guarded else ClientKind.BROWSER


def _kind(configuration: Configuration, app: ClientId | None) -> ClientKind | None:
    """Return it for our own pages, too; None for an app that is gone."""
    entry = None if app is None else configuration.app(app)
    if entry is not None:
        return kind_of(entry)
    return ClientKind.BROWSER if app is None else None
