"""Apps hear that a session has ended: OpenID Connect Back-Channel Logout 1.0.

What is queued names the session and the app and nothing else. The token is signed when it leaves,
anew at each try, for it counts two minutes only (section 2.4).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, cast

import orjson

from portvakt.core.ids import AccountId, ClientId, SessionId
from portvakt.crypto.randomness import Random
from portvakt.crypto.sealing import Sealer
from portvakt.crypto.signing import Algorithm
from portvakt.journeys.open_app.keys import KeyRing
from portvakt.journeys.open_app.names import Names
from portvakt.proving.rules import Rules
from portvakt.records.outbox import Message
from portvakt.records.unit import Records, Unit
from portvakt.wire.outcomes import Outcome, Refused
from portvakt.wire.outward import Outward

Clock = Callable[[], datetime]

CHANNEL: Final = "sign_out"
EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
TYPE: Final = "logout+jwt"
"""The `typ` of logout tokens (section 2.4), so that none passes for an ID token."""
TOKEN_LIVES: Final = timedelta(minutes=2)
TRIED_FOR: Final = timedelta(hours=12)
"""As long as a session here could have lived; an app that answers by then has ended its own."""
_PURPOSE: Final = "notice"
"""It may come late, and twice: an app that ended its session has no second one to end."""


@dataclass(frozen=True, slots=True)
class SignedOut:
    """That a session has ended, for one app."""

    client_id: ClientId
    account_id: AccountId
    session_id: SessionId

    def to_body(self) -> bytes:
        """Write it for the outbox."""
        return orjson.dumps([self.account_id, self.session_id])

    @classmethod
    def from_body(cls, body: bytes, client_id: str) -> "SignedOut":
        """Read what `to_body` wrote."""
        account_id, session_id = orjson.loads(body)
        return cls(ClientId(client_id), AccountId(account_id), SessionId(session_id))


def logout_claims(
    *, issuer: str, client_id: ClientId, subject: str, sid: str, token_id: str, now: datetime
) -> dict[str, object]:
    """Return the claims of a logout token (section 2.4). There is no `nonce`: it is forbidden."""
    return {
        "iss": issuer,
        "sub": subject,
        "aud": client_id,
        "iat": int(now.timestamp()),
        "exp": int((now + TOKEN_LIVES).timestamp()),
        "jti": token_id,
        "sid": sid,
        "events": {EVENT: {}},
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """Finds out who is to hear of ended sessions, and puts it in the outbox."""

    records: Records
    rules: Rules
    sealer: Sealer
    random: Random
    clock: Clock

    async def queue(self, most: int) -> int:
        """See to up to so many ended sessions; returns how many that were.

        Taking them and putting the messages is one act, so that nothing is lost in between.
        Raises RecordsUnavailable.
        """
        now = self.clock()

        async def act(unit: Unit) -> int:
            ended = await unit.sign_outs.take(now, most)
            if not ended:
                return 0
            # As it is in this act: an app that was made a moment ago is to hear of it, too.
            configuration = await self.rules.within(unit, now)
            told = []
            for each in await unit.sign_outs.opened_in(ended, now):
                app = configuration.app(each.client_id)
                if app is not None and app.backchannel_logout_uri is not None:
                    owner = ended[each.session_id]
                    told.append(
                        self._message(SignedOut(each.client_id, owner, each.session_id), now)
                    )
            await unit.outbox.put_many(told)
            return len(ended)

        return await self.records.write(act)

    async def cut_off(
        self,
        unit: Unit,
        account_id: AccountId,
        client_id: ClientId,
        sessions: Iterable[SessionId],
        now: datetime,
    ) -> None:
        """Have one app end what it began in these sessions, which themselves go on.

        It may be opened in one of them again, and that will end as well: so each time is a message
        of its own.
        """
        app = (await self.rules.within(unit, now)).app(client_id)
        if app is None or app.backchannel_logout_uri is None:
            return
        ended = [SignedOut(client_id, account_id, each) for each in sessions]
        again = f":cut-off:{now.isoformat()}"
        await unit.outbox.put_many([self._message(each, now, again) for each in ended])

    def _message(self, what: SignedOut, now: datetime, again: str = "") -> Message:
        row = self.random.id()
        return Message(
            id=row,
            channel=CHANNEL,
            to=what.client_id,
            body=self.sealer.seal(what.to_body(), table="outbox", column="body", row=row),
            purpose=_PURPOSE,
            account_id=what.account_id,
            created_at=now,
            not_after=now + TRIED_FOR,
            idempotency_key=f"{CHANNEL}:{what.session_id}:{what.client_id}{again}",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BackChannel:
    """Tells an app."""

    issuer: str
    rules: Rules
    ring: KeyRing
    names: Names
    random: Random
    outward: Outward
    clock: Clock

    async def send(self, what: SignedOut) -> Outcome:
        """Sign a token and post it (section 2.5). Raises RecordsUnavailable."""
        now = self.clock()
        app = (await self.rules.current(now)).app(what.client_id)
        if app is None or app.backchannel_logout_uri is None:  # perhaps it is newer than that
            app = (await self.rules.newest(now)).app(what.client_id)
        if app is None or app.backchannel_logout_uri is None:
            return Refused("the app has no address to be told at", retry=False)
        claims = logout_claims(
            issuer=self.issuer,
            client_id=app.client_id,
            subject=self.names.subject(what.account_id, app),
            sid=self.names.sid(what.session_id, app),
            token_id=self.random.id(),
            now=now,
        )
        alg = cast("Algorithm", app.id_token_signed_response_alg)
        token = (await self.ring.signer(now, alg)).sign(claims, typ=TYPE, alg=alg)
        return await self.outward.post(app.backchannel_logout_uri, {"logout_token": token})
