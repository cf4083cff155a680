"""The records: one act, one transaction, one attribute for each stored thing."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, Protocol, TypeVar

import structlog

from portvakt.core.event import Event
from portvakt.records.addresses import PostgresServer, SqliteFile, address_of
from portvakt.records.administrators import Administrators
from portvakt.records.after_restore import CLOCKS_DIFFER
from portvakt.records.approvals import Approvals
from portvakt.records.attempts import Attempts
from portvakt.records.audit import Audit
from portvakt.records.audit_chain import AuditChain
from portvakt.records.audit_keeping import AuditKeeping
from portvakt.records.authenticators import Authenticators
from portvakt.records.break_glass import BreakGlassAccounts
from portvakt.records.browsers import Browsers
from portvakt.records.codes import Codes
from portvakt.records.configuration import ConfigurationRecords
from portvakt.records.consents import Consents
from portvakt.records.device_requests import DeviceRequests
from portvakt.records.drafts import Drafts
from portvakt.records.driver import Act, Driver, Run
from portvakt.records.errors import RecordsUnavailable
from portvakt.records.expired import Expired
from portvakt.records.flows import Flows
from portvakt.records.freezes import Freezes
from portvakt.records.grants import Grants
from portvakt.records.hardware_tokens import HardwareTokens
from portvakt.records.icons import Icons
from portvakt.records.keys import Keys
from portvakt.records.known_browsers import KnownBrowsers
from portvakt.records.message_log import MessageLog
from portvakt.records.meta import Meta
from portvakt.records.migrate import SCHEMA_VERSION
from portvakt.records.outbox import Outbox
from portvakt.records.pairings import Pairings
from portvakt.records.password_memory import PasswordMemory
from portvakt.records.past_sign_ins import PastSignIns
from portvakt.records.people import People
from portvakt.records.personal_data import PersonalData
from portvakt.records.phones import Phones
from portvakt.records.portal_choices import PortalChoices
from portvakt.records.refreshing import RefreshTokens
from portvakt.records.registrations import Registrations
from portvakt.records.resets import Resets
from portvakt.records.revocation_lists import RevocationLists
from portvakt.records.risk import RiskRecords
from portvakt.records.rule_versions import RuleVersions
from portvakt.records.sealed import Sealed
from portvakt.records.seen_ids import SeenIds
from portvakt.records.sessions import Sessions
from portvakt.records.sign_outs import SignOuts
from portvakt.records.signing_keys import SigningKeys
from portvakt.records.snoozes import Snoozes
from portvakt.records.statements import Statement
from portvakt.records.stored_requests import StoredRequests
from portvakt.records.text_counts import TextCounts
from portvakt.records.values import ms
from portvakt.records.vouches import Vouches
from portvakt.records.wakeups import Wakeups

T = TypeVar("T")
Told = Callable[[Event], None]
CLOCK_BOUND: Final = CLOCKS_DIFFER
"""By how much this machine's clock and the database's may differ and still be ready."""
CLOCK_EVERY: Final = 2.0
"""Seconds between two comparisons of the clocks."""
_HAS_VERSION: Final = Statement("SELECT 1 WHERE {has_table:alembic_version}")
_VERSION: Final = Statement("SELECT version_num FROM alembic_version")

_log = structlog.get_logger("portvakt.records")


class Clock(Protocol):
    """Tells the time: an aware datetime in UTC."""

    def __call__(self) -> datetime:
        """Return the time now."""
        ...


class Unit:
    """What one act may do. All of it is committed together, or nothing."""

    __slots__ = (
        "_run",
        "administrators",
        "approvals",
        "attempts",
        "audit",
        "audit_chain",
        "audit_keeping",
        "authenticators",
        "break_glass",
        "browsers",
        "codes",
        "configuration",
        "consents",
        "device_requests",
        "drafts",
        "expired",
        "flows",
        "freezes",
        "grants",
        "hardware_tokens",
        "icons",
        "keys",
        "known_browsers",
        "message_log",
        "meta",
        "outbox",
        "pairings",
        "password_memory",
        "past_sign_ins",
        "people",
        "personal_data",
        "phones",
        "portal_choices",
        "refresh_tokens",
        "registrations",
        "resets",
        "revocation_lists",
        "risk",
        "rule_versions",
        "sealed",
        "seen_ids",
        "sessions",
        "sign_outs",
        "signing_keys",
        "snoozes",
        "stored_requests",
        "text_counts",
        "vouches",
        "wakeups",
    )

    def __init__(self, run: Run) -> None:
        self._run = run
        self.administrators = Administrators(run)
        self.approvals = Approvals(run)
        self.attempts = Attempts(run)
        self.audit = Audit(run)
        self.audit_chain = AuditChain(run)
        self.audit_keeping = AuditKeeping(run)
        self.authenticators = Authenticators(run)
        self.break_glass = BreakGlassAccounts(run)
        self.browsers = Browsers(run)
        self.codes = Codes(run)
        self.configuration = ConfigurationRecords(run)
        self.consents = Consents(run)
        self.device_requests = DeviceRequests(run)
        self.drafts = Drafts(run)
        self.expired = Expired(run)
        self.flows = Flows(run)
        self.freezes = Freezes(run)
        self.grants = Grants(run)
        self.hardware_tokens = HardwareTokens(run)
        self.icons = Icons(run)
        self.keys = Keys(run)
        self.known_browsers = KnownBrowsers(run)
        self.message_log = MessageLog(run)
        self.meta = Meta(run)
        self.outbox = Outbox(run)
        self.pairings = Pairings(run)
        self.password_memory = PasswordMemory(run)
        self.past_sign_ins = PastSignIns(run)
        self.people = People(run)
        self.personal_data = PersonalData(run)
        self.phones = Phones(run)
        self.portal_choices = PortalChoices(run)
        self.refresh_tokens = RefreshTokens(run)
        self.registrations = Registrations(run)
        self.resets = Resets(run)
        self.revocation_lists = RevocationLists(run)
        self.risk = RiskRecords(run)
        self.rule_versions = RuleVersions(run)
        self.sealed = Sealed(run)
        self.seen_ids = SeenIds(run)
        self.sessions = Sessions(run)
        self.sign_outs = SignOuts(run)
        self.signing_keys = SigningKeys(run)
        self.snoozes = Snoozes(run)
        self.stored_requests = StoredRequests(run)
        self.text_counts = TextCounts(run)
        self.vouches = Vouches(run)
        self.wakeups = Wakeups(run)

    async def turn(self, *names: str) -> None:
        """Wait until no other act has any of these names, and keep them until this one ends.

        For work that must not run twice at once, such as an import.
        """
        await self._run.turn(*names)

    async def schema_version(self) -> str | None:
        """Read which revision the tables are at, None where there are none."""
        if await self._run.row(_HAS_VERSION) is None:
            return None
        row = await self._run.row(_VERSION)
        return None if row is None else str(row[0])


class Records:
    """The database.

    Every method raises RecordsUnavailable within some three seconds of its being away, and works
    again by itself when it is back.
    """

    def __init__(self, driver: Driver[Unit], clock: Clock, told: Told | None = None) -> None:
        """Work through `driver`; each event is `told` once it is committed."""
        self._driver = driver
        self._clock = clock
        self._told = told
        self._differs: timedelta | None = None
        self.apart: timedelta | None = None
        """By how much the clocks differ at least; None where they could not be compared."""

    async def read(self, act: Act[Unit, T]) -> T:
        """Run an act that only reads. Each statement sees what was committed when it began."""
        self._in_time()
        return await self._driver.read(act)

    async def write(self, act: Act[Unit, T]) -> T:
        """Run an act and commit it; where it raises, nothing of it is kept.

        The act awaits methods of its unit and nothing else: no network, no hashing, no sleep.
        """
        self._in_time()
        return await self._write(act, single=False)

    async def write_one(self, act: Act[Unit, T]) -> T:
        """Run an act that makes one statement: atomic by itself, two trips fewer than `write`."""
        self._in_time()
        return await self._write(act, single=True)

    async def _write(self, act: Act[Unit, T], *, single: bool) -> T:
        """Run and commit it, then tell what happened in it to whoever counts."""
        told = self._told
        if told is None:
            return await self._driver.write(act, single=single)
        happened: list[Event] = []

        async def heard(unit: Unit) -> T:
            happened.clear()  # an act may be run again from its start
            unit.audit.heard = happened
            return await act(unit)

        result = await self._driver.write(heard, single=single)
        for event in happened:
            told(event)
        return result

    async def wait(self, topic: str, timeout: float) -> bool:  # noqa: ASYNC109 - its end is an answer
        """Wait until `topic` is rung; False after `timeout` seconds. True means: look again.

        True also where this process has only now begun to hear the others: what was rung before
        is lost to it.
        """
        return await self.listen() or await self._driver.bell.wait(topic, timeout)

    async def listen(self) -> bool:
        """Hear other processes from now on; True where we did not before, and must look again."""
        return await self._driver.listen()

    def on_ring(self, topic: str, heard: Callable[[], None]) -> Callable[[], None]:
        """Have `heard` called at each ring of `topic`, for as long as we `listen`.

        Returns what ends it. Being called means: look again, and `listen` before that, for it is
        also called where the connection that hears was lost.
        """
        return self._driver.bell.on_ring(topic, heard)

    async def ready(self) -> None:
        """Raise RecordsUnavailable unless the database answers, has our tables and our time.

        Tables that are newer than this code will do: in an upgrade the old code runs on for a
        while.
        """
        version = await self.schema_version()
        if version is None or version < SCHEMA_VERSION:
            raise RecordsUnavailable(f"the tables are at {version} and not yet {SCHEMA_VERSION}")
        apart = await self._apart()
        if apart > CLOCK_BOUND:
            raise _differ(apart)

    async def watch_clock(self) -> None:
        """Compare the clocks until cancelled; while they differ too much, no act is run.

        A clock that jumps would let expired codes and sessions live again, or end them before their
        time. On the embedded database there is nothing to compare with.
        """
        while True:
            try:
                apart = self.apart = await self._apart()
            except RecordsUnavailable:  # what was found last holds until it can be asked again
                apart, self.apart = self._differs or timedelta(), None
            differs = apart if apart > CLOCK_BOUND else None
            if differs is not None and self._differs is None:
                _log.error("clock_differs", seconds=differs.total_seconds())
            elif differs is None and self._differs is not None:
                _log.info("clock_agrees")
            self._differs = differs
            await asyncio.sleep(CLOCK_EVERY)

    async def clock_difference(self) -> timedelta:
        """Say by how much our clock and the database's differ at least; zero where it has none."""
        return await self._apart()

    async def _apart(self) -> timedelta:
        """Say by how much the clocks differ at least: the asking itself takes time, too."""
        before = ms(self._clock())
        theirs = await self._driver.database_time()
        if theirs is None:
            return timedelta()
        return timedelta(milliseconds=max(before - theirs, theirs - ms(self._clock()), 0))

    def _in_time(self) -> None:
        if self._differs is not None:
            raise _differ(self._differs)

    async def schema_version(self) -> str | None:
        """Read which revision the tables are at; `migrate.SCHEMA_VERSION` is the one we need."""
        return await self._driver.read(Unit.schema_version)

    @property
    def counted(self) -> int:
        """How many statements were run in all."""
        return self._driver.counted().statements

    @property
    def transactions(self) -> int:
        """How many transactions were committed in all."""
        return self._driver.counted().transactions

    async def close(self) -> None:
        """Finish what is under way and let go of the database."""
        await self._driver.close()


def _differ(apart: timedelta) -> RecordsUnavailable:
    seconds = apart.total_seconds()
    return RecordsUnavailable(f"the database's clock differs from ours by {seconds} s")


async def open_records(url: str, *, clock: Clock, told: Told | None = None) -> Records:
    """Open the records at `url` (see `addresses`), in the event loop that will use them.

    `told` is given every event after its commit, in this process; it returns at once.
    Connects when something is first asked of it, so it succeeds with the database away. Raises
    ValueError where `url` names no database.
    """
    driver: Driver[Unit]
    match address_of(url):
        case SqliteFile(path):
            from portvakt.records.sqlite import SqliteDriver  # noqa: PLC0415 - only what is used

            driver = SqliteDriver(path, Unit)
        case PostgresServer(dsn):
            from portvakt.records.postgresql import PostgresDriver  # noqa: PLC0415 - costs 0.1 s

            driver = PostgresDriver(dsn, Unit)
    return Records(driver, clock, told)
