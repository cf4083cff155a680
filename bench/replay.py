"""What it costs to hold a draft of rules against the sign-ins of a month.

    .venv/bin/python -m bench.replay [SIGN_INS [RULES]]

A trail of that many sign-ins of 20,000 people in 200 units, replayed from its first page to its
last with a draft of that many rules: wall time, this process's CPU, and how much its memory grew.
"""

import asyncio
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta

from bench.house import DATABASES, database
from bench.measure import load
from portvakt.core.assurance import Aal
from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.events import SignInSucceeded
from portvakt.core.ids import AccountId, ClientId, GroupId, NetworkId, SessionId
from portvakt.core.people import AccountState
from portvakt.core.policy import Network, Require, Rule
from portvakt.core.replaying import Tally
from portvakt.proving.replaying import Replay
from portvakt.records import Configuration, Records, StoredPerson, Unit, open_records
from tests import make

SIGN_INS, RULES, PEOPLE, UNITS, APPS = 1_000_000, 200, 20_000, 200, 50
PASSWORD, TOTP = AuthenticatorType.PASSWORD, AuthenticatorType.TOTP
SINCE = make.NOW - timedelta(days=30)
_BATCH = 10_000
_FILL = "fill"


def person(number: int) -> StoredPerson:
    """Make one of many."""
    return StoredPerson(
        id=AccountId(f"id{number}"),
        source="hr",
        external_id=f"{number:06}",
        user_name=f"user{number}",
        email=f"user{number}@region.example",
        given_name="Kim",
        family_name="Holm",
        state=AccountState.ACTIVE,
        title="",
        unit=f"Enhet {number % UNITS}",
        created_at=SINCE,
        groups=frozenset({make.STAFF, GroupId(f"enhet-{number % UNITS}")}),
    )


def sign_in(number: int, of: int) -> SignInSucceeded:
    """Make one sign-in: two of three from inside, one of four with a second factor."""
    inside, strong = number % 3 != 0, number % 4 == 0
    return SignInSucceeded(
        at=SINCE + (number + 1) * timedelta(days=30) / (of + 1),
        account_id=AccountId(f"id{number * 7919 % PEOPLE}"),
        address=f"10.20.{number % 250}.7" if inside else f"203.0.{number % 199}.{number % 250}",
        request_id="7K3M-9XQP-2HD4",
        session_id=SessionId(f"session{number}"),
        app=ClientId(f"app{number % APPS}"),
        methods=(PASSWORD, TOTP) if strong else (PASSWORD,),
        aal=Aal.TWO if strong else Aal.ONE,
        rules=(),
        networks=(make.LAN,) if inside else (),
        known_browser=True,
        user_agent="Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0",
        asked=("multifactor",) if number % 8 == 0 else (),
        facts=("platform windows", "client_kind browser"),
    )


def rules(many: int) -> Iterator[Rule]:
    """Make a draft: rules for apps, groups and networks."""
    for number in range(many):
        kinds = (
            {"networks_not": {make.LAN}, "groups": {GroupId(f"enhet-{number % UNITS}")}},
            {"apps": {ClientId(f"app{number % APPS}")}, "networks_not": {make.LAN}},
            {"groups": {GroupId(f"enhet-{number % UNITS}")}, "networks": {NetworkId("other")}},
            {"groups_not": {make.STAFF}},
        )
        yield make.rule(Require.MULTIFACTOR, id=f"rule-{number:03}", **kinds[number % len(kinds)])


def draft(many: int) -> Configuration:
    """Make what the draft would be."""
    other = Network(NetworkId("other"), "Andra", ("10.99.0.0/16",))
    return Configuration(
        groups=frozenset({make.STAFF, *(GroupId(f"enhet-{each}") for each in range(UNITS))}),
        networks=(make.network(addresses=("10.20.0.0/16",)), other),
        rules=tuple(rules(many)),
        apps=tuple(make.app(client_id=ClientId(f"app{each}")) for each in range(APPS)),
        owners={},
    )


async def fill(url: str, sign_ins: int) -> None:
    """Store the people and their sign-ins."""
    records = await open_records(url, clock=lambda: make.NOW)
    try:
        await put_all(records, sign_ins)
    finally:
        await records.close()


async def put_all(records: Records, sign_ins: int) -> None:
    """Do it, so many at a time."""

    async def people(unit: Unit) -> None:
        everybody = [person(each) for each in range(PEOPLE)]
        await unit.people.upsert_many(everybody)
        await unit.people.set_groups_many({each.id: each.groups for each in everybody}, "hr")

    await records.write(people)
    for start in range(0, sign_ins, _BATCH):
        some = [sign_in(each, sign_ins) for each in range(start, min(start + _BATCH, sign_ins))]

        async def put(unit: Unit, some: list[SignInSucceeded] = some) -> None:
            await unit.audit.write_many(some)

        await records.write(put)


async def once(records: Records, configuration: Configuration) -> tuple[Tally, int]:
    """Replay, and say in how many parts progress was told."""
    told: list[int] = []
    run = Replay(
        records=records,
        draft=configuration,
        stored=configuration,
        now=make.NOW,
    )
    tally = await run.run(SINCE, lambda done, _: told.append(done))
    return tally, len(told)


async def measure(url: str, many: int) -> None:
    """Replay once, and print what that cost."""
    records = await open_records(url, clock=lambda: make.NOW)
    configuration = draft(many)
    try:
        before = resource.getrusage(resource.RUSAGE_SELF)
        began = time.perf_counter()
        tally, parts = await once(records, configuration)
        wall = time.perf_counter() - began
        after = resource.getrusage(resource.RUSAGE_SELF)
    finally:
        await records.close()
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(
        f"  {tally.sign_ins} sign-ins of {len(tally.people)} people, {many} rules: {wall:.1f} s, "
        f"{cpu:.1f} s CPU of ours ({cpu / tally.sign_ins * 1e6:.0f} µs each), "
        f"memory +{(after.ru_maxrss - before.ru_maxrss) / 1024:.0f} MB, told {parts} times"
    )
    changes = ", ".join(f"{change} {count}" for change, count in sorted(tally.changes.items()))
    print(f"  {changes}", flush=True)


def main() -> None:
    """Measure on both databases; what fills them is a process of its own, for its memory."""
    if sys.argv[1:2] == [_FILL]:
        asyncio.run(fill(sys.argv[2], int(sys.argv[3])))
        return
    sign_ins = int(sys.argv[1]) if len(sys.argv) > 1 else SIGN_INS
    many = int(sys.argv[2]) if len(sys.argv) > 2 else RULES
    for kind in DATABASES:
        with database(kind) as made:
            words = [sys.executable, "-m", "bench.replay", _FILL, made.url, str(sign_ins)]
            subprocess.run(words, check=True)
            made.settle()
            print(f"{kind} (load {load()})", flush=True)
            asyncio.run(measure(made.url, many))


if __name__ == "__main__":
    main()
