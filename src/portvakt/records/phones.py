"""Phones with our app, read with everything about their person in one statement."""

from datetime import datetime
from typing import Final

from portvakt.core.ids import AccountId, AuthenticatorId
from portvakt.core.phones import Phone, PhoneState
from portvakt.records.driver import Row, Run
from portvakt.records.standing import BOUND_TO_WHO, ORDER, STANDING, WHO, Standing, standing_of
from portvakt.records.statements import Statement
from portvakt.records.values import instant, ms, optional_instant, optional_ms

_COLUMNS: Final = """
    p.id, p.account_id, p.state, p.name, p.jwk, p.credential_id, p.credential_key, p.sign_count,
    p.subscription, p.created_at, p.seen_at
"""
_WIDTH: Final = 11
_IS_BOUND: Final = """
    p.state = 'active' AND EXISTS (SELECT 1 FROM authenticators x
        WHERE x.id = p.id AND x.type = 'push' AND x.state = 'active')
"""
_ADD: Final = Statement(
    """
    INSERT INTO phones (id, account_id, state, name, jwk, totp, credential_id, credential_key,
        sign_count, subscription, created_at, seen_at)
    VALUES (:id, :account_id, :state, :name, :jwk, :totp, :credential_id, :credential_key,
        :sign_count, :subscription, :created_at, :seen_at)
    """
)
_LOAD: Final = Statement(
    """
    WITH p AS MATERIALIZED (
        SELECT * FROM phones p
        WHERE p.id = :id AND ({is_bound} OR p.state = 'proving' AND EXISTS (
            SELECT 1 FROM pairings q WHERE q.phone_id = p.id AND q.expires_at > :now))),
    {who}
    SELECT {columns}, {standing}
    FROM p JOIN who ON who.id = p.account_id AND who.state = 'active' {bound} {order}
    """,
    is_bound=_IS_BOUND,
    who=WHO,
    account="(SELECT account_id FROM p)",
    browser="NULL",
    columns=_COLUMNS,
    standing=STANDING,
    bound=BOUND_TO_WHO,
    order=ORDER,
)
_OF: Final = Statement(
    """
    SELECT {columns} FROM phones p
    WHERE p.account_id = :account_id AND ({is_bound} OR p.state = 'proving')
    ORDER BY p.created_at, p.id
    """,
    columns=_COLUMNS,
    is_bound=_IS_BOUND,
)
_ACTIVATE: Final = Statement(
    """
    UPDATE phones SET state = 'active', totp = NULL, seen_at = :at
    WHERE id = :id AND state = 'proving'
    """
)
_TOTP_OF: Final = Statement("SELECT totp FROM phones WHERE id = :id")
_UNBIND: Final = Statement(
    """
    DELETE FROM authenticators WHERE account_id = :account_id
        AND (id = :id OR type IN ('totp', 'phone_sign_in') AND detail = :id)
    """
)
_FORGET: Final = Statement("DELETE FROM phones WHERE id = :id AND account_id = :account_id")
_CLOSE: Final = Statement(
    """
    UPDATE approvals SET state = 'closed'
    WHERE account_id = :account_id AND phone_id = :id AND state IN ('waiting', 'approved')
    RETURNING id
    """
)
_LABEL: Final = Statement(
    """
    UPDATE authenticators SET label = :label WHERE account_id = :account_id
        AND (id = :id OR type IN ('totp', 'phone_sign_in') AND detail = :id)
    """
)
# A phone always has a name; one that is taken away in the lists stays here.
_NAME: Final = Statement(
    """
    UPDATE phones SET name = :label
    WHERE id = :id AND account_id = :account_id AND :label <> ''
    """
)
_SUBSCRIBE: Final = Statement("UPDATE phones SET subscription = :subscription WHERE id = :id")
_UNSUBSCRIBE: Final = Statement(
    "UPDATE phones SET subscription = NULL WHERE id = :id AND subscription = :before"
)
_LOCK: Final = Statement(
    """
    UPDATE phones SET credential_id = :credential_id, credential_key = :credential_key,
        sign_count = :sign_count
    WHERE id = :id AND credential_id IS NULL
    """
)
# W3C WebAuthn Level 3 section 6.1.1: it rises, or the authenticator counts nothing at all.
_SIGNED: Final = Statement(
    """
    UPDATE phones SET sign_count = :sign_count
    WHERE id = :id AND credential_id IS NOT NULL
        AND (sign_count < :sign_count OR sign_count = 0 AND :sign_count = 0)
    """
)
_SEEN: Final = Statement(
    "UPDATE phones SET seen_at = :at WHERE id = :id AND (seen_at IS NULL OR seen_at < :at)"
)
_ANY: Final = Statement("SELECT 1 FROM phones WHERE id > '' LIMIT 1")


