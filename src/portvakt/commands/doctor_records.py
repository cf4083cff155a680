"""What of an installation lies in the database: its version, its time, and whether work is done."""

import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from typing import Final

from portvakt.commands.doctor_break_glass import break_glass_lines
from portvakt.commands.doctor_devices import device_lines
from portvakt.commands.doctor_kerberos import kerberos_lines
from portvakt.commands.doctor_key_models import key_model_lines
from portvakt.commands.doctor_lines import DAY, Line, ok, warn, wrong
from portvakt.commands.doctor_rules import rule_lines
from portvakt.commands.doctor_sign_outs import CHANNEL, sign_out_lines
from portvakt.commands.opening import DEMO_MARK, is_embedded
from portvakt.commands.shell import Shell
from portvakt.core.events import SignInSucceeded
from portvakt.core.networks import block_of, is_too_wide
from portvakt.core.sign_in_events import place_of
from portvakt.core.text_budget import Room
from portvakt.proving.text_limits import not_taken, room_now
from portvakt.records import KeyState, Records, RecordsUnavailable, Unit, open_records
from portvakt.records.addresses import SqliteFile, address_of
from portvakt.records.migrate import SCHEMA_VERSION
from portvakt.records.unit import CLOCK_BOUND
from portvakt.settings import Settings
from portvakt.text_settings import text_limits

_SLOW: Final = timedelta(milliseconds=50)
_TRIES: Final = 5
_LATE, _TOO_LATE = timedelta(minutes=2), timedelta(minutes=15)
_UNSEALED: Final = timedelta(minutes=1)
_OLD_KEY: Final = 365 * DAY
_LATEST: Final = 2000
"""Events among which sign-ins are looked for: read by their key, whatever the trail holds."""
_ENOUGH: Final = 20
"""Sign-ins that tell something of where people come from."""


async def records_lines(settings: Settings, shell: Shell) -> list[Line]:
    """Look at the database, and at what it tells of the rest. Changes nothing."""
    database = address_of(settings.database_url)
    if isinstance(database, SqliteFile) and not database.path.exists():
        said = f"there is no database yet in {database.path}"
        return [wrong("database", said, "portvakt serve (it makes one), or portvakt migrate")]
    records = await open_records(settings.database_url, clock=shell.clock)
    try:
        return [each async for each in _looked(records, settings, shell)]
    except RecordsUnavailable as error:
        said = " ".join(str(error).split())
        mend = "start the database, and see that this machine reaches it: database_url"
        return [wrong("database", f"does not answer: {said}", mend)]
    finally:
        await records.close()


async def _looked(records: Records, settings: Settings, shell: Shell) -> AsyncIterator[Line]:
    version = await records.schema_version()
    if version is None or version < SCHEMA_VERSION:
        have = "has none of our tables" if version is None else f"is at {version}"
        yield wrong("database", f"{have}; this program needs {SCHEMA_VERSION}", "portvakt migrate")
        return
    if version > SCHEMA_VERSION:
        said = f"is at {version}, newer than the {SCHEMA_VERSION} of this program"
        yield warn("database", said, "upgrade this program as well")
    else:
        yield ok("database", f"answers, at {version}")
    yield await _speed(records)
    yield _clock(await records.clock_difference(), embedded=is_embedded(settings))
    now = shell.clock()
    looks = (_mark, _signing_keys, _outbox, sign_out_lines, _texts, _worker, break_glass_lines)
    more = (rule_lines, device_lines, kerberos_lines, key_model_lines, _networks, _places)
    for each in (*looks, *more):
        for line in await records.read(lambda unit, look=each: look(unit, settings, now)):
            yield line


async def _speed(records: Records) -> Line:
    slowest = 0.0
    for _ in range(_TRIES):
        began = time.perf_counter()
        await records.schema_version()
        slowest = max(slowest, time.perf_counter() - began)
    said = f"a question takes up to {slowest * 1000:.1f} ms; one that takes 3 s is given up"
    if slowest > _SLOW.total_seconds():
        return warn("database", said, "bring the database nearer, or give it more to work with")
    return ok("database", said)


def _clock(apart: timedelta, *, embedded: bool) -> Line:
    if embedded:
        return ok("clock", "the database is a file here and has no clock of its own")
    said = f"differs from the database's by {apart.total_seconds():.1f} s at least"
    if apart > CLOCK_BOUND:
        return wrong("clock", f"{said}: nothing is served", "timedatectl set-ntp true, on both")
    if apart > CLOCK_BOUND / 4:
        return warn("clock", said, "timedatectl set-ntp true, on both")
    return ok("clock", said)


async def _mark(unit: Unit, _settings: Settings, _now: datetime) -> list[Line]:
    if await unit.meta.get(DEMO_MARK) is None:
        return []
    said = "was made by `portvakt demo`, whose passwords are printed on a page"
    return [wrong("database", said, "set another database_url")]


