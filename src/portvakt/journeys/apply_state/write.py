"""Writes what a file changes in people: fields, groups, numbers, passwords, apps, events."""

import base64
from dataclasses import dataclass
from datetime import datetime

from portvakt.core.authenticators import Authenticator, AuthenticatorState, AuthenticatorType
from portvakt.core.directory_diff import Change, ChangeKind
from portvakt.core.events import (
    Event,
    MethodAdded,
    NumberRegistered,
    PeopleImported,
    PersonChanged,
    PersonCreated,
    PersonDisabled,
    PersonEnabled,
    SessionsEnded,
)
from portvakt.core.ids import AccountId, AuthenticatorId
from portvakt.core.people import Account
from portvakt.crypto.randomness import Random
from portvakt.crypto.sealing import Sealer
from portvakt.journeys.apply_state.people import Credential, PeoplePlan, StoredPeople, mark_name
from portvakt.journeys.apply_state.plan import OWNER
from portvakt.mail import Notice, What
from portvakt.phone_numbers import partly_hidden
from portvakt.proving.notices import Notices
from portvakt.records import SourcedPhone, StoredPerson, Unit

PHONE_LABEL = "Tjänstetelefon"
APP_LABEL = "Autentiseringsapp"
_SMS = AuthenticatorType.SMS_CODE


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """By whom, when, and with what."""

    now: datetime
    actor: str
    random: Random
    sealer: Sealer
    notices: Notices


async def write_people(
    unit: Unit, plan: PeoplePlan, stored: StoredPeople, writing: Writing
) -> None:
    """Write everything that a plan says of people, in the caller's transaction."""
    rows = {
        each.after.external_id: _row(each, stored.mine.get(each.after.external_id), writing)
        for each in plan.changes
    }
    going = [
        rows[each.after.external_id].id for each in plan.changes if each.kind is ChangeKind.DISABLED
    ]
    events = [_event(each, rows[each.after.external_id], writing) for each in plan.changes]
    await unit.people.disable_many(going, writing.now)
    await unit.people.upsert_many(rows.values())
    groups = {row.id: row.groups for row in rows.values()} | dict(plan.groups)
    await unit.people.set_groups_many(groups, OWNER)
    events += _groups_changed(plan, writing)
    events += await _numbers(unit, plan, rows, writing)
    marks: dict[str, str] = {}
    for credential in plan.credentials:
        row = rows.get(credential.external_id) or stored.account(credential.external_id)
        if row is not None:
            new = row.external_id not in stored.mine and row.external_id not in stored.merged
            events += await _move_in(unit, credential, row, stored, writing, marks, new=new)
    await unit.meta.set_many(marks)
    if plan.changes:
        events.append(_summary(plan, writing))
    await unit.audit.write_many(events)


def _row(change: Change, before: StoredPerson | None, writing: Writing) -> StoredPerson:
    return StoredPerson.of(
        change.after,
        id_=AccountId(writing.random.id()) if before is None else before.id,
        source=OWNER,
        created_at=writing.now if before is None else before.created_at,
    )


def _event(change: Change, row: StoredPerson, writing: Writing) -> Event:
    at, actor, account_id = writing.now, writing.actor, row.id
    match change.kind:
        case ChangeKind.CREATED:
            return PersonCreated(at=at, account_id=account_id, actor=actor, source=OWNER)
        case ChangeKind.CHANGED:
            return PersonChanged(
                at=at, account_id=account_id, actor=actor, source=OWNER, changed=change.fields
            )
        case ChangeKind.DISABLED:
            reason = "vanished" if change.vanished else "left"
            return PersonDisabled(
                at=at, account_id=account_id, actor=actor, source=OWNER, reason=reason
            )
        case ChangeKind.ENABLED:
            return PersonEnabled(at=at, account_id=account_id, actor=actor, source=OWNER)


def _groups_changed(plan: PeoplePlan, writing: Writing) -> list[Event]:
    return [
        PersonChanged(
            at=writing.now,
            account_id=account_id,
            actor=writing.actor,
            source=OWNER,
            changed=("groups",),
        )
        for account_id in plan.groups
    ]


def _summary(plan: PeoplePlan, writing: Writing) -> Event:
    kinds = [each.kind for each in plan.changes]
    return PeopleImported(
        at=writing.now,
        actor=writing.actor,
        source=OWNER,
        created=kinds.count(ChangeKind.CREATED),
        changed=kinds.count(ChangeKind.CHANGED) + kinds.count(ChangeKind.ENABLED),
        disabled=kinds.count(ChangeKind.DISABLED),
        unchanged=plan.unchanged,
    )


