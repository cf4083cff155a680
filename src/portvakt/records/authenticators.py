"""What is bound to accounts; what may be used once is spent in one conditional statement.

A phone is several rows, see `core.phones.linked`: what is done to its own is done to all of them.
"""

from collections.abc import Collection, Container, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from portvakt.core.authenticators import Authenticator, AuthenticatorState, AuthenticatorType
from portvakt.core.break_glass import SOURCE
from portvakt.core.ids import AccountId, AuthenticatorId
from portvakt.records.driver import Row, Run
from portvakt.records.phones import call, take_away
from portvakt.records.statements import Statement, Value
from portvakt.records.values import ms, optional_ms, parts, to_json

_BIND: Final = Statement(
    """
    INSERT INTO authenticators (id, account_id, type, state, label, source, detail, preferred,
        verifier, sealed, last_step, created_at, changed_at, last_used_at, expires_at)
    VALUES (:id, :account_id, :type, :state, :label, :source, :detail, :preferred,
        :verifier, :sealed, :last_step, :created_at, :changed_at, :last_used_at, :expires_at)
    ON CONFLICT DO NOTHING
    """
)
_KEYS_ALONE: Final = Statement("SELECT 1 FROM accounts WHERE id = :account_id AND source = :source")
_BURN_STEP: Final = Statement(
    """
    UPDATE authenticators SET last_step = :step, last_used_at = :at
    WHERE id = :id AND state = 'active' AND (last_step IS NULL OR last_step < :step)
    """
)
_TOUCH: Final = Statement("UPDATE authenticators SET last_used_at = :at WHERE id = :id")
# The codes of a phone go with the phone.
_REMOVE_TYPE: Final = Statement(
    """
    DELETE FROM authenticators WHERE account_id = :account_id AND type = :type
        AND (type <> 'totp' OR detail = '')
    """
)
_PHONES: Final = Statement(
    "SELECT id FROM authenticators WHERE account_id = :account_id AND type = 'push' ORDER BY id"
)
_PREFER: Final = Statement(
    "UPDATE authenticators SET preferred = (id = :id) WHERE account_id = :account_id"
)
_STATE: Final = Statement(
    """
    UPDATE authenticators SET state = :state, changed_at = :at
    WHERE account_id = (SELECT account_id FROM authenticators WHERE id = :id)
        AND (id = :id
            OR type IN ('totp', 'phone_sign_in') AND detail = :id AND state <> 'disabled')
    RETURNING account_id, type
    """
)
_VERIFIER: Final = Statement(
    "UPDATE authenticators SET verifier = :verifier, changed_at = :at WHERE id = :id"
)
# Not over a password that was chosen, or put aside, in the meantime.
_CHANGE: Final = Statement(
    """
    UPDATE authenticators SET verifier = :verifier, changed_at = :at
    WHERE id = :id AND verifier = :old AND state = 'active'
    """
)
# Not over a password that somebody chose in the meantime.
_REHASH: Final = Statement(
    "UPDATE authenticators SET verifier = :verifier WHERE id = :id AND verifier = :old"
)
_SUSPEND_ALL: Final = Statement(
    """
    UPDATE authenticators SET state = 'suspended', changed_at = :at
    WHERE account_id = :account_id AND state = 'active' AND type NOT IN ({items:kept})
    RETURNING account_id, type
    """
)
# For good: a method that is given back makes no browser known again.
_FORGET_BROWSERS: Final = Statement(
    """
    DELETE FROM known_browsers WHERE account_id = :account_id AND authenticator_id IN (
        SELECT id FROM authenticators WHERE account_id = :account_id AND state <> 'active')
    """
)
_RECOVERY_CLEAR: Final = Statement("DELETE FROM recovery_codes WHERE authenticator_id = :id")
_RECOVERY_PUT: Final = Statement(
    """
    INSERT INTO recovery_codes (id, authenticator_id, position, hint, hash)
    SELECT id, :id, position, hint, hash
    FROM {records:codes id TEXT, position INTEGER, hint TEXT, hash TEXT}
    """
)
_RECOVERY_FIND: Final = Statement(
    """
    SELECT c.id, c.authenticator_id, c.hash
    FROM authenticators b JOIN recovery_codes c ON c.authenticator_id = b.id
    WHERE b.account_id = :account_id AND b.type = 'recovery_code' AND b.state = 'active'
        AND c.hint = :hint AND c.used_at IS NULL
    ORDER BY c.id
    """
)
_RECOVERY_BURN: Final = Statement(
    "UPDATE recovery_codes SET used_at = :at WHERE id = :id AND used_at IS NULL"
)
_RECOVERY_LEFT: Final = Statement(
    """
    SELECT COUNT(*) FROM authenticators b JOIN recovery_codes c ON c.authenticator_id = b.id
    WHERE b.account_id = :account_id AND b.type = 'recovery_code' AND b.state = 'active'
        AND c.used_at IS NULL
    """
)
_START_CODE_BURN: Final = Statement(
    """
    UPDATE authenticators SET last_used_at = :at, changed_at = :at,
        last_step = COALESCE(last_step, 0) + 1,
        state = CASE WHEN COALESCE(last_step, 0) + 1 >= :uses THEN 'disabled' ELSE state END
    WHERE id = :id AND type = 'start_code' AND state = 'active' AND expires_at > :at
        AND COALESCE(last_step, 0) < :uses
    """
)
_SOURCED_PHONES: Final = Statement(
    """
    INSERT INTO authenticators (id, account_id, type, state, label, source, detail, preferred,
        created_at, changed_at)
    {each:id TEXT, account_id TEXT, 'sms_code', 'active', label TEXT, source TEXT, number TEXT,
        FALSE, at BIGINT, at}
    ON CONFLICT DO NOTHING
    """
)
_OTHER_SOURCED_PHONES: Final = Statement(
    """
    DELETE FROM authenticators WHERE account_id {among:accounts} AND type = 'sms_code'
        AND source = :source AND (account_id, detail) NOT IN (
            SELECT account_id, number FROM {records:phones account_id TEXT, number TEXT})
    """
)
_SOURCED_PASSWORDS: Final = Statement(
    """
    INSERT INTO authenticators (id, account_id, type, state, label, source, detail, preferred,
        created_at, changed_at)
    {each:id TEXT, account_id TEXT, 'password', 'active', '', source TEXT, '', FALSE,
        at BIGINT, at}
    ON CONFLICT DO NOTHING
    """
)


