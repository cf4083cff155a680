"""A phone's answer to a request: approved with the number, denied, or «Det var inte jag»."""

from datetime import timedelta
from hashlib import sha256

from portvakt.core.authenticators import AuthenticatorState, AuthenticatorType
from portvakt.core.events import (
    PasswordPutAside,
    PhoneRequestApproved,
    PhoneRequestDenied,
    PhoneRequestNotMe,
    PhoneRequestWrongNumber,
    SessionsEnded,
)
from portvakt.core.ids import ApprovalId
from portvakt.core.phone_events import PhoneAnswered
from portvakt.core.phones import PhoneState, decode
from portvakt.core.push_approval import Approval, ApprovalState
from portvakt.crypto.digests import same
from portvakt.crypto.screen_lock import Proved
from portvakt.journeys.approve_push.lock import Locks, NotSignedError
from portvakt.journeys.approve_push.messages import Answered, Letter, Opened
from portvakt.journeys.approve_push.parts import Answer, Caller, Parts, Refused, Word
from portvakt.journeys.approve_push.show import is_for, is_withdrawn, signs_in
from portvakt.mail import Notice, What
from portvakt.records import Unit

AFTER_NOT_ME = timedelta(minutes=15)
"""How long after «Det var inte jag» the same phone may lock the account."""
LOOKED_AT = 200
"""How many of the latest events are looked through for it."""

_EVENTS: dict[ApprovalState, type[PhoneAnswered]] = {
    ApprovalState.APPROVED: PhoneRequestApproved,
    ApprovalState.DENIED: PhoneRequestDenied,
    ApprovalState.WRONG_NUMBER: PhoneRequestWrongNumber,
}


