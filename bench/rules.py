"""What deciding costs: one sign-in held against 200 rules, and making the rules ready.

    PYTHONPATH=src python -m bench.rules

Prints microseconds: the median of many decisions for people and places that all differ, with what
their trace costs where somebody asks for it.
"""

import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TypeVar

from portvakt.core.asking import AnyOf, Own, Require
from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.conditions import Condition, Day, Hours, Known
from portvakt.core.ids import AccountId, ClientId, GroupId, NetworkId, RuleId
from portvakt.core.policy import Rule, RuleSet, RuleState
from portvakt.core.roles import Role
from portvakt.core.signals import Action, ClientKind, Device, Platform, Signals
from portvakt.zones import zone_of

RULES, PEOPLE, MOST = 200, 20_000, 40.0
"""The last is the limit, in microseconds."""
NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
GROUPS = [GroupId(f"group-{each}") for each in range(400)]
NETWORKS = [NetworkId(f"network-{each}") for each in range(40)]
APPS = [ClientId(f"app-{each}") for each in range(300)]
OFFICE = Hours(zone="Europe/Stockholm", days=frozenset(Day) - {Day.SUN}, begin=420, end=1080)
NIGHT = Hours(zone="Europe/Stockholm", begin=1320, end=360)
Name = TypeVar("Name", bound=str)
ASKS = (
    Require.MULTIFACTOR,
    Require.PHISHING_RESISTANT,
    Require.BLOCK,
    AnyOf((Require.OUR_DEVICE, Require.MULTIFACTOR)),
    AnyOf((Require.PASSWORDLESS, Own("no-texts", frozenset({AuthenticatorType.TOTP})))),
)


def _some(chance: Random, names: list[Name], most: int) -> frozenset[Name]:
    return frozenset(chance.sample(names, chance.randint(1, most)))


def rule(chance: Random, number: int) -> Rule:
    """Make a rule such as organisations have, about a few groups, apps and places."""
    when = Condition(
        groups=_some(chance, GROUPS, 5) if chance.random() < 3 / 4 else frozenset(),
        apps=_some(chance, APPS, 5) if chance.random() < 1 / 2 else frozenset(),
        networks_not=_some(chance, NETWORKS, 3) if chance.random() < 1 / 2 else frozenset(),
        groups_not=_some(chance, GROUPS, 2) if chance.random() < 1 / 5 else frozenset(),
        countries_not=frozenset({"SE", "NO"}) if chance.random() < 1 / 5 else frozenset(),
        platforms=frozenset({Platform.WINDOWS}) if chance.random() < 1 / 10 else frozenset(),
        times=frozenset({chance.choice([OFFICE, NIGHT])})
        if chance.random() < 1 / 5
        else frozenset(),
    )
    return Rule(
        id=RuleId(f"rule-{number:03}"),
        state=RuleState.REPORT_ONLY if chance.random() < 1 / 10 else RuleState.ON,
        when=when,
        require=chance.choice(ASKS),
        sign_in_every=timedelta(hours=8) if chance.random() < 1 / 10 else None,
    )


def somebody(chance: Random) -> Signals:
    """Make one sign-in."""
    return Signals(
        account_id=AccountId(f"account-{chance.randrange(PEOPLE)}"),
        groups=frozenset(chance.sample(GROUPS, 20)),
        app=chance.choice([None, *APPS]),
        networks=frozenset(chance.sample(NETWORKS, chance.randint(0, 2))),
        address_known=True,
        at=NOW + timedelta(seconds=chance.randrange(86_400)),
        device=chance.choice(list(Device)),
        action=Action.SIGN_IN,
        roles=frozenset({Role.SUPPORT} if chance.random() < 1 / 50 else ()),
        country=chance.choice(["SE", "SE", "SE", "DE", None]),
        platform=chance.choice(list(Platform)),
        client_kind=ClientKind.BROWSER,
    )


def microseconds(act: Callable[[Signals], object], who: list[Signals]) -> list[float]:
    """Time each act by itself."""
    found = []
    for each in who:
        begun = time.perf_counter_ns()
        act(each)
        found.append((time.perf_counter_ns() - begun) / 1000)
    return sorted(found)


def main() -> int:
    """Measure and print; 1 where the limit is not held."""
    chance = Random(5300)  # noqa: S311  # the same rules and people in every run
    rules = [rule(chance, number) for number in range(RULES)]
    known = Known(
        groups=frozenset(GROUPS),
        networks=frozenset(NETWORKS),
        apps=frozenset(APPS),
        zone_of=zone_of,
    )
    begun = time.perf_counter()
    ready = RuleSet(rules, known)
    made = (time.perf_counter() - begun) * 1000
    who = [somebody(chance) for _ in range(PEOPLE)]
    deciding = microseconds(ready.decide, who)
    telling = microseconds(lambda each: ready.decide(each).trace, who[:500])
    asking = sum(bool(ready.decide(each).reasons) for each in who)
    print(f"{RULES} rules made ready in {made:.1f} ms; {asking / PEOPLE:.0%} of people are asked")
    for name, found in (("decide", deciding), ("decide and tell", telling)):
        high = found[int(len(found) * 0.99)]
        print(f"{name}: median {statistics.median(found):.1f} µs, 99 % within {high:.1f} µs")
    return statistics.median(deciding) > MOST


if __name__ == "__main__":
    sys.exit(main())
