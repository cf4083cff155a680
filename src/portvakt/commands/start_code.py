"""`portvakt start-code PERSON`: a code with which somebody can register, and nothing else.

It is used once, unless it is a temporary pass: longer, from later on, several times, or for some
methods only. It is printed here and nowhere else: what is stored is its Argon2id hash.
"""

import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from dataclasses import replace
from datetime import datetime, timedelta

from portvakt.commands import pass_terms
from portvakt.commands.opening import Opened, find_person, in_records, person_argument
from portvakt.commands.shell import CommandError, Shell, print_json
from portvakt.core.authenticators import (
    Authenticator,
    AuthenticatorState,
    AuthenticatorType,
    is_work_phone,
    usable_second_factors,
)
from portvakt.core.events import (
    Event,
    MethodRemoved,
    MethodSuspended,
    SessionsEnded,
)
from portvakt.core.ids import AccountId, AuthenticatorId
from portvakt.core.one_time_codes import group
from portvakt.core.passes import LIVES, Terms, detail_of
from portvakt.core.secret import Secret
from portvakt.crypto.passwords import PasswordHasher
from portvakt.crypto.randomness import SystemRandom
from portvakt.mail import Notice, What
from portvakt.proving.freezing import is_frozen
from portvakt.proving.notices import Notices
from portvakt.records import Standing, Unit

EXAMPLE = "portvakt start-code anna.berg --minutes 120"
LONGEST = int(LIVES / timedelta(minutes=1))
_MINUTES = 60
_FROZEN = "{name} is frozen, since a change was disowned: `portvakt person thaw {name}` first"


def arguments(parser: ArgumentParser) -> None:
    """Take for whom, how long, and whether it replaces what the person has."""
    person_argument(parser)
    parser.add_argument(
        "--minutes",
        type=_minutes,
        default=_MINUTES,
        metavar="N",
        help=f"how long it can be used, {_MINUTES} if not said, at most {LONGEST}",
    )
    pass_terms.arguments(parser)
    parser.add_argument(
        "--replace",
        action="store_true",
        help="for somebody who has methods: put those aside, end all sessions, tell every channel",
    )
    parser.add_argument("--json", action="store_true", help="answer in JSON")


def _minutes(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= LONGEST:
        raise ArgumentTypeError(f"is not a number of minutes from 1 to {LONGEST}")
    return int(text)


def run(args: Namespace, shell: Shell) -> int:
    """Make a code, print it once, and store its hash; an older one is void."""
    now = shell.clock()
    terms = pass_terms.read(args, now)
    code = SystemRandom().base32(terms.length)
    expires_at = (terms.starts_at or now) + timedelta(minutes=args.minutes)

    async def work(opened: Opened) -> str:
        notices = opened.notices()
        verifier = await _hash(code)

        async def act(unit: Unit) -> str:
            standing = await find_person(unit, args, shell)
            _refuse(standing, now, replace=args.replace)
            if await is_frozen(unit, standing.account.id):
                raise CommandError(_FROZEN.format(name=standing.account.user_name))
            if args.replace:
                await _put_aside(unit, standing, shell, now, notices)
            else:
                await _tell(unit, standing, notices, now, "start_code", Notice.START_CODE)
            account_id = standing.account.id
            await pass_terms.withdraw(unit, standing, shell)
            made = _made(account_id, terms, now, expires_at)
            if not await unit.authenticators.bind(made, verifier=verifier):
                raise CommandError("somebody else is making a code for this person; try again")
            issued = pass_terms.issued(terms, account_id, expires_at, shell)
            await unit.audit.write(replace(issued, replaces=args.replace))
            return standing.account.user_name

        return await opened.records.write(act)

    name = in_records(shell, work)
    where = shell.settings().public_url
    shown = group(code)
    if args.json:
        told = pass_terms.as_json(terms, expires_at)
        print_json({"person": name, "start_code": shown} | told)
    else:
        print(shown)
        said = pass_terms.said(terms, expires_at)
        print(f"for {name}, {said}; it is shown only here", file=sys.stderr)
        print(f"it is typed in place of the password, at {where}", file=sys.stderr)
    return 0


def _made(
    account_id: AccountId, terms: Terms, now: datetime, expires_at: datetime
) -> Authenticator:
    return Authenticator(
        id=AuthenticatorId(SystemRandom().id()),
        account_id=account_id,
        type=AuthenticatorType.START_CODE,
        state=AuthenticatorState.ACTIVE,
        label="",
        source="support",
        detail=detail_of(terms),
        preferred=False,
        created_at=now,
        changed_at=now,
        expires_at=expires_at,
    )


async def _hash(code: str) -> str:
    hasher = PasswordHasher(threads=1)
    try:
        return await hasher.hash(Secret(code))
    finally:
        hasher.close()


def _refuse(standing: Standing, now: datetime, *, replace: bool) -> None:
    """Refuse somebody who is disabled, and somebody who has a method, unless it is replaced.

    A work phone that came by itself is not theirs: a first registration may still lie ahead.
    """
    name = standing.account.user_name
    if not standing.account.usable:
        raise CommandError(f"{name} is disabled")
    own = [
        each
        for each in usable_second_factors(standing.authenticators, now)
        if not is_work_phone(each)
    ]
    if own and not replace:
        raise CommandError(
            f"{name} has a method already ({', '.join(sorted({e.type for e in own}))}); "
            "--replace puts it aside"
        )


async def _put_aside(
    unit: Unit, standing: Standing, shell: Shell, now: datetime, notices: Notices
) -> None:
    """Suspend every method, take the password away, end all that is open, and tell every channel.

    What apps hold ends with the sessions, offline too.

    The password goes, for it may be what was lost; with the code a new one is chosen.
    """
    account = standing.account
    await _tell(unit, standing, notices, now, "suspended", Notice.SUSPENDED)
    await unit.authenticators.suspend_all(account.id, now)
    await unit.authenticators.remove_type(account.id, AuthenticatorType.PASSWORD)
    events = [
        each
        for bound in standing.bound
        if (each := _gone(bound.authenticator, shell.actor, now)) is not None
    ]
    ended = await unit.sessions.close_all(account.id, now)
    await unit.grants.revoke_of_account(account.id, now)
    if ended:
        events.append(
            SessionsEnded(
                at=now, account_id=account.id, actor=shell.actor, sessions=ended, reason="replaced"
            )
        )
    await unit.audit.write_many(events)


def _gone(method: Authenticator, actor: str, now: datetime) -> Event | None:
    """Return what is to be told of a method that a start code replaces."""
    if method.type is AuthenticatorType.PASSWORD:
        return MethodRemoved(
            at=now,
            account_id=method.account_id,
            actor=actor,
            authenticator_id=method.id,
            type=method.type,
        )
    if method.type is AuthenticatorType.START_CODE or not method.usable(now):
        return None
    return MethodSuspended(
        at=now,
        account_id=method.account_id,
        actor=actor,
        authenticator_id=method.id,
        type=method.type,
        reason="start_code",
    )


async def _tell(
    unit: Unit, standing: Standing, notices: Notices, now: datetime, text: str, mail: Notice
) -> None:
    account = standing.account
    await notices.tell(unit, account, What(notice=mail), None, at=now)
    for bound in standing.active(AuthenticatorType.SMS_CODE):
        await notices.tell_number(unit, account, bound.authenticator.detail, text, now)