async def _signing_keys(unit: Unit, _settings: Settings, now: datetime) -> list[Line]:
    check, keys = "signing keys", await unit.signing_keys.all()
    current = [each for each in keys if each.state is KeyState.CURRENT]
    if not current:
        return [ok(check, "there are none yet; the first start of `serve` makes them")]
    oldest = min(current, key=lambda each: each.changed_at)
    age = now - oldest.changed_at
    said = f"{', '.join(each.alg for each in current)}; the oldest signs for {age // DAY} days"
    if age > _OLD_KEY:
        return [warn(check, said, "portvakt rotate-keys signing")]
    return [ok(check, said)]


async def _outbox(unit: Unit, _settings: Settings, now: datetime) -> list[Line]:
    waiting = await unit.outbox.waiting()
    return list(_waiting(waiting, now)) or [ok("outbox", "no message waits")]


def _waiting(waiting: dict[str, tuple[int, datetime]], now: datetime) -> Iterator[Line]:
    for channel, (count, oldest) in sorted(waiting.items()):
        if channel == CHANNEL:  # an app may be down for long (`doctor_sign_outs`)
            continue
        age = now - oldest
        said = f"{count} for {channel}, the oldest for {age // timedelta(seconds=1)} s"
        mend = f"see that {channel} is reached (below), and that `portvakt work` runs"
        if age > _TOO_LATE:
            yield wrong("outbox", said, mend)
        else:
            yield warn("outbox", said, mend) if age > _LATE else ok("outbox", said)


async def _texts(unit: Unit, settings: Settings, now: datetime) -> list[Line]:
    if not settings.sms:
        return []
    left, sent = await room_now(unit, text_limits(settings), now)
    per_day = settings.texts.per_day
    said = f"{sent} of {per_day} texts of today are used"
    tried = await not_taken(unit, now)
    if tried:
        said = f"no gateway took any of the last {tried} texts; {said}"
        mend = "`portvakt messages`, and ask the operator about balance, sender and limits"
        return [wrong("texts", said, mend)]
    if left is Room.PLENTY:
        return [ok("texts", said)]
    mend = "find out who asks for them, or raise `[texts] per_day`; other ways are asked for first"
    return [(wrong if left is Room.NONE else warn)("texts", said, mend)]


async def _worker(unit: Unit, settings: Settings, now: datetime) -> list[Line]:
    """Tell from its traces whether anything does the background work: every event gets a seal."""
    lag = await unit.audit.sealer_lag(now)
    if lag <= _UNSEALED:
        return [ok("worker", "nothing waits for it")]
    said = f"the oldest event without a seal is {lag // timedelta(seconds=1)} s old"
    last = await unit.audit_chain.sealed_at()
    if last is not None and now - last <= _UNSEALED:
        working = f"{said}, and events are sealed right now"
        return [warn("worker", working, "wait: after an upgrade, the oldest come first")]
    mend = "portvakt serve" if is_embedded(settings) else "portvakt work"
    idle = "nothing was sealed in the last minute: nothing does the background work"
    return [wrong("worker", f"{said}, and {idle}", f"start {mend}")]


async def _networks(unit: Unit, _settings: Settings, _now: datetime) -> list[Line]:
    networks = (await unit.configuration.load()).networks
    wide = [
        each.id
        for each in networks
        if any(is_too_wide(block_of(block)) for block in each.addresses)
    ]
    if wide:
        said = f"{', '.join(wide)} holds more addresses than any organisation has: strangers are in"
        return [wrong("networks", said, "portvakt apply, with the organisation's own networks")]
    return [ok("networks", f"{len(networks)} named")]


async def _places(unit: Unit, _settings: Settings, now: datetime) -> list[Line]:
    """See from where people came today: where all came from one place, a proxy hides the rest."""
    networks = (await unit.configuration.load()).networks
    places = Counter(
        place_of(each.address, each.detail["networks"])
        for each in await unit.audit.latest(_LATEST)
        if each.name == SignInSucceeded.name and each.at > now - DAY
    )
    return [_judged(places, named=bool(networks))]


def _judged(places: Counter[str], *, named: bool) -> Line:
    check, total = "places", places.total()
    if total < _ENOUGH:
        return ok(check, f"{total} sign-ins in a day are too few to tell from where people come")
    said = f"of {total} sign-ins in a day, {places['inside']} came from a named network"
    mend = "see what the proxy sends: its word on the client in X-Forwarded-For, once, and only it"
    if places["unknown"] == total:
        return wrong(check, f"where {total} sign-ins in a day came from was not told", mend)
    if named and places["inside"] in {0, total}:
        return warn(check, said, mend)
    return ok(check, said)