async def take_away(run: Run, id_: AuthenticatorId, account_id: AccountId) -> bool:
    """Remove an authenticator; of a phone, all that belongs to it, whatever its state.

    False where the account has neither. What the phone had approved, or was alone to approve, is
    closed, and whoever waits for that or holds a line to the phone is woken.
    """
    unbound = await run.changed(_UNBIND, id=id_, account_id=account_id)
    if not await run.changed(_FORGET, id=id_, account_id=account_id):
        return unbound > 0
    for row in await run.rows(_CLOSE, id=id_, account_id=account_id):
        await run.ring(f"approval:{row[0]}")
    await run.ring(f"phone:{account_id}")
    return True


async def call(run: Run, id_: AuthenticatorId, account_id: AccountId, label: str) -> bool:
    """Give an authenticator another name, and a phone with all that belongs to it.

    False where the account has neither.
    """
    labelled = await run.changed(_LABEL, id=id_, account_id=account_id, label=label)
    named = await run.changed(_NAME, id=id_, account_id=account_id, label=label)
    return labelled > 0 or named > 0


class Phones:
    """`unit.phones`."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def add(self, phone: Phone, totp_sealed: bytes | None) -> None:
        """Keep a phone; `totp_sealed` is the secret of its codes until they are bound.

        Sealed for table phones, column totp, row id. What it is bound with is another row, see
        `unit.authenticators.bind`; a phone that is active without one is no phone.
        """
        await self._run.changed(
            _ADD,
            id=phone.id,
            account_id=phone.account_id,
            state=phone.state,
            name=phone.name,
            jwk=phone.jwk,
            totp=totp_sealed,
            credential_id=phone.credential_id,
            credential_key=phone.credential_key,
            sign_count=phone.sign_count,
            subscription=phone.subscription,
            created_at=ms(phone.created_at),
            seen_at=optional_ms(phone.seen_at),
        )

    async def load(self, id_: AuthenticatorId, now: datetime) -> tuple[Phone, Standing] | None:
        """Read a phone that may be used, and its person as they are now.

        None where it was removed or put aside, its account is closed, or its pairing ran out
        before it was proved.
        """
        rows = await self._run.rows(_LOAD, id=id_, now=ms(now))
        standing = standing_of(rows, _WIDTH)
        return None if standing is None else (_phone(rows[0]), standing)

    async def of(self, account_id: AccountId) -> list[Phone]:
        """List a person's phones, the oldest first; none that is put aside."""
        return [_phone(row) for row in await self._run.rows(_OF, account_id=account_id)]

    async def activate(self, id_: AuthenticatorId, at: datetime) -> bool:
        """Make a phone that was proving active, and forget its sealed secret; False if it is."""
        return await self._run.changed(_ACTIVATE, id=id_, at=ms(at)) == 1

    async def totp_of(self, id_: AuthenticatorId) -> bytes | None:
        """Read the sealed secret of a phone that is not bound yet."""
        row = await self._run.row(_TOTP_OF, id=id_)
        found: bytes | None = None if row is None else row[0]
        return found

    async def remove(self, id_: AuthenticatorId, account_id: AccountId) -> bool:
        """Take a phone away with all that belongs to it; False where the account has no such."""
        return await take_away(self._run, id_, account_id)

    async def rename(self, id_: AuthenticatorId, account_id: AccountId, name: str) -> bool:
        """Call a phone something else, bound or not yet; False where the account has no such."""
        return await call(self._run, id_, account_id, name)

    async def subscribe(self, id_: AuthenticatorId, subscription: bytes | None) -> None:
        """Keep where it is woken, sealed for table phones, column subscription, row id."""
        await self._run.changed(_SUBSCRIBE, id=id_, subscription=subscription)

    async def unsubscribe(self, id_: AuthenticatorId, before: bytes) -> bool:
        """Forget where it was woken, unless it has said something newer; `before` is sealed."""
        return await self._run.changed(_UNSUBSCRIBE, id=id_, before=before) == 1

    async def lock(
        self,
        id_: AuthenticatorId,
        credential_id: bytes,
        credential_key: bytes,
        sign_count: int,
    ) -> bool:
        """Keep the screen lock's credential; False where there is one."""
        done = await self._run.changed(
            _LOCK,
            id=id_,
            credential_id=credential_id,
            credential_key=credential_key,
            sign_count=sign_count,
        )
        return done == 1

    async def signed(self, id_: AuthenticatorId, sign_count: int) -> bool:
        """Keep the counter of a proof; False where it has not risen (nought is no counter)."""
        return await self._run.changed(_SIGNED, id=id_, sign_count=sign_count) == 1

    async def seen(self, id_: AuthenticatorId, at: datetime) -> None:
        """Keep when it was last heard of."""
        await self._run.changed(_SEEN, id=id_, at=ms(at))

    async def any(self) -> bool:
        """Whether there is any phone at all."""
        return await self._run.row(_ANY) is not None


def _phone(row: Row) -> Phone:
    return Phone(
        id=AuthenticatorId(row[0]),
        account_id=AccountId(row[1]),
        state=PhoneState(row[2]),
        name=row[3],
        jwk=row[4],
        credential_id=row[5],
        credential_key=row[6],
        sign_count=row[7],
        subscription=row[8],
        created_at=instant(row[9]),
        seen_at=optional_instant(row[10]),
    )
