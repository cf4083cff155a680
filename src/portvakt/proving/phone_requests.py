"""Asking a person's phones to approve something, within the limits, in the caller's act.

A request is stored, the phones that sleep are woken by the outbox and those that are awake by the
records' bell: all of it with whatever led to it, so that there is never one without the other.
Before any password was shown every name gets a request, so that nobody learns who has a phone; one
that no phone can answer is nobody's.
"""

from dataclasses import dataclass
from datetime import datetime

import structlog

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.events import PhoneRequestSent, PhoneRequestsStopped
from portvakt.core.ids import AccountId, ApprovalId, AuthenticatorId
from portvakt.core.phones import Phone, Subscription, phone_of
from portvakt.core.push_approval import (
    LIVES,
    RESET,
    TEST,
    Approval,
    ApprovalState,
    Context,
    NoRoom,
    Room,
    digits_for,
    pick_number,
    room_for,
    shown_of,
)
from portvakt.core.throttle import LIMITS, Familiarity, Kind, familiarity_of
from portvakt.core.user_agents import browser_of
from portvakt.crypto.digests import lookup_hash
from portvakt.crypto.randomness import Random
from portvakt.crypto.sealing import Sealer, SealError
from portvakt.proving.answer import subject_of, usable
from portvakt.proving.notices import Notices
from portvakt.proving.visit import Visit, said
from portvakt.records.outbox import Message
from portvakt.records.standing import Standing
from portvakt.records.unit import Unit
from portvakt.wake import to_body

_log = structlog.get_logger("portvakt.proving")

CHANNEL = "wake"
PURPOSE = "approval"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """What is to be approved, where, and what was shown before: see `PhoneRequests.ask`."""

    flow: str
    purpose: str
    claimed: str
    app_name: str
    network_name: str
    lock: bool
    password_proved: bool
    only_phone: AuthenticatorId | None


@dataclass(frozen=True, slots=True)
class Asked:
    """A request waits for an answer."""

    approval: Approval


@dataclass(frozen=True, slots=True)
class NotNow:
    """No phone was asked, because of a limit.

    `until` is when one can be again; None where another way in must come first.
    """

    until: datetime | None


def tally(
    standing: Standing | None, claimed: str, kind: Kind, *, inside: bool
) -> tuple[str, Kind, Familiarity]:
    """Return the key that requests are counted by, and given back by after a success (R26)."""
    account = None if standing is None else standing.account
    known = standing is not None and standing.known_browser
    return (
        subject_of(account, claimed),
        kind,
        familiarity_of(known_browser=known, inside=inside),
    )


