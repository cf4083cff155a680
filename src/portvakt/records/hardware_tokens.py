"""The pool of hardware tokens; a device is taken by one person, in one conditional statement."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from portvakt.core.hardware_tokens import Make, TokenKind
from portvakt.core.ids import AccountId, AuthenticatorId
from portvakt.records.driver import Row, Run
from portvakt.records.statements import Statement
from portvakt.records.values import instant, ms, parts

_ADD: Final = Statement(
    """
    INSERT INTO hardware_tokens (id, serial, manufacturer, model, kind, algorithm, digits, period,
        sealed, last_step, state, account_id, imported_at, changed_at)
    {each:id TEXT, serial TEXT, manufacturer TEXT, model TEXT, kind TEXT, algorithm TEXT,
        digits INTEGER, period INTEGER, sealed BYTEA, last_step BIGINT, 'ready', account_id TEXT,
        at BIGINT, at}
    ON CONFLICT DO NOTHING
    """
)
_COLUMNS: Final = """
    t.id, t.serial, t.manufacturer, t.model, t.kind, t.algorithm, t.digits, t.period, t.sealed,
    t.last_step, t.state, t.account_id, t.authenticator_id, t.imported_at, t.changed_at,
    a.user_name
"""
_FIND: Final = Statement(
    """
    SELECT {columns} FROM hardware_tokens t LEFT JOIN accounts a ON a.id = t.account_id
    WHERE t.serial = :serial
    """,
    columns=_COLUMNS,
)
_LISTED: Final = Statement(
    """
    SELECT {columns} FROM hardware_tokens t LEFT JOIN accounts a ON a.id = t.account_id
    WHERE t.serial > :after ORDER BY t.serial LIMIT :most
    """,
    columns=_COLUMNS,
)
_TAKE: Final = Statement(
    """
    UPDATE hardware_tokens SET account_id = :account_id, authenticator_id = :authenticator_id,
        last_step = :step, changed_at = :at
    WHERE id = :id AND state = 'ready' AND authenticator_id IS NULL
        AND (account_id IS NULL OR account_id = :account_id)
        AND (last_step IS NULL OR last_step < :step)
    """
)
_USED: Final = Statement(
    """
    UPDATE hardware_tokens SET last_step = :step
    WHERE authenticator_id = :authenticator_id AND (last_step IS NULL OR last_step < :step)
    """
)
_KEEP_FOR: Final = Statement(
    """
    UPDATE hardware_tokens SET account_id = :account_id, changed_at = :at
    WHERE id = :id AND state = 'ready' AND authenticator_id IS NULL
    """
)
_SET_ASIDE: Final = Statement(
    """
    UPDATE hardware_tokens SET state = :state, account_id = NULL, authenticator_id = NULL,
        changed_at = :at
    WHERE id = :id
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredToken:
    """One device of the pool."""

    id: str
    serial: str
    manufacturer: str
    model: str
    make: Make
    sealed: bytes = field(repr=False)
    """Its secret, sealed for table hardware_tokens, column sealed, row id."""
    last_step: int | None
    """The step or counter that was last spent; of one with a button, the one before the first."""
    lost: bool = False
    account_id: AccountId | None = None
    """For whom it is kept, or who uses it."""
    user_name: str = ""
    authenticator_id: AuthenticatorId | None = None
    """What it is bound as; None while nobody uses it."""
    imported_at: datetime
    changed_at: datetime


class HardwareTokens:
    """`unit.hardware_tokens`."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def add(self, tokens: Iterable[StoredToken]) -> None:
        """Put devices in the pool; those whose serial number is there already are passed over."""
        for part in parts(tokens):
            rows = [
                (
                    each.id,
                    each.serial,
                    each.manufacturer,
                    each.model,
                    each.make.kind,
                    each.make.algorithm,
                    each.make.digits,
                    each.make.period,
                    each.sealed,
                    each.last_step,
                    each.account_id,
                    ms(each.imported_at),
                )
                for each in part
            ]
            await self._run.each(_ADD, rows)

    async def find(self, serial: str) -> StoredToken | None:
        """Find a device by its serial number, as `core.hardware_tokens.read_serial` writes it."""
        row = await self._run.row(_FIND, serial=serial)
        return None if row is None else _token(row)

    async def listed(self, *, after: str = "", most: int) -> list[StoredToken]:
        """List devices by serial number, those after one."""
        rows = await self._run.rows(_LISTED, after=after, most=most)
        return [_token(row) for row in rows]

    async def take(
        self,
        id_: str,
        account_id: AccountId,
        authenticator_id: AuthenticatorId,
        step: int,
        at: datetime,
    ) -> bool:
        """Give a device to one person, and spend the code that they showed.

        False where somebody has it, it is kept for somebody else, or lost, or the code was used.
        """
        taken = await self._run.changed(
            _TAKE,
            id=id_,
            account_id=account_id,
            authenticator_id=authenticator_id,
            step=step,
            at=ms(at),
        )
        return taken == 1

    async def used(self, authenticator_id: AuthenticatorId, step: int) -> None:
        """Keep how far a device has come, for whoever has it next."""
        await self._run.changed(_USED, authenticator_id=authenticator_id, step=step)

    async def keep_for(self, id_: str, account_id: AccountId | None, at: datetime) -> bool:
        """Keep a device for somebody, or for nobody; False where it is in use, or lost."""
        kept = await self._run.changed(_KEEP_FOR, id=id_, account_id=account_id, at=ms(at))
        return kept == 1

    async def set_aside(self, id_: str, *, lost: bool, at: datetime) -> None:
        """Take it from whoever has it: it is spare from now on, or lost."""
        state = "lost" if lost else "ready"
        await self._run.changed(_SET_ASIDE, id=id_, state=state, at=ms(at))


def _token(row: Row) -> StoredToken:
    (
        id_,
        serial,
        manufacturer,
        model,
        kind,
        algorithm,
        digits,
        period,
        sealed,
        last_step,
        state,
        account_id,
        authenticator_id,
        imported_at,
        changed_at,
        user_name,
    ) = row
    return StoredToken(
        id=id_,
        serial=serial,
        manufacturer=manufacturer,
        model=model,
        make=Make(kind=TokenKind(kind), algorithm=algorithm, digits=digits, period=period),
        sealed=bytes(sealed),
        last_step=last_step,
        lost=state == "lost",
        account_id=None if account_id is None else AccountId(account_id),
        user_name=user_name or "",
        authenticator_id=None if authenticator_id is None else AuthenticatorId(authenticator_id),
        imported_at=instant(imported_at),
        changed_at=instant(changed_at),
    )
