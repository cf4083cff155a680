"""Writes one part of what a source changed: people, groups, numbers, events and notices."""

import itertools
from collections.abc import Collection, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.directory_diff import Change, ChangeKind, Difference, PersonFacts
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
    notices: Notices
    actor: str = ACTOR
    phone_label: str = PHONE_LABEL
    passwords: bool = False
    """The source keeps people's passwords."""


@dataclass(frozen=True, slots=True)
class Ids:
    """Drawn before an act that may be run again: enough for everybody in one part."""

    accounts: Sequence[str]
    methods: Sequence[str]
    """Two for each: a password at the source and a number."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one part of a run came to."""

    created: int
    changed: int
    disabled: int
    unchanged: int
    refused: list[RowReport] = field(default_factory=list)
    staying: frozenset[AccountId] = frozenset()
    """Administrators who would go, and are the last."""

    @classmethod
    def of(cls, found: Difference, refused: list[RowReport], staying: frozenset[AccountId]) -> Self:
        """Count the changes; who comes back counts as changed."""
        kinds = [each.kind for each in found.changes]
        return cls(
            created=kinds.count(ChangeKind.CREATED),
            changed=kinds.count(ChangeKind.CHANGED) + kinds.count(ChangeKind.ENABLED),
            disabled=kinds.count(ChangeKind.DISABLED),
            unchanged=found.unchanged,
            refused=refused,
            staying=staying,
        )


async def write_part(
    unit: Unit,
    changes: Sequence[Change],
    stored: dict[str, StoredPerson],
    following: Following,
    ids: Ids,
) -> None:
    """Write changes in the caller's transaction, with what they tell."""
    if not changes:
        return
    accounts, methods = iter(ids.accounts), iter(ids.methods)
    told: list[tuple[Change, AccountId]] = []
    new: dict[AccountId, PersonFacts] = {}
    known: list[StoredPerson] = []
    for change in changes:
        before = stored.get(change.after.external_id)
        if before is None:
            account = AccountId(next(accounts))
            new[account] = change.after
        else:
            account = before.id
            known.append(_row(change.after, before, following.source))
        told.append((change, account))
    going = [
        account
        for each, account in told
        if each.before is not None and each.kind is ChangeKind.DISABLED
    ]
    events = [_event(each, account, following) for each, account in told]
    groups = {account: each.after.groups or frozenset() for each, account in told}
    await unit.people.disable_many(going, following.now)
    await unit.people.add_many(new.items(), following.source, following.now)
    await unit.people.upsert_many(known)
    await unit.people.set_groups_many(groups, following.source, new=new)
    if following.passwords:
        await give_passwords(unit, new, methods, following)
    events += await _numbers(unit, told, methods, following, new)
    await unit.audit.write_many(events)


async def give_passwords(
    unit: Unit, accounts: Collection[AccountId], ids: Iterator[str], following: Following
) -> None:
    """Note that these people's password is kept at the source; `ids` are drawn, one for each."""
    drawn = itertools.islice(ids, len(accounts))
    named = [(AuthenticatorId(each), one) for each, one in zip(drawn, accounts, strict=True)]
    await unit.authenticators.add_sourced_passwords(named, following.source, following.now)


def _row(after: PersonFacts, before: StoredPerson, source: str) -> StoredPerson:
    return StoredPerson.of(after, id_=before.id, source=source, created_at=before.created_at)


def _event(change: Change, account_id: AccountId, following: Following) -> Event:
    at, source = following.now, following.source
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
    told: Iterable[tuple[Change, AccountId]],
    ids: Iterator[str],
    following: Following,
    new: Container[AccountId],
) -> list[Event]:
    """Bind the numbers that came, unbind those that went, and tell people who had one."""
    events: list[Event] = []
    phones: list[SourcedPhone] = []
    for change, account in told:
        old = None if change.before is None else change.before.work_mobile
        number = change.after.work_mobile
        if old == number:
            continue
        phone = SourcedPhone(
            id=AuthenticatorId(next(ids)),
            account_id=account,
            number=number or "",
            label=following.phone_label,
        )
        phones.append(phone)
        known = False
        if change.before is not None:
            known = await _changed_number(unit, phone, old, events, following)
        if number is not None and not known:
            events.append(_registered(phone, following))
    await unit.authenticators.upsert_sourced_phones(
        phones, following.source, following.now, new=new
    )
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
