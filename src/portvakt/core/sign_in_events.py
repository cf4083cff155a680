"""What happens when people sign in, open apps and leave."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from portvakt.core.assurance import Aal
from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.event import PERSONAL, Event
from portvakt.core.ids import (
    AuthenticatorId,
    ClientId,
    GrantId,
    NetworkId,
    RuleId,
    SessionId,
)
from portvakt.core.risk import Level
from portvakt.core.signals import Risk


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInSucceeded(Event):
    """A session was opened, or one that stood was strengthened."""

    name = "authentication.succeeded"
    session_id: SessionId = field(metadata=PERSONAL)
    app: ClientId | None
    methods: tuple[AuthenticatorType, ...]
    aal: Aal
    rules: tuple[RuleId, ...]
    """The rules that asked for something: the reason that the person is shown."""
    networks: tuple[NetworkId, ...]
    known_browser: bool
    user_agent: str = field(default="", metadata=PERSONAL)
    asked: tuple[str, ...] = ()
    """What the rules asked beyond the password (`core.facts`)."""
    facts: tuple[str, ...] = field(default=(), metadata=PERSONAL)
    """What rules could look at beside what stands here anyway."""
    our_device: str = field(default="", metadata=PERSONAL)
    """What the certificate of a device of ours calls it; empty where none was shown."""
    by_ticket: bool = False
    """The password among the methods was vouched for by a Kerberos ticket, not typed."""


def place_of(address: str | None, networks: Sequence[str]) -> str:
    """Say from where a sign-in came: "inside" a named network, "outside", or "unknown" (F53)."""
    if address is None:
        return "unknown"
    return "inside" if networks else "outside"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInFailed(Event):
    """An answer was wrong. Never holds what was typed: people type passwords as names."""

    name = "authentication.failed"
    method: AuthenticatorType
    reason: str
    """"unknown", "wrong", "expired", "disabled", "not_bound" …: for the log, never the page."""
    app: ClientId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketRefused(Event):
    """A computer showed a Kerberos ticket that is genuine, and it opened nothing."""

    name = "authentication.ticket_refused"
    reason: str
    """"realm", "unknown", "disabled", "locked", "no_password"."""
    app: ClientId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInLocked(Event):
    """Too many wrong answers: one kind of answer is not taken for a while."""

    name = "authentication.locked"
    method: AuthenticatorType
    familiarity: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInHeld(Event):
    """An answer came while a limit held, and was not looked at."""

    name = "authentication.held"
    method: AuthenticatorType
    until: datetime | None
    """When answers of this kind are taken again; None: when another way in came first."""
    app: ClientId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInNotJudged(Event):
    """Nobody could say whether an answer was right, so it does not count."""

    name = "authentication.not_judged"
    method: AuthenticatorType
    directory: str
    reason: str
    """"away" where it gives no answer, "old" where it was read too long ago."""
    app: ClientId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordReopened(Event):
    """A right second factor opened a password that guesses had locked in this browser."""

    name = "authentication.password_reopened"
    method: AuthenticatorType


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInRefused(Event):
    """The answers were right and the rules said no."""

    name = "authentication.refused"
    why: str
    app: ClientId | None
    rules: tuple[RuleId, ...]
    asked: tuple[str, ...] = ()
    """What the rules asked beyond the password (`core.facts`)."""
    facts: tuple[str, ...] = field(default=(), metadata=PERSONAL)
    """What rules could look at beside what stands here anyway."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskSeen(Event):
    """The first answer was right, and something about the sign-in was amiss; the trace says what.

    It may never have been finished.
    """

    name = "authentication.at_risk"
    risks: tuple[Risk, ...]
    level: Level
    """By what is switched on: "low" where all of it only reports."""
    app: ClientId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofReplayed(Event):
    """A code that was right had been used before (A016)."""

    name = "authentication.replayed"
    method: AuthenticatorType
    authenticator_id: AuthenticatorId = field(metadata=PERSONAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class FreshProofGiven(Event):
    """Somebody signed in showed again who they are: to change their methods, or for an app."""

    name = "authentication.fresh_proof"
    session_id: SessionId = field(metadata=PERSONAL)
    methods: tuple[AuthenticatorType, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleBroken(Event):
    """A rule names something that does not exist, and counts as matching until mended (A071)."""

    name = "policy.rule_broken"
    rule: RuleId
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionsEnded(Event):
    """One session or more ended before its time."""

    name = "session.ended"
    sessions: int
    reason: str
    """"signed_out", "switched", "by_owner", "replaced", "person_disabled", "operator" …"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionSeenElsewhere(Event):
    """A session's cookie came from another browser on another network, so it was ended (A066)."""

    name = "session.seen_elsewhere"
    session_id: SessionId = field(metadata=PERSONAL)
    user_agent: str = field(metadata=PERSONAL)
    """What the browser that it came from calls itself."""
    opened_from: str | None = field(metadata=PERSONAL)
    """The address from which the session was opened."""
    opened_in: str = field(metadata=PERSONAL)
    """What the browser called itself in which it was opened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppOpened(Event):
    """An app was told who somebody is."""

    name = "app.opened"
    app: ClientId
    session_id: SessionId = field(metadata=PERSONAL)
    aal: Aal
    rules: tuple[RuleId, ...] = ()
    methods: tuple[AuthenticatorType, ...] = ()
    asked: tuple[str, ...] = ()
    """What the rules asked beyond the password (`core.facts`)."""
    facts: tuple[str, ...] = field(default=(), metadata=PERSONAL)
    """What rules could look at beside what stands here anyway."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppRefused(Event):
    """Somebody signed in may not open this app."""

    name = "app.refused"
    app: ClientId
    why: str
    asked: tuple[str, ...] = ()
    """What the rules asked beyond the password (`core.facts`)."""
    facts: tuple[str, ...] = field(default=(), metadata=PERSONAL)
    """What rules could look at beside what stands here anyway."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppConsentAnswered(Event):
    """Somebody was asked whether an app of others may know something of them, and said so."""

    name = "app.consent_answered"
    app: ClientId
    scope: tuple[str, ...]
    allowed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AppAccessTakenBack(Event):
    """What an app held of somebody was ended, and what they had let it know is asked anew."""

    name = "app.access_taken_back"
    app: ClientId
    grants: int
    consent: bool
    """Whether they had said yes to something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppRequestRefused(Event):
    """What an app asked for through a browser was refused, before anybody was asked anything."""

    name = "app.request_refused"
    app: ClientId | None
    """None where the request names no app that is known."""
    rule: str
    """The check that said no."""
    error: str
    """What the specifications call it, such as `invalid_request`."""
    said: str
    """What the owner of the app is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenExchanged(Event):
    """An app traded somebody's token for one for a service behind it (RFC 8693).

    The common address is empty, for the person is not there; `asked_from` is the app's.
    """

    name = "app.token_exchanged"
    app: ClientId
    opened: ClientId
    """The app that the person signed in to."""
    target: str
    scope: tuple[str, ...]
    aal: Aal
    asked_from: str | None = field(default=None, metadata=PERSONAL)
    rules: tuple[RuleId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenExchangeRefused(Event):
    """An app may not act for somebody at a service: it is not theirs, or a rule says no."""

    name = "app.exchange_refused"
    app: ClientId
    opened: ClientId
    target: str
    why: str
    asked_from: str | None = field(default=None, metadata=PERSONAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeReused(Event):
    """An authorization code came twice: what came of the first use is revoked (A098)."""

    name = "app.code_reused"
    app: ClientId
    grant_id: GrantId


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshTokenReused(Event):
    """A refresh token came that had been used, or from another app: its grant is revoked (A100)."""

    name = "app.refresh_reused"
    app: ClientId
    grant_id: GrantId


@dataclass(frozen=True, slots=True, kw_only=True)
class AppSecretWrong(Event):
    """Somebody who called themselves this app did not know its secret (A106)."""

    name = "app.secret_wrong"
    app: ClientId
