"""Sending a code: bound to one attempt and one purpose, within the limits, in the caller's act.

The newest code of an attempt is the only one. The code is stored as a MAC, the text as a sealed
body in the outbox, and both are written with whatever led to them, so that there is never one
without the other.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from portvakt.core.authenticators import Authenticator
from portvakt.core.secret import Secret
from portvakt.crypto.randomness import Random
from portvakt.crypto.sealing import Sealer
from portvakt.methods import Ceremony, SignInMethod
from portvakt.proving.rules import Rules
from portvakt.proving.text_limits import NotYet, TextLimiter, Wanted, address_stopped
from portvakt.proving.visit import Visit
from portvakt.records.codes import Code
from portvakt.records.outbox import Message, SentTimes
from portvakt.records.standing import Standing
from portvakt.records.unit import Unit
from portvakt.sms import CodeText, to_body

APART = timedelta(seconds=30)
PER_HOUR = 5
PER_DAY = 10
ACCOUNT_PER_HOUR = 10
"""Limits of `sms.send`: per number and per account. Those over everybody are in `text_limits`.

`APART` holds per number and purpose: whoever has just registered a phone may sign in with it."""

UNPROVEN = "unproven"
UNPROVEN_PER_HOUR = 2
UNPROVEN_PER_DAY = 4
"""Texts that somebody asked for without a password. Fewer than the number's own limits, so that a
stranger cannot use up the texts that the person needs to get in."""

PRETENDED = timedelta(minutes=5)
"""How long a code that was never sent seems to live: as long as a real one."""

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class CodeSent:
    """A code is on its way to `number`."""

    number: str
    at: datetime
    expires_at: datetime


class CodeSender:
    """Makes codes, stores their MACs and puts the texts in the outbox."""

    def __init__(
        self,
        *,
        method: SignInMethod,
        random: Random,
        sealer: Sealer,
        text: CodeText,
        limiter: TextLimiter,
        rules: Rules,
    ) -> None:
        self._method = method
        self._random = random
        self._sealer = sealer
        self._text = text
        self._limiter = limiter
        self._rules = rules

    async def send(
        self,
        unit: Unit,
        *,
        flow: str,
        purpose: str,
        standing: Standing,
        authenticator: Authenticator,
        visit: Visit,
        proven: bool,
    ) -> CodeSent | NotYet:
        """Send a new code to the number of `authenticator`; older ones of the attempt die.

        `proven` says that a password was shown first. Only requests without that, or from a
        browser that is new to the person, count against the client address, so that a hospital
        behind one address is not shut out (A024).
        """
        counted = purpose if proven else UNPROVEN
        counts = not (proven and standing.known_browser)
        address = visit.address or "unknown" if counts else None
        wanted = Wanted(
            number=authenticator.detail,
            purpose=counted,
            standing=standing,
            visit=visit,
            proven=proven,
        )
        not_yet = await self._held(unit, wanted, address)
        if not_yet is not None:
            return not_yet
        account_id = standing.account.id
        at = Ceremony(flow=flow, purpose=purpose, now=visit.now, authenticator=authenticator)
        send = self._method.prompt(at).send
        if send is None:
            raise AssertionError("this method sends nothing")
        expires = visit.now + send.lives
        code = Code(
            id=self._random.id(),
            flow=flow,
            account_id=account_id,
            authenticator_id=authenticator.id,
            purpose=purpose,
            mac=send.mac,
            created_at=visit.now,
            expires_at=expires,
        )
        await unit.codes.issue(code)
        words = self._text.code(visit.language, purpose=purpose, digits=send.digits.open())
        await unit.outbox.put(self._message(send.to, Secret(words), code, counted, address))
        return CodeSent(send.to, visit.now, expires)

    def _message(
        self, to: str, words: Secret, code: Code, purpose: str, address: str | None
    ) -> Message:
        """Make the outbox row of a code, its words sealed. A page finds it by the code's id."""
        row = code.id
        return Message(
            id=row,
            channel="sms",
            to=to,
            body=self._sealer.seal(to_body(words), table="outbox", column="body", row=row),
            purpose=purpose,
            account_id=code.account_id,
            address=address,
            created_at=code.created_at,
            not_after=code.expires_at,
            idempotency_key=row,
        )

    async def pretend(self, unit: Unit, *, flow: str, purpose: str, visit: Visit) -> None:
        """Do what can be seen of sending, for a name without a phone: no answer will be right."""
        await unit.codes.issue(
            Code(
                id=self._random.id(),
                flow=flow,
                account_id=None,
                authenticator_id=None,
                purpose=purpose,
                mac=self._random.bytes(32),
                created_at=visit.now,
                expires_at=visit.now + PRETENDED,
            )
        )

    async def _held(self, unit: Unit, wanted: Wanted, address: str | None) -> NotYet | None:
        """Say which limit holds a text back; `address` is the client that it counts against."""
        number, account_id, now = wanted.number, wanted.standing.account.id, wanted.visit.now
        # Two requests at once would each see that nothing has been sent yet.
        limited = (number, account_id, address)
        await unit.turn(*(f"texts:{each}" for each in limited if each is not None))
        sent = await unit.outbox.sent_times(
            number=number,
            purpose=wanted.purpose,
            account_id=account_id,
            address=address,
            since=now - _DAY,
        )
        inside = self._rules.is_inside(wanted.visit.address)
        limits = self._limiter.limits
        per_address = limits.per_address_inside if inside else limits.per_address
        wait = _pace(sent, wanted.purpose, per_address, now)
        if wait is not None:
            return NotYet(wait)
        held = await self._limiter.held(unit, wanted)
        if held is None and address is not None:
            within = [each for each in sent.address if each > now - _HOUR]
            if len(within) + 1 == per_address:
                await unit.audit.write(address_stopped(wanted.visit))
        return held


def _pace(sent: SentTimes, purpose: str, per_address: int, now: datetime) -> datetime | None:
    """Return when the limits in time next let a text through, or None where none holds it now."""
    unproven = purpose == UNPROVEN
    waits = [
        _opens(sent.purpose, 1, APART, now),
        _opens(sent.purpose, UNPROVEN_PER_HOUR if unproven else PER_HOUR, _HOUR, now),
        _opens(sent.purpose, UNPROVEN_PER_DAY if unproven else PER_DAY, _DAY, now),
        _opens(sent.number, PER_HOUR, _HOUR, now),
        _opens(sent.number, PER_DAY, _DAY, now),
        _opens(sent.account, ACCOUNT_PER_HOUR, _HOUR, now),
        _opens(sent.address, per_address, _HOUR, now),
    ]
    return max((each for each in waits if each is not None), default=None)


def _opens(
    sent: tuple[datetime, ...], most: int, span: timedelta, now: datetime
) -> datetime | None:
    """Return when fewer than `most` of `sent` lie within `span`, or None where that is now."""
    within = sorted(each for each in sent if each > now - span)
    return within[-most] + span if len(within) >= most else None
