"""Sign-ins under way: versioned, expiring, and open to the browser that began them only."""

from datetime import datetime
from typing import Final

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.ids import AccountId, ClientId, FlowId, SessionId
from portvakt.core.sign_in import SignIn
from portvakt.records.driver import Row, Run
from portvakt.records.standing import BOUND_TO_WHO, ORDER, STANDING, WHO, Standing, standing_of
from portvakt.records.statements import Statement, Value
from portvakt.records.values import evidence, instant, looked, ms, to_json

_START: Final = Statement(
    """
    INSERT INTO flows (id, binding, purpose, leads_to, app, account_id, claimed, evidence, chosen,
        session_id, guarded, created_at, expires_at, version, risk)
    VALUES (:id, :binding, :purpose, :leads_to, :app, :account_id, :claimed, :evidence, :chosen,
        :session_id, :guarded, :created_at, :expires_at, :version, :risk)
    """
)
_LOAD: Final = Statement(
    """
    WITH flow AS MATERIALIZED (
        SELECT * FROM flows WHERE id = :id AND binding = :binding AND expires_at > :now),
    {who}
    SELECT flow.id, flow.purpose, flow.leads_to, flow.app, flow.account_id, flow.claimed,
        flow.evidence, flow.chosen, flow.session_id, flow.guarded, flow.created_at,
        flow.expires_at, flow.version, flow.risk, {standing}
    FROM flow LEFT JOIN who ON who.id = flow.account_id {bound} {order}
    """,
    who=WHO,
    account="(SELECT account_id FROM flow)",
    browser=":browser",
    standing=STANDING,
    bound=BOUND_TO_WHO,
    order=ORDER,
)
_FLOW_WIDTH: Final = 14
_SAVE: Final = Statement(
    """
    UPDATE flows SET purpose = :purpose, leads_to = :leads_to, app = :app,
        account_id = :account_id, claimed = :claimed, evidence = :evidence, chosen = :chosen,
        session_id = :session_id, guarded = :guarded, expires_at = :expires_at,
        risk = :risk, version = version + 1
    WHERE id = :id AND version = :version
    """
)
_WITH_CODE: Final = Statement(
    """
    SELECT flows.id, flows.version FROM flows
    JOIN codes ON codes.flow = flows.id AND codes.purpose = flows.purpose
    WHERE flows.binding = :binding AND flows.account_id = :account_id
        AND flows.purpose = :purpose AND flows.expires_at > :now
        AND codes.spent_at IS NULL AND codes.expires_at > :now
    ORDER BY codes.created_at DESC LIMIT 1
    """
)
_CLOSE: Final = Statement("DELETE FROM flows WHERE id = :id AND version = :version")

_CLOSE_ALL: Final = Statement("DELETE FROM flows WHERE account_id = :account_id AND id <> :but")


class Flows:
    """`unit.flows`."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def start(self, state: SignIn, binding_hash: bytes) -> None:
        """Keep a new sign-in for the browser whose binding cookie has this hash."""
        await self._run.changed(
            _START, **_columns(state), binding=binding_hash, created_at=ms(state.created_at)
        )

    async def load(
        self, id_: FlowId, binding_hash: bytes, now: datetime, browser_hash: bytes | None = None
    ) -> tuple[SignIn, Standing | None] | None:
        """Read a sign-in and whose it is.

        None where it is over, expired, or another browser's. The standing is None where the name
        is nobody's.
        """
        rows = await self._run.rows(
            _LOAD, id=id_, binding=binding_hash, now=ms(now), browser=browser_hash
        )
        if not rows:
            return None
        return _sign_in(rows[0]), standing_of(rows, _FLOW_WIDTH)

    async def save(self, state: SignIn) -> bool:
        """Write a sign-in over the version it was made from; False where somebody was first.

        The row's version is one higher then.
        """
        return await self._run.changed(_SAVE, **_columns(state)) == 1

    async def with_code(
        self, account_id: AccountId, purpose: str, binding_hash: bytes, now: datetime
    ) -> tuple[FlowId, int] | None:
        """Find this person's sign-in in this browser that a code was last sent for.

        Returns its id and version; None where no code is waited for.
        """
        row = await self._run.row(
            _WITH_CODE, account_id=account_id, purpose=purpose, binding=binding_hash, now=ms(now)
        )
        return None if row is None else (FlowId(row[0]), row[1])

    async def close(self, id_: FlowId, version: int) -> bool:
        """End a sign-in; False where somebody was first."""
        return await self._run.changed(_CLOSE, id=id_, version=version) == 1

    async def close_all(self, account_id: AccountId, but: FlowId | None = None) -> int:
        """End a person's sign-ins under way, such as those begun with an old password."""
        return await self._run.changed(_CLOSE_ALL, account_id=account_id, but=but or "")


def _columns(state: SignIn) -> dict[str, Value]:
    return {
        "id": state.id,
        "purpose": state.purpose,
        "leads_to": state.to,
        "app": state.app,
        "account_id": state.account_id,
        "claimed": state.claimed,
        "evidence": to_json(state.evidence),
        "chosen": state.chosen,
        "session_id": state.session_id,
        "guarded": state.guarded,
        "expires_at": ms(state.expires_at),
        "version": state.version,
        "risk": None if state.risk is None else to_json(state.risk),
    }


def _sign_in(row: Row) -> SignIn:
    return SignIn(
        id=FlowId(row[0]),
        purpose=row[1],
        to=row[2],
        app=None if row[3] is None else ClientId(row[3]),
        account_id=None if row[4] is None else AccountId(row[4]),
        claimed=row[5],
        evidence=evidence(row[6]),
        chosen=None if row[7] is None else AuthenticatorType(row[7]),
        session_id=None if row[8] is None else SessionId(row[8]),
        guarded=bool(row[9]),
        created_at=instant(row[10]),
        expires_at=instant(row[11]),
        version=row[12],
        risk=looked(row[13]),
    )