class PhoneRequests:
    """Makes requests. `six` is the policy that asks for six digits everywhere."""

    def __init__(self, *, random: Random, sealer: Sealer, notices: Notices, six: bool) -> None:
        self._random = random
        self._sealer = sealer
        self._notices = notices
        self._six = six

    async def ask(
        self,
        unit: Unit,
        *,
        flow: str,
        purpose: str,
        standing: Standing | None,
        claimed: str,
        app_name: str,
        network_name: str,
        visit: Visit,
        lock: bool,
        password_proved: bool,
        only_phone: AuthenticatorId | None = None,
    ) -> Asked | NotNow:
        """Ask every phone that would do, or say that none is asked now. Part of the caller's act.

        `flow` is the sign-in, or the registration session, that goes on when it is approved;
        `purpose` is "sign_in", "methods", "reset" or "test". `standing` is None for a name that
        nobody has, which then counts as it was `claimed`. `network_name` is the organisation's
        network that the browser is on, empty from outside. `lock` asks for the screen lock, in
        place of a password. `only_phone` is for a test of the phone that was just paired, and
        counts towards no limit.
        """
        wish = _Wish(
            flow=flow,
            purpose=purpose,
            claimed=claimed,
            app_name=app_name,
            network_name=network_name,
            lock=lock,
            password_proved=password_proved,
            only_phone=only_phone,
        )
        return await self._ask(unit, wish, standing, visit)

    async def _ask(
        self, unit: Unit, wish: _Wish, standing: Standing | None, visit: Visit
    ) -> Asked | NotNow:
        who = standing if standing is not None and _answers(standing, wish, visit.now) else None
        subject = subject_of(None if standing is None else standing.account, wish.claimed)
        # Two browsers at once would each find room, and each the same number.
        await unit.turn(f"phone:{subject}")
        waiting = await unit.approvals.waiting(AccountId(subject), visit.now)
        known = wish.only_phone is not None or (standing is not None and standing.known_browser)
        room = room_for(visit.binding, known, waiting)
        if isinstance(room, NoRoom) and wish.password_proved:
            # Somebody who knows a name only does not keep out somebody who knows the password.
            unproved = next((each.id for each in waiting if each.quiet), None)
            if unproved is None:
                return NotNow(min(each.expires_at for each in waiting))
            room = Room((unproved,))
        if isinstance(room, NoRoom):
            # What a stranger sees must not tell that others wait: this one nobody will answer.
            who, room = None, Room()
        if wish.only_phone is None and wish.purpose != RESET:  # which has a budget of its own
            stopped = await self._counted(unit, wish, standing, visit)
            if stopped is not None:
                return stopped
        if room.replaces or not wish.password_proved:  # before a password the same for every name
            await unit.approvals.end(room.replaces, ApprovalState.REPLACED, visit.now)
        for each in room.replaces:
            await unit.wakeups.ring(f"approval:{each}")
        taken = {each.number for each in waiting}
        approval = self._approval(wish, who, known_browser=known, taken=taken, visit=visit)
        await unit.approvals.start(approval)
        await unit.audit.write(_sent(approval, standing, wish, visit))
        if who is not None:
            await unit.wakeups.ring(f"phone:{who.account.id}")
            if not approval.quiet:
                await self._wake(unit, wish, who, approval)
        return Asked(approval)

    async def close(self, unit: Unit, flow: str, purpose: str, at: datetime) -> None:
        """End what this sign-in has asked a phone: the person took another way."""
        asked = await unit.approvals.newest(flow, purpose)
        if asked is None or not await unit.approvals.end([asked.id], ApprovalState.CLOSED, at):
            return
        await unit.wakeups.ring(f"approval:{asked.id}")
        if asked.account_id is not None:
            await unit.wakeups.ring(f"phone:{asked.account_id}")

    async def stopped(
        self, unit: Unit, key: tuple[str, Kind, Familiarity], now: datetime
    ) -> NotNow | None:
        """Say whether a limit would hold a request back now, without counting one."""
        count = await unit.attempts.peek(*key)
        if count is None:
            return None
        until = count.stopped_until
        if until is not None and until > now:
            return NotNow(until)
        return None if LIMITS[key[1]].within(count.total + 1) else NotNow(None)

    def _approval(
        self,
        wish: _Wish,
        who: Standing | None,
        *,
        known_browser: bool,
        taken: set[str],
        visit: Visit,
    ) -> Approval:
        id_ = ApprovalId(self._random.id())
        digits = digits_for(wish.purpose, password_proved=wish.password_proved, six=self._six)
        test = wish.purpose == TEST
        context = Context(
            account=wish.claimed if who is None else who.account.email or who.account.user_name,
            purpose=wish.purpose,
            app=wish.app_name,
            network=wish.network_name,
            address=visit.address or "",
            browser=_in_few_words(visit.user_agent),
            known_browser=known_browser,
            quiet=not (wish.password_proved or known_browser or test),
            at=visit.now,
            session=lookup_hash(wish.flow),
            digits=digits,
            lock=wish.lock,
        )
        return Approval(
            id=id_,
            account_id=None if who is None else who.account.id,
            flow=wish.flow,
            browser=visit.binding,
            purpose=wish.purpose,
            app=wish.app_name,
            number=pick_number(self._random.digits, digits, taken),
            digits=digits,
            lock=wish.lock,
            quiet=context.quiet,
            known_browser=known_browser,
            shown=shown_of(id_, context),
            state=ApprovalState.WAITING,
            phone_id=wish.only_phone,
            created_at=visit.now,
            expires_at=visit.now + LIVES,
        )

    async def _counted(
        self, unit: Unit, wish: _Wish, standing: Standing | None, visit: Visit
    ) -> NotNow | None:
        """Count the asking; where it is one too many, say until when (A031)."""
        kind = Kind.PUSH if wish.password_proved else Kind.PUSH_FIRST
        key = tally(standing, wish.claimed, kind, inside=bool(wish.network_name))
        count = await unit.attempts.count(*key, LIMITS[kind], visit.now)
        until = count.stopped_until
        if not count.allowed:
            return NotNow(until if until is not None and until > visit.now else None)
        if until is not None:
            account = None if standing is None else standing.account
            await unit.audit.write(
                PhoneRequestsStopped(
                    **said(visit, None if account is None else account.id),
                    familiarity=key[2],
                    password_proved=wish.password_proved,
                    until=until,
                )
            )
            if account is not None and wish.password_proved:
                await self._notices.asked_often(unit, account, visit)
        return None

    async def _wake(self, unit: Unit, wish: _Wish, who: Standing, approval: Approval) -> None:
        """Put one message in the outbox for each phone that would do and can be woken."""
        would_do = _phones(who, wish, approval.created_at)
        for phone in await unit.phones.of(who.account.id):
            subscription = self._subscription(phone) if phone.id in would_do else None
            if subscription is None:
                continue
            row = self._random.id()
            body = to_body(subscription, phone.id, approval.id)
            await unit.outbox.put(
                Message(
                    id=row,
                    channel=CHANNEL,
                    to=phone.id,
                    body=self._sealer.seal(body, table="outbox", column="body", row=row),
                    purpose=PURPOSE,
                    account_id=who.account.id,
                    created_at=approval.created_at,
                    not_after=approval.expires_at,
                    idempotency_key=row,
                )
            )

    def _subscription(self, phone: Phone) -> Subscription | None:
        """Open where a phone is woken. What cannot be opened calls for an operator; others ring."""
        if phone.subscription is None:
            return None
        place = {"table": "phones", "column": "subscription", "row": phone.id}
        try:
            return Subscription.from_json(self._sealer.open(phone.subscription, **place))
        except SealError as error:
            _log.error("subscription_unreadable", phone=phone.id, error=type(error).__name__)
            return None


