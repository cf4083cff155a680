"""What is measured: puts the numbers of `/metrics` together with the parts that they tell of.

docs/operators/metrics.md says what each means, and a test holds the page to this. A number is
counted where it happens (events, answers of directories), looked up in this process at each scrape,
or read from the records (`stored_numbers`).
"""

import os
from collections.abc import Mapping
from ipaddress import ip_network
from itertools import product
from pathlib import Path
from typing import Final

from portvakt import __version__
from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.events import (
    EVENTS,
    Event,
    PhoneRequestApproved,
    PhoneRequestDenied,
    PhoneRequestNotMe,
    PhoneRequestSent,
    PhoneRequestWrongNumber,
    RiskSeen,
    SignInFailed,
    SignInLocked,
    SignInRefused,
    SignInSucceeded,
)
from portvakt.core.risk import FINDERS
from portvakt.core.sign_in_events import place_of
from portvakt.crypto.certificates import read_pem_certificate
from portvakt.crypto.passwords import PasswordHasher
from portvakt.directories import (
    AccountOff,
    CheckOutcome,
    DirectoryAway,
    Expired,
    LockedOut,
    MustChange,
    PasswordRight,
    PasswordWrong,
)
from portvakt.metrics import MEDIA_TYPE, Metrics, Numbers
from portvakt.proving.directory_passwords import DirectoryPasswords
from portvakt.records import Records
from portvakt.records.migrate import SCHEMA_VERSION
from portvakt.settings import Settings
from portvakt.stored_numbers import (
    BREAK_GLASS,
    DEVICE_LISTS,
    OUTBOX,
    SEALER,
    TEXTS,
    Clock,
    StoredNumbers,
    day_of_texts,
    directories,
)
from portvakt.text_settings import text_limits
from portvakt.web.metrics import Measuring

PHONES: Final[Mapping[type[Event], str]] = {
    PhoneRequestSent: "sent",
    PhoneRequestApproved: "approved",
    PhoneRequestDenied: "denied",
    PhoneRequestWrongNumber: "wrong_number",
    PhoneRequestNotMe: "not_me",
}
SAID: Final[Mapping[type[CheckOutcome], str]] = {
    PasswordRight: "right",
    PasswordWrong: "wrong",
    MustChange: "must_change",
    Expired: "expired",
    LockedOut: "locked",
    AccountOff: "off",
    DirectoryAway: "away",
}
LEFT_ALONE: Final = "left_alone"
"""Nobody asked: the directory had just been away."""