async def _numbers(
    unit: Unit, plan: PeoplePlan, rows: dict[str, StoredPerson], writing: Writing
) -> list[Event]:
    """Bind the numbers that the file gives, and tell those who had another or none."""
    phones: list[SourcedPhone] = []
    events: list[Event] = []
    for change in plan.changes:
        old = None if change.before is None else change.before.work_mobile
        new = change.after.work_mobile
        if old == new:
            continue
        phone = SourcedPhone(
            id=AuthenticatorId(writing.random.id()),
            account_id=rows[change.after.external_id].id,
            number=new or "",
            label=PHONE_LABEL,
        )
        phones.append(phone)
        if new is not None:
            events.append(
                NumberRegistered(
                    at=writing.now,
                    account_id=phone.account_id,
                    actor=writing.actor,
                    authenticator_id=phone.id,
                    type=_SMS,
                    source=OWNER,
                    hidden_number=partly_hidden(new),
                )
            )
        if change.before is not None:
            notice = Notice.REMOVED if new is None else Notice.CHANGED if old else Notice.ADDED
            await _tell(unit, phone.account_id, What(notice=notice, method=_SMS), writing)
    await unit.authenticators.upsert_sourced_phones(phones, OWNER, writing.now)
    return events


async def _move_in(
    unit: Unit,
    credential: Credential,
    row: StoredPerson,
    stored: StoredPeople,
    writing: Writing,
    marks: dict[str, str],
    *,
    new: bool,
) -> list[Event]:
    """Bind a password or an authenticator app; what was moved in before gives way to it."""
    kind = AuthenticatorType(credential.kind)
    name = mark_name(credential.kind, row.id)
    made = _authenticator(kind, row.id, writing)
    events: list[Event] = []
    if kind is AuthenticatorType.PASSWORD:
        replaced = await unit.authenticators.remove_type(row.id, kind)
        if replaced:  # whoever is signed in by the old password is signed out (good-code rule 25)
            events += await _end_sessions(unit, row.id, writing)
        await unit.authenticators.bind(made, verifier=credential.value.open())
    else:
        _, _, earlier = stored.ledger.get(name, "").partition(":")
        if earlier:
            await unit.authenticators.remove(AuthenticatorId(earlier), row.id)
        text = credential.value.open()
        secret = base64.b32decode(text + "=" * (-len(text) % 8))
        place = {"table": "authenticators", "column": "sealed", "row": made.id}
        await unit.authenticators.bind(made, sealed=writing.sealer.seal(secret, **place))
    marks[name] = f"{credential.mark}:{made.id}"
    if not new:
        notice = Notice.PASSWORD if kind is AuthenticatorType.PASSWORD else Notice.ADDED
        await _tell(unit, row.id, What(notice=notice, method=kind, label=made.label), writing)
    events.append(
        MethodAdded(
            at=writing.now,
            account_id=row.id,
            actor=writing.actor,
            authenticator_id=made.id,
            type=kind,
            source=OWNER,
            basis=None,
            label=made.label,
        )
    )
    return events


def _authenticator(
    kind: AuthenticatorType, account_id: AccountId, writing: Writing
) -> Authenticator:
    return Authenticator(
        id=AuthenticatorId(writing.random.id()),
        account_id=account_id,
        type=kind,
        state=AuthenticatorState.ACTIVE,
        label=APP_LABEL if kind is AuthenticatorType.TOTP else "",
        source=OWNER,
        detail="",
        preferred=False,
        created_at=writing.now,
        changed_at=writing.now,
    )


async def _end_sessions(unit: Unit, account_id: AccountId, writing: Writing) -> list[Event]:
    ended = await unit.sessions.close_all(account_id, writing.now)
    await unit.known_browsers.forget_all(account_id)
    await unit.grants.revoke_of_account(account_id, writing.now)
    if not ended:
        return []
    return [
        SessionsEnded(
            at=writing.now,
            account_id=account_id,
            actor=writing.actor,
            sessions=ended,
            reason="password_replaced",
        )
    ]


async def _tell(unit: Unit, account_id: AccountId, what: What, writing: Writing) -> None:
    standing = await unit.people.load(account_id)
    account: Account | None = None if standing is None else standing.account
    if account is not None and account.usable:
        await writing.notices.tell(unit, account, what, None, at=writing.now)
