"""Attempts to reset a password: open to the browser that began them, and settled whatever happens.

An attempt is written with the version it was made from, so that of two tabs one moves it on. While
a password is on its way the row says so: whoever was cut off in between is found again (F08).
"""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from portvakt.core.ids import AccountId, AuthenticatorId, FlowId
from portvakt.core.password_outcomes import Refused, RefusedFor, Unreachable
from portvakt.core.reset_proofs import Way
from portvakt.core.reset_steps import Goal, Reset, Stage
from portvakt.records.driver import Row, Run
from portvakt.records.standing import BOUND_TO_WHO, ORDER, STANDING, WHO, Standing, standing_of
from portvakt.records.statements import Statement, Value
from portvakt.records.values import (
    evidence,
    instant,
    ms,
    optional_instant,
    optional_ms,
    to_json,
)
from portvakt.records.vouches import given_for, vouches_of

MOST: Final = 100
"""Attempts in one look for those whose outcome is not known."""
_NOT_REACHED: Final = "unreachable"

_START: Final = Statement(
    """
    INSERT INTO resets (id, binding, goal, account_id, claimed, evidence, chosen, asked_at,
        slow_since, stage, writing_since, refused, last, last_least, created_at, expires_at,
        version)
    VALUES (:id, :binding, :goal, :account_id, :claimed, :evidence, :chosen, :asked_at,
        :slow_since, :stage, :writing_since, :refused, :last, :last_least, :created_at,
        :expires_at, :version)
    """
)
_NO_BROWSER: Final = b""
"""What stands for the binding of an attempt that no browser may load: no hash is empty."""
_COLUMNS: Final = """
    r.id, r.goal, r.account_id, r.claimed, r.evidence, r.chosen, r.asked_at, r.slow_since, r.stage,
    r.writing_since, r.refused, r.last, r.last_least, r.created_at, r.expires_at, r.version,
    {given}
"""
_WIDTH: Final = 17
# What was sent outlives its time: its owner is to learn what came of it.
_LOAD: Final = Statement(
    """
    WITH r AS MATERIALIZED (
        SELECT * FROM resets
        WHERE id = :id AND binding = :binding AND (expires_at > :now OR stage <> 'open')
            AND (goal = 'new_phone') = :new_phone),
    {who}
    SELECT {columns}, {standing} FROM r LEFT JOIN who ON who.id = r.account_id {bound} {order}
    """,
    who=WHO,
    account="(SELECT account_id FROM r)",
    browser=":browser",
    columns=_COLUMNS,
    given=given_for("r"),
    standing=STANDING,
    bound=BOUND_TO_WHO,
    order=ORDER,
)
_SAVE: Final = Statement(
    """
    UPDATE resets SET goal = :goal, account_id = :account_id, claimed = :claimed,
        evidence = :evidence, chosen = :chosen, asked_at = :asked_at, slow_since = :slow_since,
        stage = :stage, writing_since = :writing_since, refused = :refused, last = :last,
        last_least = :last_least, expires_at = :expires_at, version = version + 1
    WHERE id = :id AND version = :version
    """
)
_BEGIN_WRITING: Final = Statement(
    """
    UPDATE resets SET stage = 'writing', writing_since = :at, last = NULL, last_least = NULL,
        version = version + 1
    WHERE id = :id AND version = :version AND stage = 'open' AND expires_at > :at
        AND EXISTS (SELECT 1 FROM accounts a WHERE a.id = resets.account_id AND a.state = 'active')
    """
)
_UNSETTLED: Final = Statement(
    """
    SELECT {columns} FROM resets r
    WHERE r.stage IN ('writing', 'unknown') AND r.writing_since < :before
    ORDER BY r.writing_since, r.id LIMIT :most
    """,
    columns=_COLUMNS,
    given=given_for("r"),
)
_WAITING: Final = Statement(
    """
    SELECT id FROM resets
    WHERE binding = :binding AND stage = 'open' AND expires_at > :now AND slow_since IS NOT NULL
    ORDER BY created_at DESC LIMIT 1
    """
)
_CLOSE: Final = Statement("DELETE FROM resets WHERE id = :id AND version = :version")
# One where nothing was proved stays, as one does for a name that nobody has: it leads nowhere.
_CLOSE_PROVED: Final = Statement(
    """
    DELETE FROM resets
    WHERE account_id {among:accounts} AND stage = 'open' AND evidence <> '[]' AND id <> :but
    """
)
_FINISHED: Final = Statement(
    """
    INSERT INTO past_resets (account_id, at, used) VALUES (:account_id, :at, :used)
    ON CONFLICT (account_id) DO UPDATE SET at = excluded.at, used = excluded.used
    WHERE past_resets.at <= excluded.at
    """
)


async def close_proved(run: Run, accounts: Collection[AccountId], but: FlowId | None = None) -> int:
    """End the open attempts of people in which something was proved, apart from `but`."""
    return await run.changed(_CLOSE_PROVED, accounts=to_json(list(accounts)), but=but or "")