class KeysAloneError(Exception):
    """A break-glass account has keys and nothing else."""


@dataclass(frozen=True, slots=True)
class RecoveryRow:
    """One unused code of a printed card."""

    id: str
    authenticator_id: AuthenticatorId
    hash: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcedPhone:
    """The number that a source has for somebody; empty where it no longer has one."""

    id: AuthenticatorId
    """Used where the number is new."""
    account_id: AccountId
    number: str
    label: str


class Authenticators:
    """`unit.authenticators`."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def bind(
        self,
        authenticator: Authenticator,
        *,
        verifier: str | None = None,
        sealed: bytes | None = None,
        last_step: int | None = None,
    ) -> bool:
        """Add an authenticator; False where the account has it.

        That is one password, one start code, and each number once. Raises `KeysAloneError` for
        anything but a key to a break-glass account, which whoever calls has ruled out.
        """
        if authenticator.type is not AuthenticatorType.PASSKEY and await self._run.row(
            _KEYS_ALONE, account_id=authenticator.account_id, source=SOURCE
        ):
            raise KeysAloneError(authenticator.type)
        bound = await self._run.changed(
            _BIND,
            id=authenticator.id,
            account_id=authenticator.account_id,
            type=authenticator.type,
            state=authenticator.state,
            label=authenticator.label,
            source=authenticator.source,
            detail=authenticator.detail,
            preferred=authenticator.preferred,
            verifier=verifier,
            sealed=sealed,
            last_step=last_step,
            created_at=ms(authenticator.created_at),
            changed_at=ms(authenticator.changed_at),
            last_used_at=optional_ms(authenticator.last_used_at),
            expires_at=optional_ms(authenticator.expires_at),
        )
        return bound == 1

    async def burn_step(self, id_: AuthenticatorId, step: int, at: datetime) -> bool:
        """Spend a TOTP time step and all before it; False where that has been done."""
        return await self._run.changed(_BURN_STEP, id=id_, step=step, at=ms(at)) == 1

    async def start_code_burn(self, id_: AuthenticatorId, at: datetime, uses: int = 1) -> bool:
        """Spend one of the uses of a start code; False where none is left, or it is too old."""
        return await self._run.changed(_START_CODE_BURN, id=id_, at=ms(at), uses=uses) == 1

    async def touch(self, id_: AuthenticatorId, at: datetime) -> None:
        """Keep when it was last used."""
        await self._run.changed(_TOUCH, id=id_, at=ms(at))

    async def rename(self, id_: AuthenticatorId, account_id: AccountId, label: str) -> bool:
        """Give it another name; False where the account has no such authenticator."""
        return await call(self._run, id_, account_id, label)

    async def remove(self, id_: AuthenticatorId, account_id: AccountId) -> bool:
        """Take it away; False where the account has no such authenticator.

        A phone goes with all that belongs to it, and whoever waits for it is woken.
        """
        return await take_away(self._run, id_, account_id)

    async def remove_type(self, account_id: AccountId, kind: AuthenticatorType) -> int:
        """Take away everything of one type; returns how many that were."""
        if kind is AuthenticatorType.PUSH:
            phones = await self._run.rows(_PHONES, account_id=account_id)
            for (id_,) in phones:
                await take_away(self._run, id_, account_id)
            return len(phones)
        return await self._run.changed(_REMOVE_TYPE, account_id=account_id, type=kind)

    async def set_preferred(self, account_id: AccountId, id_: AuthenticatorId) -> None:
        """Ask for this one first from now on."""
        await self._run.changed(_PREFER, account_id=account_id, id=id_)

    async def set_state(
        self, id_: AuthenticatorId, state: AuthenticatorState, at: datetime
    ) -> bool:
        """Suspend, disable or bring back; False where there is no such authenticator.

        What lives in a phone goes with it, but what was disabled by itself stays so.
        """
        return len(await self._stopped(_STATE, id=id_, state=state, at=ms(at))) > 0

    async def replace_verifier(self, id_: AuthenticatorId, verifier: str, at: datetime) -> bool:
        """Store another password, which is a change of the method."""
        return await self._run.changed(_VERIFIER, id=id_, verifier=verifier, at=ms(at)) == 1

    async def change_verifier(
        self, id_: AuthenticatorId, verifier: str, at: datetime, *, instead_of: str
    ) -> bool:
        """Store another password over this one; False where another one, or none, holds now."""
        done = await self._run.changed(
            _CHANGE, id=id_, verifier=verifier, old=instead_of, at=ms(at)
        )
        return done == 1

    async def rehash(self, id_: AuthenticatorId, verifier: str, *, instead_of: str) -> bool:
        """Store the same password at newer parameters, which changes nothing for the person."""
        done = await self._run.changed(_REHASH, id=id_, verifier=verifier, old=instead_of)
        return done == 1

    async def suspend_all(
        self,
        account_id: AccountId,
        at: datetime,
        except_types: Collection[AuthenticatorType] = (),
    ) -> int:
        """Put aside everything active but the named types; returns how many that were."""
        kept = to_json(sorted(except_types))
        return len(await self._stopped(_SUSPEND_ALL, account_id=account_id, at=ms(at), kept=kept))

    async def _stopped(self, statement: Statement, **values: Value) -> list[Row]:
        """Change states, and have every phone among them look again at once (A034).

        No browser is known any longer by what is put aside.
        """
        rows = await self._run.rows(statement, **values)
        for account_id in {row[0] for row in rows}:
            await self._run.changed(_FORGET_BROWSERS, account_id=account_id)
        for account_id in sorted({row[0] for row in rows if row[1] == AuthenticatorType.PUSH}):
            await self._run.ring(f"phone:{account_id}")
        return rows

    async def recovery_put(
        self, id_: AuthenticatorId, rows: Iterable[tuple[int, str, str]]
    ) -> None:
        """Put (position, hint, PHC hash) of each code on the card; older codes of it die."""
        await self._run.changed(_RECOVERY_CLEAR, id=id_)
        codes = [
            {"id": f"{id_}.{position}", "position": position, "hint": hint, "hash": hash_}
            for position, hint, hash_ in rows
        ]
        await self._run.changed(_RECOVERY_PUT, id=id_, codes=to_json(codes))

    async def recovery_find(self, account_id: AccountId, hint: str) -> list[RecoveryRow]:
        """Return the unused codes that begin with `hint`."""
        rows = await self._run.rows(_RECOVERY_FIND, account_id=account_id, hint=hint)
        return [RecoveryRow(row[0], AuthenticatorId(row[1]), row[2]) for row in rows]

    async def recovery_burn(self, row_id: str, at: datetime) -> bool:
        """Spend a printed code; False where it is spent."""
        return await self._run.changed(_RECOVERY_BURN, id=row_id, at=ms(at)) == 1

    async def recovery_left(self, account_id: AccountId) -> int:
        """Count the codes that can still be used."""
        row = await self._run.row(_RECOVERY_LEFT, account_id=account_id)
        return 0 if row is None else int(row[0])

    async def upsert_sourced_phones(
        self,
        phones: Iterable[SourcedPhone],
        source: str,
        at: datetime,
        *,
        new: Container[AccountId] = (),
    ) -> None:
        """Make each person's number from a source what the source says; the same again is nothing.

        A number that the person has added already stays theirs. `new` people, whose ids were drawn
        just now, have none so far.
        """
        for part in parts(phones):
            known = [each for each in part if each.account_id not in new]
            if known:
                accounts = to_json([each.account_id for each in known])
                await self._run.changed(
                    _OTHER_SOURCED_PHONES, source=source, accounts=accounts, phones=to_json(known)
                )
            bound = [
                (each.id, each.account_id, each.label, source, each.number, ms(at))
                for each in part
                if each.number
            ]
            await self._run.each(_SOURCED_PHONES, bound)

    async def add_sourced_passwords(
        self,
        passwords: Iterable[tuple[AuthenticatorId, AccountId]],
        source: str,
        at: datetime,
    ) -> None:
        """Note that these people's password is kept at a source: it is asked, nothing is stored.

        Who has a password already keeps it.
        """
        for part in parts(passwords):
            bound = [(id_, account, source, ms(at)) for id_, account in part]
            await self._run.each(_SOURCED_PASSWORDS, bound)
