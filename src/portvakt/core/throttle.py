"""How many wrong answers are taken before we stop listening."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from portvakt.core.authenticators import AuthenticatorType


class Familiarity(StrEnum):
    """From where a password is tried.

    Each has a count of its own, so that a stranger's guesses stop strangers and not the person
    (A010). It gives no right.
    """

    KNOWN = "known"
    """A browser in which this account has signed in before."""
    INSIDE = "inside"
    """Another browser on one of the organisation's networks."""
    UNFAMILIAR = "unfamiliar"
    ANY = "any"
    """One count for all: second factors, which are asked for after the password."""


class Kind(StrEnum):
    """What is counted."""

    PASSWORD = "password"  # noqa: S105  # the name of a kind, not a password
    PASSKEY = "passkey"
    TOTP = "totp"
    HARDWARE_TOKEN = "hardware_token"  # noqa: S105  # the name of a kind
    SMS_CODE = "sms_code"
    RECOVERY_CODE = "recovery_code"
    START_CODE = "start_code"
    PUSH = "push"
    """A request to a phone after the password; what is counted is the asking, not an answer."""
    PUSH_FIRST = "push_first"
    """The same before any password: anybody who knows a name can ask."""
    UNPROVEN = "unproven"
    """A second factor tried before any password was proved, from one address."""
    UNPROVEN_ALL = "unproven_all"
    """The same from every address together."""
    RESET = "reset"
    """A proof tried where a password is reset. Closes the reset of one person and no sign-in."""
    RESET_ASKED = "reset_asked"
    """A text or a phone's request asked for there: what reaches the person is what annoys."""
    NEW_PHONE_ASKED = "new_phone_asked"
    """People asked to stand up for somebody with a new phone: all that the person has is told."""
    VOUCHED = "vouched"
    """People whom somebody stood up for."""
    DIRECTORY = "directory"
    """Passwords that reach a directory, from everywhere together: it counts them, too."""
    DEVICE_CODE = "device_code"
    """A device's code, typed by somebody who is signed in: a guessed one lets it in as them."""
    DEVICE_PLACE = "device_place"
    """The same from one client address, or in one browser, over all accounts."""
    DEVICE_ASKED = "device_asked"
    """Devices that ask for a code, from one client address."""
    ADDRESS = "address"
    """One client address, over all accounts."""
    ADDRESS_INSIDE = "address_inside"


@dataclass(frozen=True, slots=True)
class Limit:
    """When tries of one kind are stopped. A try is counted before it is checked."""

    run: int
    """Tries in a row after which a stop begins; the last of them is still checked."""
    stop: timedelta
    per_day: int | None = None
    """Tries in the 24 hours from the first of them."""
    disable_at: int | None = None
    """Consecutive failures at which the method is disabled and must be bound anew."""
    window: timedelta | None = None
    """A run older than this, counted from its first try, starts over. None: it never does."""
    most: int | None = None
    """Tries since the last right one, after which no more are taken. Nothing is disabled: a right
    one in the same count opens it again."""

    def within(self, total: int) -> bool:
        """Whether so many tries since the last right one still leave this one allowed."""
        return all(bound is None or total <= bound for bound in (self.disable_at, self.most))


@dataclass(frozen=True, slots=True)
class Count:
    """What a try found, and what is stored for the next one."""

    allowed: bool
    run: int
    day: int
    total: int
    stopped_until: datetime | None
    run_started: datetime
    day_started: datetime


_DAY = timedelta(days=1)
_STOP = timedelta(minutes=15)

_SECOND_FACTOR = Limit(run=10, stop=_STOP, per_day=20, disable_at=100)
"""NIST SP 800-63B-4 section 3.2.2 allows 100 consecutive failures and then wants the method
disabled; OWASP ASVS 6.6.3. With a window of three codes: one guess in 15,000 a day succeeds."""

_PUSH = Limit(run=3, stop=timedelta(minutes=10), window=timedelta(minutes=10), most=10)
"""ASVS 6.6.4, A031: three reach the phone, then none for ten minutes; ten in all until one is
right. Counted for each familiarity apart, so that a stranger's never stop the person's (R26)."""