class Resets:
    """`unit.resets`."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def start(self, state: Reset, binding_hash: bytes) -> None:
        """Keep a new attempt for the browser whose binding cookie has this hash."""
        await self._run.changed(
            _START, **_columns(state), binding=binding_hash, created_at=ms(state.created_at)
        )

    async def start_change(self, state: Reset) -> None:
        """Keep that a known password is being changed: for whoever settles it, and no browser."""
        await self.start(state, _NO_BROWSER)

    async def load(
        self,
        id_: FlowId,
        binding_hash: bytes,
        now: datetime,
        browser_hash: bytes | None = None,
        *,
        new_phone: bool = False,
    ) -> tuple[Reset, Standing | None] | None:
        """Read an attempt with who has vouched for it, and whose it is.

        None where there is none, it is another browser's, or its time is over and nothing was
        sent. The standing is None where the name is nobody's. Only `new_phone` finds what people
        are asked for a new phone, and nothing else: their word for that resets no password.
        """
        rows = await self._run.rows(
            _LOAD,
            id=id_,
            binding=binding_hash,
            now=ms(now),
            browser=browser_hash,
            new_phone=new_phone,
        )
        if not rows:
            return None
        return _reset(rows[0]), standing_of(rows, _WIDTH)

    async def waiting(self, binding_hash: bytes, now: datetime) -> FlowId | None:
        """Find this browser's attempt that has begun the slow way, the newest first."""
        row = await self._run.row(_WAITING, binding=binding_hash, now=ms(now))
        return None if row is None else FlowId(row[0])

    async def save(self, state: Reset) -> bool:
        """Write an attempt over the version it was made from; False where somebody was first.

        The row's version is one higher then. Vouches are not written here but by `unit.vouches`,
        and people see that they are asked by `asked_at`.
        """
        return await self._run.changed(_SAVE, **_columns(state)) == 1

    async def begin_writing(self, id_: FlowId, version: int, at: datetime) -> bool:
        """Claim the write, before a byte is sent; what `start_writing` has made of it.

        The row's version is one higher then. False for everybody but the first, where its time is
        over, and where the account was disabled.
        """
        claimed = await self._run.changed(_BEGIN_WRITING, id=id_, version=version, at=ms(at))
        return claimed == 1

    async def unsettled(self, before: datetime, limit: int = MOST) -> list[Reset]:
        """Read attempts that sent something before `before` and have no outcome, the oldest first.

        Each is then read back and saved: whoever comes second is told so by `save`.
        """
        rows = await self._run.rows(_UNSETTLED, before=ms(before), most=limit)
        return [_reset(row) for row in rows]

    async def close(self, id_: FlowId, version: int) -> bool:
        """End an attempt and all that was given for it; False where somebody was first."""
        return await self._run.changed(_CLOSE, id=id_, version=version) == 1

    async def close_others(self, account_id: AccountId, but: FlowId | None = None) -> int:
        """End every other attempt of somebody in which something was proved; return how many.

        What has been sent already is left to be settled.
        """
        return await close_proved(self._run, [account_id], but)

    async def finished(
        self, account_id: AccountId, at: datetime, used: Collection[AuthenticatorId]
    ) -> None:
        """Keep that a reset was done, and which authenticators it rested on.

        The newest of an account counts: one that is settled later than a newer one changes nothing.
        """
        listed = to_json(sorted(used))
        await self._run.changed(_FINISHED, account_id=account_id, at=ms(at), used=listed)


def _columns(state: Reset) -> dict[str, Value]:
    last = state.last
    return {
        "id": state.id,
        "goal": state.goal,
        "account_id": state.account_id,
        "claimed": state.claimed,
        "evidence": to_json(state.evidence),
        "chosen": state.chosen,
        "asked_at": optional_ms(state.asked_at),
        "slow_since": optional_ms(state.slow_since),
        "stage": state.stage,
        "writing_since": optional_ms(state.writing_since),
        "refused": state.refused,
        "last": last.why if isinstance(last, Refused) else None if last is None else _NOT_REACHED,
        "last_least": last.least if isinstance(last, Refused) else None,
        "expires_at": ms(state.expires_at),
        "version": state.version,
    }


def _reset(row: Row) -> Reset:
    id_ = FlowId(row[0])
    return Reset(
        id=id_,
        goal=Goal(row[1]),
        account_id=None if row[2] is None else AccountId(row[2]),
        claimed=row[3],
        evidence=evidence(row[4]),
        vouches=vouches_of(id_, row[16]),
        chosen=None if row[5] is None else Way(row[5]),
        asked_at=optional_instant(row[6]),
        slow_since=optional_instant(row[7]),
        stage=Stage(row[8]),
        writing_since=optional_instant(row[9]),
        refused=row[10],
        last=_last(row[11], row[12]),
        created_at=instant(row[13]),
        expires_at=instant(row[14]),
        version=row[15],
    )


def _last(why: str | None, least: int | None) -> Refused | Unreachable | None:
    if why is None:
        return None
    return Unreachable() if why == _NOT_REACHED else Refused(RefusedFor(why), least)
