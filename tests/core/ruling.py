"""Rules, facts and askings of every kind, drawn for properties."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from portvakt.core.asking import AllOf, AnyOf, Ask, Own, Require
from portvakt.core.assurance import meets
from portvakt.core.authenticators import SECOND_FACTORS, AuthenticatorType
from portvakt.core.conditions import Condition, Day, Hours, Known
from portvakt.core.ids import AccountId, ClientId, GroupId, NetworkId, RuleId
from portvakt.core.policy import Decision, Rule, RuleSet, RuleState
from portvakt.core.roles import Role
from portvakt.core.signals import Action, ClientKind, Device, Platform, Risk, Signals
from tests import make
from tests.make import ANNA, LAN, NOW, SHOP, STAFF

STOCKHOLM = "Europe/Stockholm"
EVA = AccountId("eva")


def zones(name: str) -> tzinfo | None:
    return ZoneInfo(name) if name == STOCKHOLM else None


KNOWN = Known(
    groups=frozenset({STAFF, GroupId("ekonomi")}),
    networks=frozenset({LAN, NetworkId("vpn")}),
    apps=frozenset({SHOP, ClientId("journal")}),
    people={"anna": ANNA, "eva": EVA},
    zone_of=zones,
)
NIGHT = Hours(zone=STOCKHOLM, begin=22 * 60, end=6 * 60)
OFFICE = Hours(
    zone=STOCKHOLM,
    days=frozenset({Day.MON, Day.TUE, Day.WED, Day.THU, Day.FRI}),
    begin=7 * 60,
    end=18 * 60,
)
NAMES: dict[str, Sequence[Any]] = {
    "networks": ("lan", "vpn", "borta"),
    "groups": ("alla", "ekonomi", "borta"),
    "apps": ("shop", "journal", "portvakt", "borta"),
    "people": ("anna", "eva", "borta"),
    "roles": tuple(Role),
    "actions": tuple(Action),
    "countries": ("SE", "NO"),
    "devices": tuple(Device),
    "platforms": tuple(Platform),
    "client_kinds": tuple(ClientKind),
    "risks": tuple(set(Risk) - {Risk.UNKNOWN}),
    "times": (NIGHT, OFFICE, Hours(zone="Borta/Borta")),
}
"""What rules name of each kind, with something that does not exist where that can be."""


def some(kind: str) -> st.SearchStrategy[frozenset[Any]]:
    drawn = st.frozensets(st.sampled_from(NAMES[kind]), max_size=2)
    return st.one_of(*[st.just(frozenset())] * 5, drawn)


conditions = st.builds(
    Condition, **{name: some(kind) for kind in NAMES for name in (kind, f"{kind}_not")}
)
methods = st.frozensets(st.sampled_from(sorted(SECOND_FACTORS)), min_size=1, max_size=2)
words = st.one_of(
    st.sampled_from(Require), st.builds(Own, st.sampled_from(["strong", "no-texts"]), methods)
)
asks: st.SearchStrategy[Ask] = st.recursive(
    words,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda of: AnyOf(tuple(of))),
        st.lists(inner, min_size=1, max_size=3).map(lambda of: AllOf(tuple(of))),
    ),
    max_leaves=4,
)
times = st.one_of(st.none(), st.sampled_from([timedelta(hours=each) for each in (1, 8, 24)]))
rules = st.builds(
    Rule,
    id=st.sampled_from("abcdefgh").map(RuleId),
    state=st.sampled_from(RuleState),
    when=conditions,
    require=asks,
    sign_in_every=times,
    session_at_most=times,
    remember=times,
)
rule_lists = st.lists(rules, max_size=6, unique_by=lambda each: each.id)
moments = st.datetimes(
    min_value=datetime(2026, 1, 1),  # noqa: DTZ001  # hypothesis adds the zone
    max_value=datetime(2026, 12, 31),  # noqa: DTZ001
    timezones=st.just(UTC),
)
situations = st.builds(
    make.signals,
    account_id=st.sampled_from([ANNA, EVA]),
    groups=st.frozensets(st.sampled_from(["alla", "ekonomi"])),
    app=st.sampled_from([None, "shop", "journal"]),
    networks=st.frozensets(st.sampled_from(["lan", "vpn"])),
    address_known=st.just(value=True),
    at=moments,
    device=st.sampled_from(Device),
    known_for=st.one_of(st.none(), st.sampled_from([timedelta(hours=each) for each in (0, 2, 9)])),
    action=st.sampled_from(Action),
    roles=st.frozensets(st.sampled_from(Role)),
    country=st.sampled_from(["SE", "NO"]),
    platform=st.sampled_from(Platform),
    client_kind=st.sampled_from(ClientKind),
    risk=st.frozensets(st.sampled_from(sorted(set(Risk) - {Risk.UNKNOWN}))),
)
UNKNOWN: dict[str, dict[str, Any]] = {
    "networks": {"networks": frozenset(), "address_known": False},
    "roles": {"roles": None},
    "countries": {"country": None},
    "platforms": {"platform": None},
    "client_kinds": {"client_kind": None},
    "risks": {"risk": frozenset({Risk.UNKNOWN})},
}
"""How each fact is written that may be unknown."""
evidence = st.frozensets(st.sampled_from(AuthenticatorType)).map(
    lambda kinds: [make.evidence(each, at=NOW) for each in sorted(kinds)]
)


def decide(rules: Sequence[Rule], signals: Signals | None = None) -> Decision:
    return RuleSet(rules, KNOWN).decide(make.signals() if signals is None else signals)


def unknowing(signals: Signals, kind: str) -> Signals:
    return replace(signals, **UNKNOWN[kind])


def opens(decision: Decision, shown: Sequence[Any]) -> bool:
    """Whether somebody who shows this gets in."""
    return not decision.blocked and meets(shown, decision.requirement, NOW)


def no_stricter(one: Decision, other: Decision) -> bool:
    """Whether one asks for nothing that the other does not ask for, term by term."""
    less, more = one.requirement, other.requirement
    limits = [
        (less.max_age, more.max_age),
        (one.session_at_most, other.session_at_most),
    ]
    return (
        one.blocked <= other.blocked
        and less.multifactor <= more.multifactor
        and less.phishing_resistant <= more.phishing_resistant
        and less.any_of <= more.any_of
        and all(a is None or (b is not None and b <= a) for a, b in limits)
    )
