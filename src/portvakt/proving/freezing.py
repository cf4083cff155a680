"""«Det var inte jag», and what sets somebody free again: each is one act.

The decisions are in `core.freezing`. Freezing puts aside and ends, and never gives back or takes
away; whoever has nothing but the mailbox can so hold up what is new, and lock nobody out.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from portvakt.core.authenticators import Authenticator, AuthenticatorState, AuthenticatorType
from portvakt.core.events import AccountFrozen, AccountThawed, MethodSuspended, SessionsEnded
from portvakt.core.freezing import disown, put_aside_by
from portvakt.core.ids import AccountId, AuthenticatorId
from portvakt.mail import Notice, What
from portvakt.proving.after_new_password import end_what_it_opened
from portvakt.proving.notices import Notices
from portvakt.proving.visit import Doer, Said, Visit, said, said_unasked, visitor
from portvakt.records.freezes import Link
from portvakt.records.standing import Standing
from portvakt.records.unit import Unit

NOT_ME = "not_me"
"""Why methods are put aside and sessions end, as events tell it."""
SUPPORT = "support"
PROOF = "proof"
"""What set somebody free, as the event tells it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thawer(Doer):
    """Who sets somebody free, when, and by what."""

    by: str


async def freeze(unit: Unit, notices: Notices, token_hash: bytes, visit: Visit) -> Link | None:
    """Use up a link, and freeze what it was sent for and what came after it.

    None where the link is unknown, used or too old: then nothing has happened.
    """
    seen = await unit.freezes.look(token_hash, visit.now)
    if seen is None:
        return None
    account_id = seen.account_id
    await unit.turn(f"methods:{account_id}")
    link = await unit.freezes.spend(token_hash, visit.now)
    standing = await unit.people.load(account_id)
    if link is None or standing is None:
        return None
    await freeze_since(unit, notices, standing, link, visit)
    return link


async def freeze_since(
    unit: Unit, notices: Notices, standing: Standing, what: Link, visit: Visit
) -> None:
    """Freeze what is disowned and what came after it, in the caller's act and turn.

    Ends everything that is open: sessions, what apps hold, what people said yes to since, and
    whatever waits.
    """
    account_id = standing.account.id
    if standing.account.break_glass:  # nothing of it stands still: what is open ends, and no more
        ended = await _end_everything(unit, account_id, visitor(visit))
        told = said(visit, account_id)
        await unit.audit.write(SessionsEnded(**told, sessions=ended, reason=NOT_ME))
        return
    before = (await unit.freezes.of(account_id)).disowned
    disowned = disown(before, what.change, what.made, visit.now)
    await unit.freezes.freeze(account_id, disowned)
    new_password = await unit.freezes.password_changed_since(account_id, disowned.since)
    gone = put_aside_by(disowned.since, standing.authenticators, password_too=new_password)
    told = said(visit, account_id)
    await _put_aside(unit, gone, told)
    sessions = await _end_everything(unit, account_id, visitor(visit))
    await unit.consents.take_back_since(account_id, disowned.since)
    if sessions:
        await unit.audit.write(SessionsEnded(**told, sessions=sessions, reason=NOT_ME))
    await unit.audit.write(
        AccountFrozen(
            **told,
            change=what.change.value,
            since=disowned.since,
            put_aside=tuple(each.type for each in gone),
            sessions=sessions,
        )
    )
    await notices.tell(unit, standing.account, What(notice=Notice.FROZEN), visit)
    names = {each.id for each in gone}
    await _text(unit, notices, standing, "frozen", visit.now, without=names)


async def is_frozen(unit: Unit, account_id: AccountId) -> bool:
    """Say whether somebody's ways to sign in stand still since a change was disowned."""
    return (await unit.freezes.of(account_id)).disowned is not None


async def hold_back_password(unit: Unit, account_id: AccountId, at: datetime) -> None:
    """Put aside a new password that was on its way while its account was frozen.

    Part of the act that keeps what came of the write.
    """
    if not await is_frozen(unit, account_id):
        return
    standing = await unit.people.load(account_id)
    passwords = () if standing is None else standing.active(AuthenticatorType.PASSWORD)
    told = said_unasked(at, account_id)
    await _put_aside(unit, tuple(each.authenticator for each in passwords), told)


async def thaw(
    unit: Unit,
    notices: Notices,
    standing: Standing,
    thawer: Thawer,
    restored: tuple[Authenticator, ...] = (),
) -> bool:
    """Set somebody free, in the caller's act and turn; False where they were free.

    `restored` is what support gives back. Whatever else was put aside stays so.
    """
    account, at = standing.account, thawer.at
    if not await unit.freezes.thaw(account.id, at):
        return False
    for each in restored:
        await unit.authenticators.set_state(each.id, AuthenticatorState.ACTIVE, at)
    await unit.audit.write(
        AccountThawed(
            **thawer.told(account.id),
            actor=thawer.actor,
            by=thawer.by,
            restored=tuple(each.type for each in restored),
        )
    )
    await notices.tell(unit, account, What(notice=Notice.THAWED), thawer.visit, at=at)
    await _text(unit, notices, standing, "thawed", at)
    await unit.wakeups.ring(f"phone:{account.id}")
    return True


async def _put_aside(unit: Unit, gone: tuple[Authenticator, ...], told: Said) -> None:
    for each in gone:
        await unit.authenticators.set_state(each.id, AuthenticatorState.SUSPENDED, told["at"])
        await unit.audit.write(
            MethodSuspended(**told, authenticator_id=each.id, type=each.type, reason=NOT_ME)
        )


async def _end_everything(unit: Unit, account_id: AccountId, doer: Doer) -> int:
    """End what a stranger may have open, or half done; return how many sessions that were."""
    ended = await end_what_it_opened(unit, account_id, doer)
    await unit.pairings.end_all(account_id, doer.at)
    await unit.codes.end_all(account_id, doer.at)
    await unit.drafts.drop_all(account_id)
    await unit.resets.close_others(account_id)
    await unit.wakeups.ring(f"phone:{account_id}")
    return ended


async def _text(
    unit: Unit,
    notices: Notices,
    standing: Standing,
    kind: str,
    at: datetime,
    *,
    without: Collection[AuthenticatorId] = (),
) -> None:
    """Tell the telephones that work and are not among what was put aside."""
    for each in standing.active(AuthenticatorType.SMS_CODE):
        if each.authenticator.id not in without:
            number = each.authenticator.detail
            await notices.tell_number(unit, standing.account, number, kind, at)
