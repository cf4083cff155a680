"""What a phone is told: who it belongs to, what is on, and which requests wait."""

from datetime import datetime, timedelta

from portvakt.core.authenticators import AuthenticatorState
from portvakt.core.ids import AuthenticatorId
from portvakt.core.phones import Phone, PhoneState, encode, sign_in_of
from portvakt.core.push_approval import RESET, Approval, milliseconds
from portvakt.journeys.approve_push.parts import Json, Parts
from portvakt.proving.held import held
from portvakt.records import Standing, Unit

MOST_SHOWN = 2
SEEN_EVERY = timedelta(minutes=10)
"""How stale the time may be that a phone was last heard of, so that not every act writes it."""


def signs_in(phone: Phone, standing: Standing) -> bool:
    """Whether this phone signs in without a password."""
    found = sign_in_of(phone.id, standing.authenticators)
    if found is None or found.withdrawn:
        return False
    return found.state is AuthenticatorState.ACTIVE


def is_withdrawn(phone: Phone, standing: Standing, purpose: str) -> bool:
    """Whether the organisation lets nobody like this person approve with a phone any more.

    Where a password is reset, that site judges by what may be used there.
    """
    if purpose == RESET:
        return False
    return any(each.id == phone.id and each.withdrawn for each in standing.authenticators)


def is_for(approval: Approval, phone: Phone, standing: Standing) -> bool:
    """Whether a request is for this phone to answer.

    A phone that was not proved yet has its own test only. One that needs the screen lock is for
    phones that sign in without a password: the others could not approve it.
    """
    if approval.account_id != phone.account_id:
        return False
    if approval.phone_id is not None or phone.state is PhoneState.PROVING:
        return approval.phone_id == phone.id
    if is_withdrawn(phone, standing, approval.purpose):
        return False
    return not approval.lock or signs_in(phone, standing)


class Show:
    """Answers `fetch`, and everything that answers like it."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def again(self, phone_id: AuthenticatorId, now: datetime) -> Json | None:
        """Read a phone and what waits for it now; None where it is gone."""
        configuration = await self._parts.rules.current(now)

        async def look(unit: Unit) -> tuple[Phone, Standing, list[Approval]] | None:
            found = await unit.phones.load(phone_id, now)
            if found is None:
                return None
            phone, standing = found[0], held(found[1], configuration)
            return phone, standing, await unit.approvals.waiting(phone.account_id, now)

        read = await self._parts.records.read(look)
        return None if read is None else await self._told(*read, now)

    async def state(self, phone: Phone, standing: Standing, now: datetime) -> Json:
        """Tell a phone that was just read everything that it shows."""
        waiting = await self._parts.records.read(
            lambda unit: unit.approvals.waiting(phone.account_id, now)
        )
        return await self._told(phone, standing, waiting, now)

    async def _told(
        self, phone: Phone, standing: Standing, waiting: list[Approval], now: datetime
    ) -> Json:
        mine = [each for each in waiting if is_for(each, phone, standing)]
        mine.sort(key=lambda each: (not each.known_browser, each.created_at, each.id))
        shown = mine[:MOST_SHOWN]
        await self._note(phone, shown, now)
        account, organisation = standing.account, self._parts.organisation
        credential = phone.credential_id
        return {
            "state": phone.state.value,
            "name": phone.name,
            "sign_in": signs_in(phone, standing),
            "screen_lock": None if credential is None else encode(credential),
            "account": {
                "name": account.display_name,
                "user_name": account.user_name,
                "organisation": organisation.name,
                "colour": organisation.colour,
                "support_phone": organisation.support_phone,
            },
            "vapid": await self._parts.vapid(),
            "requests": [
                {
                    "id": each.id,
                    "shown": encode(each.shown),
                    "expires_at": milliseconds(each.expires_at),
                }
                for each in shown
            ],
        }

    async def _note(self, phone: Phone, shown: list[Approval], now: datetime) -> None:
        """Keep that requests were delivered, and now and then that the phone was heard of."""
        new = [each.id for each in shown if each.delivered_at is None]
        stale = phone.seen_at is None or now - phone.seen_at >= SEEN_EVERY
        if not new and not stale:
            return

        async def act(unit: Unit) -> None:
            for each in new:
                if await unit.approvals.note(each, "delivered", now):
                    await unit.wakeups.ring(f"approval:{each}")
            if stale:
                await unit.phones.seen(phone.id, now)

        await self._parts.records.write(act)