LIMITS: Mapping[Kind, Limit] = MappingProxyType(
    {
        # ASVS 6.1.1: a soft lock, kept apart for each familiarity so that it locks nobody out
        Kind.PASSWORD: Limit(run=10, stop=_STOP),
        # nobody guesses a signature: what is held back is the work, and no key is ever switched off
        Kind.PASSKEY: Limit(run=10, stop=_STOP),
        Kind.TOTP: _SECOND_FACTOR,
        Kind.HARDWARE_TOKEN: _SECOND_FACTOR,
        Kind.SMS_CODE: _SECOND_FACTOR,
        # printed and handed-out codes cannot be bound anew by themselves, and have 65 bits or more
        Kind.RECOVERY_CODE: _SECOND_FACTOR,
        Kind.START_CODE: _SECOND_FACTOR,
        Kind.PUSH: _PUSH,
        Kind.PUSH_FIRST: _PUSH,
        # a stranger's guesses must never reach the count that switches a method off
        Kind.UNPROVEN: Limit(run=5, stop=_DAY, window=_DAY),
        # over all addresses; more than one stranger can use up, so that none keeps the person out.
        # A right guess opens no more than a try at the password
        Kind.UNPROVEN_ALL: Limit(run=50, stop=_DAY, window=_DAY),
        # one guess in 67,000 a day with a window of three codes, and no weapon against sign-in
        Kind.RESET: Limit(run=5, stop=_DAY, window=_DAY),
        # A082: three reach the person, then none for ten minutes
        Kind.RESET_ASKED: Limit(
            run=3, stop=timedelta(minutes=10), per_day=10, window=timedelta(minutes=10)
        ),
        Kind.NEW_PHONE_ASKED: Limit(run=5, stop=_DAY, window=_DAY),
        # a manager on a day with many new phones, and no stamp that says yes to whatever comes
        Kind.VOUCHED: Limit(run=10, stop=_DAY, window=_DAY),
        # until a directory has said how it locks; then `directory_limits`
        Kind.DIRECTORY: Limit(run=2, stop=timedelta(minutes=30)),
        # RFC 8628 section 5.1: right ones give their try back, so only guesses add up
        Kind.DEVICE_CODE: Limit(run=5, stop=_STOP, per_day=20),
        Kind.DEVICE_PLACE: Limit(run=20, stop=_STOP, window=_STOP),
        Kind.DEVICE_ASKED: Limit(run=60, stop=timedelta(minutes=5), window=timedelta(minutes=5)),
        Kind.ADDRESS: Limit(run=30, stop=timedelta(minutes=5), window=timedelta(minutes=5)),
        # behind one address of the organisation sit many people
        Kind.ADDRESS_INSIDE: Limit(run=600, stop=timedelta(minutes=5), window=timedelta(minutes=5)),
    }
)


@dataclass(frozen=True, slots=True)
class DirectoryLimits:
    """How many wrong passwords are passed on to directories that lock accounts themselves."""

    first: Limit
    """From everywhere together; then a second factor must come first."""
    proven: Limit
    """After that second factor: what was kept back for whoever can show one."""


def directory_limits(
    locked_after: int | None, forgotten_after: timedelta | None
) -> DirectoryLimits | None:
    """Say how many tries are passed on, so that a directory locks nobody out through us.

    `locked_after` wrong ones in a row lock an account, and each is forgotten `forgotten_after` the
    last; None: only by a right one. Three are kept back: two for whoever shows a second factor
    first, and one so that the lock itself is never reached. At least one of each is passed on,
    which a directory that locks after fewer than four does not stand (`doctor` warns under six).
    None where no account is ever locked.
    """
    if locked_after is None:
        return None
    first = max(1, locked_after - _KEPT_BACK)
    proven = min(max(1, locked_after - 1 - first), _KEPT_BACK - 1)
    stop = _DAY if forgotten_after is None else max(_STOP, forgotten_after)
    return DirectoryLimits(
        first=Limit(run=first, stop=stop, most=first if forgotten_after is None else None),
        proven=Limit(run=proven, stop=stop),
    )


_KEPT_BACK = 3
DIRECTORY_UNKNOWN = DirectoryLimits(LIMITS[Kind.DIRECTORY], LIMITS[Kind.DIRECTORY])
"""Until a directory has said how it locks: for one that does so after five."""

