"""What a stored event says, in words for whoever answers the telephone.

From the event's name, its own fields and the trace of the decision behind it; nothing is asked of
how things stand today, so that the answer is the same next month.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from portvakt.core.asking import Require
from portvakt.core.assurance import Aal
from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.events import (
    EVENTS,
    AccountFrozen,
    AppOpened,
    AppRefused,
    AppRequestRefused,
    FreshProofGiven,
    PasswordChanged,
    PasswordReopened,
    PasswordReset,
    PasswordResetNotWritten,
    PasswordResetUnsure,
    PhoneRequestApproved,
    PhoneRequestDenied,
    PhoneRequestNotMe,
    PhoneRequestsStopped,
    PhoneRequestWrongNumber,
    ProofReplayed,
    RegistrationRefused,
    ResetAskedOften,
    ResetProofFailed,
    RiskSeen,
    SessionSeenElsewhere,
    SessionsEnded,
    SignInDisowned,
    SignInFailed,
    SignInHeld,
    SignInLocked,
    SignInNotJudged,
    SignInRefused,
    SignInSucceeded,
    SprayAlarm,
    StartCodeRefused,
    TextsStopped,
    TicketRefused,
    TokenExchangeRefused,
)
from portvakt.core.policy import Outcome, TraceLine


class Verdict(StrEnum):
    """What an event was for the person."""

    LET_IN = "let in"
    REFUSED = "refused"
    LIMITED = "held by a limit"
    TOLD = "noted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """One event in words. Empty where it has nothing to say."""

    verdict: Verdict
    said: str
    why: str
    asked: str
    """What the rules asked for, where rules decided."""
    shown: str
    """What the person had shown."""
    rules: tuple[str, ...]
    """One sentence for each rule that was looked at, whether it counted or not."""
    facts: Mapping[str, str]
    """What else is stored, by name."""


LET_IN: Final = frozenset(
    each.name for each in (SignInSucceeded, AppOpened, FreshProofGiven, PasswordReset)
)
LIMITED: Final = frozenset(
    each.name
    for each in (
        SignInHeld,
        SignInLocked,
        SprayAlarm,
        TextsStopped,
        PhoneRequestsStopped,
        ResetAskedOften,
    )
)
REFUSED: Final = frozenset(
    each.name
    for each in (
        AppRefused,
        AppRequestRefused,
        PasswordResetNotWritten,
        PasswordResetUnsure,
        PhoneRequestDenied,
        PhoneRequestNotMe,
        PhoneRequestWrongNumber,
        ProofReplayed,
        RegistrationRefused,
        ResetProofFailed,
        SignInFailed,
        SignInNotJudged,
        SignInRefused,
        StartCodeRefused,
        TicketRefused,
        TokenExchangeRefused,
    )
)
DECISIONS: Final = (
    LET_IN
    | LIMITED
    | REFUSED
    | {
        each.name
        for each in (
            AccountFrozen,
            PasswordChanged,
            PasswordReopened,
            PhoneRequestApproved,
            RiskSeen,
            SessionSeenElsewhere,
            SessionsEnded,
            SignInDisowned,
        )
    }
)
"""Events that are about getting in, or not."""

_METHODS: Final[Mapping[str, str]] = MappingProxyType(
    {
        AuthenticatorType.PASSWORD: "password",
        "ticket": "a Kerberos ticket",
        AuthenticatorType.PASSKEY: "a key (WebAuthn)",
        AuthenticatorType.TOTP: "a code from an app",
        AuthenticatorType.HARDWARE_TOKEN: "a code from a hardware token",
        AuthenticatorType.SMS_CODE: "a code by text message",
        AuthenticatorType.RECOVERY_CODE: "a printed recovery code",
        AuthenticatorType.START_CODE: "a start code",
        AuthenticatorType.PUSH: "the phone with our app",
        AuthenticatorType.PHONE_SIGN_IN: "the phone in place of the password",
    }
)
_WHY: Final[Mapping[str, str]] = MappingProxyType(
    {
        "unknown": "nobody has the name that was typed",
        "wrong": "it was wrong",
        "used": "the code had been used before",
        "late": "the code was too old",
        "expired": "the code was too old",
        "unreadable": "what is stored of this method cannot be read",
        "disabled": "the account is switched off, here or where its password lives",
        "locked": "the directory has locked the account",
        "not_bound": "the account has no such method",
        "realm": "the ticket is of a realm that is not in the settings",
        "no_password": "the account has no password of that directory here",
        "not_in_groups": "the person is in none of the groups that may open the app",
        "blocked": "a rule blocks",
        "asks_more": "the rules ask for more than was shown",
        "too_weak": "a rule asks for more than the person showed when the app was opened",
        "away": "the directory that knows the password gives no answer",
        "old": "too long ago since the directory was read to its end",
        "unreachable": "where the password lives gives no answer",
        "operator": "whoever runs this installation ended it",
        "signed_out": "the person signed out",
        "switched": "the person handed a shared computer over",
        "not_me": "the person said that it was not them",
        "by_owner": "the person ended it at “My sign-ins”",
        "replaced": "another session in the same browser took its place",
        "person_disabled": "the account was disabled",
        "sign_in.refused_rule": "a rule blocks",
        "sign_in.refused_strong": "a rule asks for a passkey, and the account has none",
        "sign_in.refused_disabled": "the account is disabled",
        "sign_in.gone_intro": "it took too long, or another tab had finished it",
        "sign_in.new_password_intro": "the password must be changed first",
        "second_proof": "a first method takes a second proof, and only the password was shown",
    }
)
_ASKED: Final[Mapping[str, str]] = MappingProxyType(
    {
        Require.BLOCK: "nothing would do: a rule blocks",
        Require.PHISHING_RESISTANT: "two factors of which one cannot be phished",
        Require.MULTIFACTOR: "two factors",
    }
)
_JOINED: Final[Mapping[str, str]] = MappingProxyType(
    {
        Require.PASSWORD: "the password",
        Require.MULTIFACTOR: "two factors",
        Require.PASSWORDLESS: "two factors without a password",
        Require.PHISHING_RESISTANT: "two factors of which one cannot be phished",
        Require.OUR_DEVICE: "a device of the organisation",
        Require.KNOWN_BROWSER: "a browser that is known",
    }
)
_COUNTED: Final = frozenset({Outcome.APPLIED, Outcome.MET, Outcome.BROKEN})
_TOLD_APART: Final = frozenset(
    {"methods", "aal", "asked", "reason", "why", "rules", "said", "by_ticket"}
)


def explain(name: str, detail: Mapping[str, Any], trace: Iterable[TraceLine] | None) -> Explained:
    """Put one event into words; an event that this version does not know is named as it is."""
    lines = None if trace is None else tuple(trace)
    return Explained(
        verdict=_verdict(name),
        said=_sentence(name),
        why=_why(name, detail),
        asked="" if lines is None else _asked(lines),
        shown=_shown(detail),
        rules=() if lines is None else tuple(map(_rule, lines)),
        facts={
            key.replace("_", " "): _plain(value)
            for key, value in detail.items()
            if key not in _TOLD_APART and value not in (None, "", [], False)
        },
    )


def _verdict(name: str) -> Verdict:
    if name in LET_IN:
        return Verdict.LET_IN
    if name in LIMITED:
        return Verdict.LIMITED
    return Verdict.REFUSED if name in REFUSED else Verdict.TOLD


def _sentence(name: str) -> str:
    """Say what happened, as the audit vocabulary does."""
    kind = EVENTS.get(name)
    return name if kind is None else " ".join((kind.__doc__ or name).split())


def _why(name: str, detail: Mapping[str, Any]) -> str:
    if name == RegistrationRefused.name:
        return _WHY["second_proof"]
    if name == AppRequestRefused.name:
        return str(detail.get("said", ""))
    reason = detail.get("reason", detail.get("why", ""))
    return _WHY.get(str(reason), str(reason).replace("_", " "))


def _asked(trace: tuple[TraceLine, ...]) -> str:
    """Say what all rules that counted asked for together: the strictest of them."""
    applied = [line for line in trace if line.outcome is Outcome.APPLIED]
    details = {line.detail for line in applied}
    asked = next((said for require, said in _ASKED.items() if require in details), "")
    joined = sorted(details - set(_ASKED) - {Require.PASSWORD})
    if Require.BLOCK not in details and any(line.refuses for line in applied):
        asked = "what nobody could show here"
    asked = ", and ".join(each for each in (asked, *map(_in_words, joined)) if each)
    counted = (line for line in trace if line.outcome in _COUNTED)
    limits = sorted({line.limits for line in counted if line.limits})
    asked = ", and ".join([asked or "the password", *limits])
    broken = [line.rule for line in trace if line.outcome is Outcome.BROKEN]
    return f"{asked}, and what {', '.join(broken)} asks for" if broken else asked


def _in_words(ask: str) -> str:
    """Put what a rule joins by and, or into words: «our_device or multifactor»."""
    tokens = re.split(r"([() ]+)", ask)
    return "".join(_JOINED.get(each, each) for each in tokens)


def _shown(detail: Mapping[str, Any]) -> str:
    methods = [str(each) for each in detail.get("methods", ())]
    if detail.get("by_ticket"):
        methods = ["ticket" if each == AuthenticatorType.PASSWORD else each for each in methods]
    said = " and ".join(_METHODS.get(each, each) for each in methods)
    strong = "aal" in detail and detail["aal"] >= Aal.TWO
    return f"{said} (two factors)" if said and strong else said


def _rule(line: TraceLine) -> str:
    limits = f", with {line.limits}" if line.limits else ""
    limits += f"; {line.seen}" if line.seen else ""
    match line.outcome:
        case Outcome.APPLIED:
            return f"{line.rule} counted: {line.detail}{limits}"
        case Outcome.NOT_MATCHED:
            return f"{line.rule} did not count: {line.detail}"
        case Outcome.REPORT_ONLY:
            return f"{line.rule} only reports: {line.detail}{limits}"
        case Outcome.BROKEN:
            return f"{line.rule} is broken, so it counted: {line.detail}{limits}"
        case Outcome.MET:
            return f"{line.rule} counted, and what it asks for was there: {line.detail}{limits}"


def _plain(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(_plain, value))
    if value is True:
        return "yes"
    return _METHODS.get(str(value), str(value))


_LENGTH: Final = 12
_ALPHABET: Final = frozenset("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
"""Crockford's base32, which `web.request_ids` draws case numbers from."""
_MISREAD: Final = str.maketrans({"O": "0", "I": "1", "L": "1"})


def case_number(typed: str) -> str | None:
    """Read a case number as people write it, or None for what is none.

    Small letters, spaces, dashes and dots are fine, and O, I and L are what they look like.
    """
    plain = "".join(each for each in typed.upper() if each not in " \t-–—.·").translate(_MISREAD)  # noqa: RUF001  # dashes
    if len(plain) != _LENGTH or not _ALPHABET.issuperset(plain):
        return None
    return f"{plain[:4]}-{plain[4:8]}-{plain[8:]}"