def _in_few_words(user_agent: str) -> str:
    """Name browser and system, as far as they tell: "Chrome, Windows"."""
    told = browser_of(user_agent)
    return ", ".join(each for each in (told.name, told.system) if each is not None)


def _answers(standing: Standing, wish: _Wish, now: datetime) -> bool:
    """Whether a phone of this person could answer."""
    return standing.account.usable and bool(_phones(standing, wish, now))


def _phones(standing: Standing, wish: _Wish, now: datetime) -> set[AuthenticatorId]:
    """Name the phones that may answer."""
    if wish.only_phone is not None:
        return {wish.only_phone}
    kind = AuthenticatorType.PHONE_SIGN_IN if wish.lock else AuthenticatorType.PUSH
    found = (phone_of(each.authenticator) for each in usable(standing, kind, now))
    return {each for each in found if each is not None}


def _sent(
    approval: Approval, standing: Standing | None, wish: _Wish, visit: Visit
) -> PhoneRequestSent:
    kind = Kind.PUSH if wish.password_proved else Kind.PUSH_FIRST
    key = tally(standing, wish.claimed, kind, inside=bool(wish.network_name))
    return PhoneRequestSent(
        **said(visit, None if standing is None else standing.account.id),
        request=approval.id,
        purpose=approval.purpose,
        app=approval.app,
        familiarity=key[2],
        digits=approval.digits,
        lock=approval.lock,
        quiet=approval.quiet,
    )
