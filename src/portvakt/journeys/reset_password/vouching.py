"""Standing up for somebody else: in a session of one's own, with two factors, for one attempt."""

from dataclasses import dataclass

from portvakt.core.ids import AccountId, FlowId, SessionId
from portvakt.core.new_phone_events import NewPhoneVouched
from portvakt.core.reset_events import ResetVouched
from portvakt.core.throttle import LIMITS, Familiarity, Kind
from portvakt.core.vouchers import (
    RING,
    RIPE,
    MayNotVouch,
    MayVouch,
    Request,
    Voucher,
    WhyNot,
    may_vouch,
)
from portvakt.mail import Notice, What
from portvakt.proving.gate import Current
from portvakt.proving.notices import Notices
from portvakt.proving.visit import Visit, said
from portvakt.records.unit import Records, Unit


@dataclass(frozen=True, slots=True)
class Vouched:
    """It counts from now on, for this person."""

    name: str


class Vouching:
    """Lists who asks, and takes a yes."""

    def __init__(self, *, records: Records, notices: Notices) -> None:
        self._records = records
        self._notices = notices

    async def asking(
        self, current: Current, visit: Visit
    ) -> list[tuple[Request, MayVouch | MayNotVouch]]:
        """List the attempts that one could know of, with what is said of each."""

        async def act(unit: Unit) -> list[tuple[Request, MayVouch | MayNotVouch]]:
            me = await _voucher(unit, current, visit)
            found = await unit.vouches.waiting_for(me.account.id, visit.now)
            return [(each, may_vouch(each, me, visit.now)) for each in found]

        return await self._records.read(act)

    async def vouch(self, current: Current, attempt: FlowId, visit: Visit) -> Vouched | MayNotVouch:
        """Stand up for the person of one attempt, on what is stored now."""

        async def act(unit: Unit) -> Vouched | MayNotVouch:
            me = await _voucher(unit, current, visit)
            found = await unit.vouches.waiting_for(me.account.id, visit.now)
            request = next((each for each in found if each.attempt == attempt), None)
            if request is None:
                return MayNotVouch(WhyNot.OVER)
            verdict = may_vouch(request, me, visit.now)
            if isinstance(verdict, MayNotVouch):
                return verdict
            session = SessionId(current.session.id)
            account = me.account
            kind = Kind.VOUCHED
            count = await unit.attempts.count(
                account.id, kind, Familiarity.ANY, LIMITS[kind], visit.now
            )
            if not count.allowed:
                return MayNotVouch(WhyNot.OFTEN)
            if not await unit.vouches.give(attempt, account.id, session, verdict.sort, visit.now):
                return MayNotVouch(WhyNot.OVER)
            target = request.target
            vouched = NewPhoneVouched if request.new_phone else ResetVouched
            event = vouched(
                **said(visit, target.id),
                actor=f"account:{account.id}",
                voucher=account.id,
                sort=verdict.sort,
            )
            await unit.audit.write(event)
            await self._notices.tell(unit, target, What(notice=Notice.VOUCHED), visit)
            await self._notices.tell(unit, account, What(notice=Notice.VOUCH_GIVEN), visit)
            return Vouched(target.display_name)

        return await self._records.write(act)


async def _voucher(unit: Unit, current: Current, visit: Visit) -> Voucher:
    account_id: AccountId = current.standing.account.id
    changed = await unit.vouches.changed_at(account_id, visit.now - RIPE)
    stood_up = await unit.vouches.stood_up_for(account_id, visit.now - RING)
    return Voucher(
        account=current.standing.account,
        bound=current.standing.authenticators,
        evidence=current.session.evidence,
        changed_at=changed,
        stood_up_for_them=stood_up,
    )