class Measured:
    """The numbers of one process, and those of the installation that it can read."""

    def __init__(self, settings: Settings) -> None:
        """Begin to count; `watch` adds what is looked up."""
        self._metrics = metrics = Metrics(str(os.getpid()) if settings.server.workers > 1 else None)
        self._networks = tuple(ip_network(each) for each in settings.metrics.networks)
        self._limits = text_limits(settings)
        self._directories = tuple(each.name for each in settings.directories)
        self._events = metrics.counter(
            "portvakt_events", "What happened, by event.", ("event",), sorted(EVENTS)
        )
        self._sign_ins = metrics.counter(
            "portvakt_sign_ins",
            "Sign-ins and wrong answers, by the methods that were shown.",
            ("outcome", "method"),
        )
        for outcome, kind in product(("failed", "locked"), AuthenticatorType):
            self._sign_ins.labels(outcome, kind.value)
        self._places = metrics.counter(
            "portvakt_sign_in_places",
            "Sign-ins, by where they came from.",
            ("place",),
            ("inside", "outside", "unknown"),
        )
        self._phones = metrics.counter(
            "portvakt_phone_requests",
            "Requests to phones, and how they were answered.",
            ("outcome",),
            PHONES.values(),
        )
        self._risks = metrics.counter(
            "portvakt_risks",
            "What was amiss about sign-ins whose first answer was right.",
            ("risk",),
            FINDERS,
        )
        self._asked = metrics.counter(
            "portvakt_directory_questions",
            "Passwords that a directory was asked about, by what it said.",
            ("directory", "outcome"),
        )
        self._took = metrics.timer(
            "portvakt_directory_seconds",
            "Time until a directory answered, or was given up.",
            ("directory",),
        )
        certificate = settings.server.tls_certificate_file
        metrics.gauge_from(
            "portvakt_certificate_ends_timestamp_seconds",
            "When the certificate of our own TLS ends, in seconds since 1970 UTC.",
            lambda: {} if certificate is None else _last_second(Path(certificate)),
        )

    def happened(self, event: Event) -> None:
        """Count an event that was committed."""
        self._events.labels(event.name).inc()
        phone = PHONES.get(type(event))
        if phone is not None:
            self._phones.labels(phone).inc()
        match event:
            case SignInSucceeded(methods=methods):
                shown = "+".join(sorted(each.value for each in methods))
                self._sign_ins.labels("succeeded", shown).inc()
                self._places.labels(place_of(event.address, event.networks)).inc()
            case RiskSeen(risks=risks):
                for each in risks:
                    self._risks.labels(each.value).inc()
            case SignInFailed(method=method):
                self._sign_ins.labels("failed", method.value).inc()
            case SignInLocked(method=method):
                self._sign_ins.labels("locked", method.value).inc()
            case SignInRefused():
                self._sign_ins.labels("refused", "").inc()
            case _:
                return

    def asked(self, directory: str, said: CheckOutcome, seconds: float | None) -> None:
        """Count what a directory said of a password; it was left alone where it took no time."""
        if seconds is None:
            self._asked.labels(directory, LEFT_ALONE).inc()
            return
        self._asked.labels(directory, SAID[type(said)]).inc()
        self._took.labels(directory).observe(seconds)

    def watch(
        self,
        records: Records,
        hasher: PasswordHasher,
        passwords: DirectoryPasswords,
        clock: Clock,
    ) -> Measuring:
        """Look these parts up from now on, once; return what the web part is told."""
        self._watch_directories(passwords)
        self._watch_parts(records, hasher)
        metrics = self._metrics
        readings = (
            OUTBOX,
            TEXTS,
            day_of_texts(self._limits),
            SEALER,
            directories(self._directories),
            DEVICE_LISTS,
            BREAK_GLASS,
        )
        stored = StoredNumbers(records, readings, clock)
        stored.export(metrics)

        async def page() -> bytes:
            await stored.refresh()
            return metrics.page()

        return Measuring(
            networks=self._networks,
            page=page,
            media_type=MEDIA_TYPE,
            answered=metrics.request,
        )

    def _watch_directories(self, passwords: DirectoryPasswords) -> None:
        """Begin at 0 for whatever each of them may say."""
        for name in passwords.names:
            self._took.labels(name)
            for outcome in (*SAID.values(), LEFT_ALONE):
                self._asked.labels(name, outcome)
        self._metrics.gauge_from(
            "portvakt_directory_up",
            "0 where a directory gave no answer when it was asked about a password last.",
            lambda: _up(passwords),
            ("directory",),
        )

    def _watch_parts(self, records: Records, hasher: PasswordHasher) -> None:
        metrics = self._metrics
        metrics.counter_from(
            "portvakt_hashes", "Secrets that were hashed.", lambda: {(): hasher.calls}
        )
        metrics.counter_from(
            "portvakt_hash_refusals",
            "Requests that were turned away because the line for hashing was full.",
            lambda: {(): hasher.refused},
        )
        metrics.gauge_from(
            "portvakt_hashes_under_way",
            "Secrets that are being hashed or stand in line.",
            lambda: {(): hasher.under_way},
        )
        metrics.gauge_from(
            "portvakt_database_clock_seconds",
            "By how much the database's clock and this machine's differ.",
            lambda: {} if records.apart is None else {(): records.apart.total_seconds()},
        )
        metrics.gauge_from(
            "portvakt_build_info",
            "Which version runs, and which tables it is made for.",
            lambda: {(__version__, SCHEMA_VERSION): 1},
            ("version", "schema"),
        )


def _last_second(certificate: Path) -> Numbers:
    """Read when the certificate ends that lies there now; nothing where there is none (F68)."""
    try:
        return {(): read_pem_certificate(certificate.read_bytes()).ends.timestamp()}
    except (OSError, ValueError):
        return {}  # half of a renewal, perhaps; `doctor` says what is wrong with it


def _up(passwords: DirectoryPasswords) -> Numbers:
    silent = passwords.troubles()
    return {(name,): float(name not in silent) for name in passwords.names}
