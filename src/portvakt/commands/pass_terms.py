"""What makes a start code a temporary pass: the words of `portvakt start-code` about it."""

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from portvakt.commands.shell import CommandError, Shell
from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.enrolment import MOST
from portvakt.core.events import SessionsEnded, StartCodeIssued
from portvakt.core.ids import AccountId
from portvakt.core.passes import AHEAD, LONGEST, MOST_USES, SHORTEST, Terms, until
from portvakt.records import Standing, Unit

BINDABLE: Final = frozenset(MOST) - {
    AuthenticatorType.START_CODE,
    AuthenticatorType.PHONE_SIGN_IN,
}
"""What somebody who has only a start code may register."""


def arguments(parser: ArgumentParser) -> None:
    """Take the terms; whatever is opened with a pass ends when it does."""
    parser.add_argument(
        "--length",
        type=_number(SHORTEST, LONGEST),
        default=SHORTEST,
        metavar="N",
        help=f"characters, {SHORTEST} (if not said) to {LONGEST}",
    )
    parser.add_argument(
        "--from",
        dest="starts_at",
        type=_instant,
        metavar="TIME",
        help="when it begins, such as 2026-11-24T07:00+01:00; its minutes count from then",
    )
    parser.add_argument(
        "--uses",
        type=_number(1, MOST_USES),
        default=1,
        metavar="N",
        help=f"how often it can be used, 1 (if not said) to {MOST_USES}",
    )
    parser.add_argument(
        "--binds",
        action="append",
        choices=sorted(BINDABLE),
        metavar="METHOD",
        help="what may be registered with it, everything if not said; may be given more than "
        f"once: {', '.join(sorted(BINDABLE))}",
    )


def _number(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not text.isdecimal() or not least <= int(text) <= most:
            raise ArgumentTypeError(f"is not a number from {least} to {most}")
        return int(text)

    return read


def _instant(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError("is not a time such as 2026-11-24T07:00+01:00") from error
    if found.tzinfo is None:
        raise ArgumentTypeError("does not say its offset, such as +01:00")
    return found.astimezone(UTC)


def read(args: Namespace, now: datetime) -> Terms:
    """Read the terms. Raises `CommandError` where it would begin before now, or too late."""
    starts: datetime | None = args.starts_at
    if starts is not None and not now <= starts <= now + AHEAD:
        raise CommandError(f"it may begin from now on, and at most {AHEAD.days} days ahead")
    binds = None if args.binds is None else frozenset(map(AuthenticatorType, args.binds))
    return Terms(length=args.length, uses=args.uses, starts_at=starts, binds=binds)


def said(terms: Terms, expires_at: datetime) -> str:
    """Say how often, when and for what it can be used."""
    times = "once" if terms.uses == 1 else f"{terms.uses} times"
    starts = "" if terms.starts_at is None else f"from {terms.starts_at:%Y-%m-%d %H:%M}Z "
    binds = "" if terms.binds is None else f", to register {', '.join(sorted(terms.binds))} only"
    return f"{times}, {starts}until {expires_at:%Y-%m-%d %H:%M}Z{binds}"


def as_json(terms: Terms, expires_at: datetime) -> dict[str, object]:
    """Say the same for a program."""
    return {
        "starts_at": terms.starts_at,
        "expires_at": expires_at,
        "uses": terms.uses,
        "binds": terms.binds,
    }


def issued(
    terms: Terms, account_id: AccountId, expires_at: datetime, shell: Shell
) -> StartCodeIssued:
    """Return the event of a code that was made."""
    return StartCodeIssued(
        at=shell.clock(),
        account_id=account_id,
        actor=shell.actor,
        expires_at=expires_at,
        replaces=False,
        starts_at=terms.starts_at,
        uses=terms.uses,
        binds=None if terms.binds is None else tuple(sorted(terms.binds)),
    )


async def withdraw(unit: Unit, standing: Standing, shell: Shell) -> None:
    """Take an older code away; of a temporary pass also what was opened with it."""
    account, now = standing.account, shell.clock()
    passes = {
        each.id
        for each in standing.authenticators
        if each.type is AuthenticatorType.START_CODE and until(each) is not None
    }
    await unit.authenticators.remove_type(account.id, AuthenticatorType.START_CODE)
    if not passes:
        return
    ended = 0
    for session in await unit.sessions.of(account.id):
        if any(each.authenticator_id in passes for each in session.evidence):
            ended += await unit.sessions.close(session.id, account.id, now)
    if ended:
        await unit.audit.write(
            SessionsEnded(
                at=now, account_id=account.id, actor=shell.actor, sessions=ended, reason="replaced"
            )
        )