DELAY_FROM = 5
"""Wrong passwords in a row after which each answer is held back a little."""


def counted(previous: Count | None, limit: Limit, now: datetime) -> Count:
    """Count one try, before it is checked, and say whether it may be checked.

    While a stop lasts nothing is counted. When it has passed, the run starts over; the count of
    the day and the total go on. The reference for the one statement that does this in
    `records.attempts`, which must agree with it.
    """
    if previous is None:
        previous = Count(
            allowed=True,
            run=0,
            day=0,
            total=0,
            stopped_until=None,
            run_started=now,
            day_started=now,
        )
    if previous.stopped_until is not None and now < previous.stopped_until:
        return replace(previous, allowed=False)
    stop_passed = previous.stopped_until is not None
    window_passed = limit.window is not None and now >= previous.run_started + limit.window
    new_run = stop_passed or window_passed or previous.run == 0
    new_day = now >= previous.day_started + _DAY or previous.day == 0
    run = 1 if new_run else previous.run + 1
    day = 1 if new_day else previous.day + 1
    day_started = now if new_day else previous.day_started
    total = previous.total + 1
    stops: list[datetime] = []
    if run >= limit.run:
        stops.append(now + limit.stop)
    if limit.per_day is not None and day >= limit.per_day:
        stops.append(day_started + _DAY)
    return Count(
        allowed=limit.within(total),
        run=run,
        day=day,
        total=total,
        stopped_until=max(stops, default=None),
        run_started=now if new_run else previous.run_started,
        day_started=day_started,
    )


SHARED = frozenset(
    {
        Kind.ADDRESS,
        Kind.ADDRESS_INSIDE,
        Kind.DEVICE_CODE,
        Kind.DEVICE_PLACE,
        Kind.UNPROVEN,
        Kind.UNPROVEN_ALL,
        Kind.RESET,
    }
)
"""Counts that hold tries which a right answer says nothing about, because they were somebody
else's. An account of one's own must not clear the count of guesses at other people's; nor does
one right proof of a reset clear the guesses at the other."""


def given_back(count: Count, *, shared: bool = False) -> Count:
    """Take the last counted try back, because its answer was right.

    A right answer ends the run, the consecutive total and any stop that it had just begun. The
    other tries of the day stay counted. In a shared count only the one try is taken back.
    """
    if shared:
        return replace(
            count,
            allowed=True,
            run=max(count.run - 1, 0),
            day=max(count.day - 1, 0),
            total=max(count.total - 1, 0),
            stopped_until=None,
        )
    return replace(
        count, allowed=True, run=0, day=max(count.day - 1, 0), total=0, stopped_until=None
    )


def must_disable(count: Count, limit: Limit) -> bool:
    """Whether this failure is the one at which the method is disabled (A015)."""
    return limit.disable_at is not None and count.total >= limit.disable_at


def delay_after(count: Count) -> timedelta:
    """Say how long the answer to a wrong password is held back: nothing at first, never long.

    Slows a guesser down where no stop is wanted yet; a person who mistypes twice never meets it.
    """
    beyond = count.run - DELAY_FROM
    if beyond < 0:
        return timedelta()
    return timedelta(milliseconds=500 << min(beyond, 3))


def kind_of(method: AuthenticatorType, *, password_proved: bool) -> Kind:
    """Say which count a try belongs to.

    A second factor that is tried before any password draws on a small count of its own: otherwise
    a stranger could switch off a colleague's method. What a phone approves is counted when it is
    asked, and not when its browser goes on.
    """
    if method is AuthenticatorType.PHONE_SIGN_IN:
        return Kind.PUSH_FIRST
    if method is AuthenticatorType.PUSH:
        return Kind.PUSH if password_proved else Kind.PUSH_FIRST
    if method is AuthenticatorType.PASSWORD or password_proved:
        return Kind(method.value)
    return Kind.UNPROVEN


def familiarity_of(*, known_browser: bool, inside: bool) -> Familiarity:
    """Say which count of passwords a browser belongs to."""
    if known_browser:
        return Familiarity.KNOWN
    return Familiarity.INSIDE if inside else Familiarity.UNFAMILIAR
