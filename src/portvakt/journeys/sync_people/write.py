"""Writes one part of what a source changed: people, groups, numbers, events and notices."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.directory_diff import Change, ChangeKind, Difference
from portvakt.core.events import (
    Event,
    MethodRemoved,
    NumberRegistered,
    PersonChanged,
    PersonCreated,
    PersonDisabled,
    PersonEnabled,
)
from portvakt.core.ids import AccountId, AuthenticatorId
from portvakt.crypto.randomness import Random
from portvakt.journeys.sync_people.report import RowReport
from portvakt.mail import Notice, What
from portvakt.phone_numbers import partly_hidden
from portvakt.proving.notices import Notices
from portvakt.records import SourcedPhone, StoredPerson, Unit

ACTOR = "import"
PHONE_LABEL = "Tjänstetelefon från HR"
"""What people see beside a number that came by itself, until they call it something else."""


@dataclass(frozen=True, slots=True)
class Following:
    """Whom is followed, when, and how it is called."""

    source: str
    now: datetime
    random: Random
    notices: Notices
    actor: str = ACTOR
    phone_label: str = PHONE_LABEL
    passwords: bool = False
    """The source keeps people's passwords."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one part of a run came to."""

    created: int
    changed: int
    disabled: int
    unchanged: int
    refused: list[RowReport] = field(default_factory=list)

    @classmethod
    def of(cls, found: Difference, refused: list[RowReport]) -> Self:
        """Count the changes; who comes back counts as changed."""
        kinds = [each.kind for each in found.changes]
        return cls(
            created=kinds.count(ChangeKind.CREATED),
            changed=kinds.count(ChangeKind.CHANGED) + kinds.count(ChangeKind.ENABLED),
            disabled=kinds.count(ChangeKind.DISABLED),
            unchanged=found.unchanged,
            refused=refused,
        )


async def write_part(
    unit: Unit,
    changes: Sequence[Change],
    stored: dict[str, StoredPerson],
    following: Following,
) -> None:
    """Write changes in the caller's transaction, with what they tell."""
    if not changes:
        return
    rows = {
        each.after.external_id: _row(each, stored.get(each.after.external_id), following)
        for each in changes
    }
    going = [
        rows[each.after.external_id].id for each in changes if each.kind is ChangeKind.DISABLED
    ]
    events = [_event(each, rows[each.after.external_id], following) for each in changes]
    await unit.people.disable_many(going, following.now)
    await unit.people.upsert_many(rows.values())
    await unit.people.set_groups_many(
        {row.id: row.groups for row in rows.values()}, following.source
    )
    if following.passwords:
        new = [rows[each.after.external_id].id for each in changes if each.before is None]
        await give_passwords(unit, new, following)
    events += await _numbers(unit, changes, rows, following)
    await unit.audit.write_many(events)


async def give_passwords(unit: Unit, accounts: Iterable[AccountId], following: Following) -> None:
    """Note that these people's password is kept at the source."""
    ids = [(AuthenticatorId(following.random.id()), account) for account in accounts]
    await unit.authenticators.add_sourced_passwords(ids, following.source, following.now)


def _row(change: Change, before: StoredPerson | None, following: Following) -> StoredPerson:
    return StoredPerson.of(
        change.after,
        id_=AccountId(following.random.id()) if before is None else before.id,
        source=following.source,
        created_at=following.now if before is None else before.created_at,
    )


def _event(change: Change, row: StoredPerson, following: Following) -> Event:
    at, account_id, source = following.now, row.id, following.source
    match change.kind:
        case ChangeKind.CREATED:
            return PersonCreated(at=at, account_id=account_id, actor=following.actor, source=source)
        case ChangeKind.CHANGED:
            return PersonChanged(
                at=at,
                account_id=account_id,
                actor=following.actor,
                source=source,
                changed=change.fields,
            )
        case ChangeKind.DISABLED:
            return PersonDisabled(
                at=at, account_id=account_id, actor=following.actor, source=source, reason="left"
            )
        case ChangeKind.ENABLED:
            return PersonEnabled(at=at, account_id=account_id, actor=following.actor, source=source)


async def _numbers(
    unit: Unit,
    changes: Iterable[Change],
    rows: dict[str, StoredPerson],
    following: Following,
) -> list[Event]:
    """Bind the numbers that came, unbind those that went, and tell people who had one."""
    events: list[Event] = []
    phones: list[SourcedPhone] = []
    for change in changes:
        old = None if change.before is None else change.before.work_mobile
        new = change.after.work_mobile
        if old == new:
            continue
        row = rows[change.after.external_id]
        phone = SourcedPhone(
            id=AuthenticatorId(following.random.id()),
            account_id=row.id,
            number=new or "",
            label=following.phone_label,
        )
        phones.append(phone)
        known = False
        if change.before is not None:
            known = await _changed_number(unit, phone, old, events, following)
        if new is not None and not known:
            events.append(_registered(phone, following))
    await unit.authenticators.upsert_sourced_phones(phones, following.source, following.now)
    return events


def _registered(phone: SourcedPhone, following: Following) -> NumberRegistered:
    return NumberRegistered(
        at=following.now,
        account_id=phone.account_id,
        actor=following.actor,
        authenticator_id=phone.id,
        type=AuthenticatorType.SMS_CODE,
        source=following.source,
        hidden_number=partly_hidden(phone.number),
    )


async def _changed_number(
    unit: Unit,
    phone: SourcedPhone,
    old: str | None,
    events: list[Event],
    following: Following,
) -> bool:
    """Tell somebody whose work number changed; True where the new one is theirs already.

    The old number is told too: whoever holds that phone is who would be surprised.
    """
    standing = await unit.people.load(phone.account_id)
    if standing is None:
        return False
    account, now = standing.account, following.now
    for bound in standing.active(AuthenticatorType.SMS_CODE):
        method = bound.authenticator
        if method.source == following.source and method.detail != phone.number:
            events.append(
                MethodRemoved(
                    at=now,
                    account_id=account.id,
                    actor=following.actor,
                    authenticator_id=method.id,
                    type=method.type,
                    label=method.label,
                )
            )
    if account.usable:
        what = What(
            notice=Notice.CHANGED
            if phone.number and old
            else Notice.ADDED
            if phone.number
            else Notice.REMOVED,
            method=AuthenticatorType.SMS_CODE,
            label=following.phone_label,
        )
        await following.notices.tell(unit, account, what, None, at=now)
        if old is not None and phone.number:
            await following.notices.tell_number(
                unit, account, old, "number_added", now, partly_hidden(phone.number)
            )
    return any(
        each.authenticator.detail == phone.number
        for each in standing.active(AuthenticatorType.SMS_CODE)
    )