class Answering:
    """Takes answers. Each counts once, in one conditional statement."""

    def __init__(self, parts: Parts, locks: Locks) -> None:
        self._parts = parts
        self._locks = locks

    async def opened(self, caller: Caller, fields: Opened) -> Answer:
        """Keep that the person looks at it now."""
        id_ = ApprovalId(fields.request)

        async def act(unit: Unit) -> None:
            found = await unit.approvals.load(id_)
            if found is None or not is_for(found, caller.phone, caller.standing):
                return
            if await unit.approvals.note(id_, "opened", caller.now):
                await unit.wakeups.ring(f"approval:{id_}")

        await self._parts.records.write(act)
        return {}

    async def answer(self, caller: Caller, fields: Answered, letter: Letter) -> Answer:
        """Judge an answer on the request that it names, and tell what came of it."""
        approve = fields.decision == "approve"
        if approve != bool(fields.number) or (letter.assertion is not None and not approve):
            return Refused(Word.MALFORMED)
        id_ = ApprovalId(fields.request)
        found = await self._parts.records.read(lambda unit: unit.approvals.load(id_))
        if found is None or not _is_theirs(found, caller, approve=approve):
            return {"result": "ended"}
        if not same(sha256(found.shown).digest(), decode(fields.shown)):
            return Refused(Word.MALFORMED)
        proof = None
        if approve and found.lock:
            proof = self._locks.proved(caller, letter.assertion)
            if proof is None or not signs_in(caller.phone, caller.standing):
                return Refused(Word.LOCK)
        try:
            state = await self._write(caller, fields, found, proof)
        except NotSignedError:
            return Refused(Word.LOCK)
        return {"result": "ended" if state is None else state.value}

    async def _write(
        self, caller: Caller, fields: Answered, found: Approval, proof: Proved | None
    ) -> ApprovalState | None:
        phone = caller.phone

        async def act(unit: Unit) -> ApprovalState | None:
            if proof is not None:
                await self._locks.spend(unit, phone, proof)
            state = await unit.approvals.answer(
                found.id,
                phone.account_id,
                phone.id,
                fields.number or None,
                caller.now,
                approve=fields.decision == "approve",
            )
            ended = {found.id} if state is not None else set()
            if state is not None:
                await self._tell(unit, caller, found, _EVENTS[state])
            if fields.decision == "not_me" and phone.state is PhoneState.ACTIVE:
                ended |= set(await unit.approvals.deny_all(phone.account_id, caller.now))
                if ended or not await self._said_not_me(unit, caller, found.id):
                    await self._not_me(unit, caller, found, len(ended))
            for each in sorted(ended):
                await unit.wakeups.ring(f"approval:{each}")
            if ended:
                await unit.wakeups.ring(f"phone:{phone.account_id}")
            return state

        return await self._parts.records.write(act)

    async def _tell(
        self, unit: Unit, caller: Caller, found: Approval, event: type[PhoneAnswered]
    ) -> None:
        await unit.audit.write(
            event(
                **caller.said(),
                authenticator_id=caller.phone.id,
                request=found.id,
                purpose=found.purpose,
                app=found.app,
            )
        )

    async def _not_me(self, unit: Unit, caller: Caller, found: Approval, ended: int) -> None:
        await unit.audit.write(
            PhoneRequestNotMe(
                **caller.said(),
                authenticator_id=caller.phone.id,
                request=found.id,
                purpose=found.purpose,
                app=found.app,
                ended=ended,
            )
        )
        what = What(notice=Notice.NOT_ME, label=caller.phone.name)
        await self._parts.notices.tell(unit, caller.standing.account, what, caller.visit)

    async def lock_account(self, caller: Caller) -> Answer:
        """Put the password aside and end all that is open, soon after «Det var inte jag».

        What apps hold ends with the sessions, offline too. Twice is the same as once.
        """
        account = caller.standing.account

        async def act(unit: Unit) -> Answer:
            if not await self._said_not_me(unit, caller):
                return Refused(Word.MALFORMED)
            await unit.turn(f"methods:{account.id}")
            standing = await unit.people.load(account.id)
            if standing is None:
                return Refused(Word.GONE)
            passwords = standing.active(AuthenticatorType.PASSWORD)
            for each in passwords:
                await unit.authenticators.set_state(
                    each.authenticator.id, AuthenticatorState.SUSPENDED, caller.now
                )
            closed = await unit.sessions.close_all(account.id, caller.now)
            await unit.known_browsers.forget_all(account.id)
            await unit.grants.revoke_of_account(account.id, caller.now)
            for request in await unit.approvals.deny_all(account.id, caller.now):
                await unit.wakeups.ring(f"approval:{request}")
            if closed:
                event = SessionsEnded(**caller.said(), sessions=closed, reason="not_me")
                await unit.audit.write(event)
            if passwords:
                await unit.audit.write(
                    PasswordPutAside(
                        **caller.said(), authenticator_id=caller.phone.id, sessions=closed
                    )
                )
                what = What(notice=Notice.PUT_ASIDE, label=caller.phone.name)
                await self._parts.notices.tell(unit, standing.account, what, caller.visit)
            await unit.wakeups.ring(f"phone:{account.id}")
            return {}

        return await self._parts.records.write(act)

    async def _said_not_me(
        self, unit: Unit, caller: Caller, request: ApprovalId | None = None
    ) -> bool:
        """Whether this very phone said so just now, of that request or of any: the trail knows."""
        latest = await unit.audit.of_account(caller.standing.account.id, LOOKED_AT)
        return any(
            each.name == PhoneRequestNotMe.name
            and each.detail.get("authenticator_id") == caller.phone.id
            and caller.now - each.at <= AFTER_NOT_ME
            and request in {None, each.detail.get("request")}
            for each in latest
        )


def _is_theirs(found: Approval, caller: Caller, *, approve: bool) -> bool:
    """Whether this phone may answer so: what may not approve any more may still say no."""
    if found.account_id != caller.phone.account_id:
        return False
    return not (approve and is_withdrawn(caller.phone, caller.standing, found.purpose))
