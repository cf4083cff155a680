"""Signed-in browsers. A row holds a hash of the secret; whoever reads the table opens nothing."""

from datetime import datetime
from typing import Final

from portvakt.core.ids import AccountId, ClientId, GrantId, KnownBrowserId, SessionId
from portvakt.core.our_devices import ShownDevice
from portvakt.core.risk import Looked
from portvakt.core.sessions import Session, SessionKind
from portvakt.core.signals import KnownFrom
from portvakt.records.driver import Row, Run
from portvakt.records.sign_outs import ENDED
from portvakt.records.standing import (
    BOUND_TO_WHO,
    ORDER,
    STANDING,
    WHO,
    Standing,
    standing_of,
)
from portvakt.records.statements import Statement
from portvakt.records.values import (
    evidence,
    instant,
    looked,
    ms,
    optional_instant,
    shown_device,
    to_json,
)

_COLUMNS: Final = """
    s.id, s.account_id, s.kind, s.evidence, s.created_at, s.seen_at, s.resume_to, s.address,
    s.user_agent, s.our_device, s.closed_at, s.version, s.risk, k.id,
    k.shown_at, k.expires_at
"""
_WIDTH: Final = 16
# One that is forgotten is known in no session any more.
_KNOWN: Final = "LEFT JOIN known_browsers k ON k.id = s.known_browser"
_OPEN: Final = Statement(
    """
    INSERT INTO sessions (id, account_id, kind, secret_hash, browser_hash, evidence, created_at,
        seen_at, resume_to, address, user_agent, our_device, known_browser, closed_at, version,
        risk)
    VALUES (:id, :account_id, :kind, :secret_hash, :browser_hash, :evidence, :created_at,
        :seen_at, :resume_to, :address, :user_agent, :our_device, :known_browser, NULL, :version,
        :risk)
    """
)
_LOAD: Final = Statement(
    """
    WITH s AS MATERIALIZED (
        SELECT * FROM sessions
        WHERE id = :id AND secret_hash = :secret_hash AND closed_at IS NULL),
    {who}
    SELECT {columns}, {standing}
    FROM s {known} JOIN who ON who.id = s.account_id {bound} {order}
    """,
    who=WHO,
    account="(SELECT account_id FROM s)",
    browser="(SELECT browser_hash FROM s)",
    known=_KNOWN,
    columns=_COLUMNS,
    standing=STANDING,
    bound=BOUND_TO_WHO,
    order=ORDER,
)
_THROUGH: Final = Statement(
    """
    WITH g AS MATERIALIZED (
        SELECT session_id, client_id FROM grants
        WHERE id = :grant_id AND revoked_at IS NULL AND expires_at > :now),
    s AS MATERIALIZED (
        SELECT * FROM sessions
        WHERE id = (SELECT session_id FROM g) AND closed_at IS NULL),
    {who}
    SELECT {columns}, g.client_id, {standing}
    FROM s {known} JOIN g ON g.session_id = s.id JOIN who ON who.id = s.account_id {bound}
    """,
    who=WHO,
    account="(SELECT account_id FROM s)",
    browser="NULL",
    known=_KNOWN,
    columns=_COLUMNS,
    standing=STANDING,
    bound=BOUND_TO_WHO,
)
_OF: Final = Statement(
    """
    SELECT {columns} FROM sessions s {known}
    WHERE s.account_id = :account_id AND s.closed_at IS NULL
    ORDER BY s.seen_at DESC, s.id
    """,
    known=_KNOWN,
    columns=_COLUMNS,
)
# Two requests at once: the later act of the person is the one that counts.
_TOUCH: Final = Statement(
    "UPDATE sessions SET seen_at = :at WHERE id = :id AND closed_at IS NULL AND seen_at < :at"
)
_UPDATE: Final = Statement(
    """
    UPDATE sessions SET kind = :kind, evidence = :evidence, seen_at = :seen_at,
        resume_to = :resume_to, address = :address, user_agent = :user_agent,
        our_device = :our_device, known_browser = :known_browser, risk = :risk,
        secret_hash = COALESCE(:secret_hash, secret_hash), version = version + 1
    WHERE id = :id AND version = :version AND closed_at IS NULL
    """
)
_SHOW_DEVICE: Final = Statement(
    "UPDATE sessions SET our_device = :our_device WHERE id = :id AND closed_at IS NULL"
)
_CLOSE: Final = Statement(
    """
    UPDATE sessions SET closed_at = :at
    WHERE id = :id AND account_id = :account_id AND closed_at IS NULL
    """
)
_CLOSE_ALL: Final = Statement(
    """
    UPDATE sessions SET closed_at = :at
    WHERE account_id = :account_id AND closed_at IS NULL AND id <> :kept
    """
)
_WHOSE: Final = Statement("SELECT account_id FROM sessions WHERE id = :id AND closed_at IS NULL")
_BEGAN: Final = Statement(
    "SELECT created_at FROM sessions WHERE id = :id AND account_id = :account_id"
)
_CLOSE_SOME: Final = Statement(
    """
    UPDATE sessions SET closed_at = :at
    WHERE closed_at IS NULL AND id IN (
        SELECT id FROM sessions WHERE closed_at IS NULL AND created_at <= :at LIMIT :most)
    RETURNING id
    """
)
_OPEN_NOW: Final = Statement("SELECT COUNT(*) FROM sessions WHERE closed_at IS NULL")


class Sessions:
    """`unit.sessions`. A closed session is found by nothing here; how old it may be, core says."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def open(
        self, session: Session, secret_hash: bytes, browser_hash: bytes | None = None
    ) -> None:
        """Keep a new session."""
        await self._run.changed(
            _OPEN,
            id=session.id,
            account_id=session.account_id,
            kind=session.kind,
            secret_hash=secret_hash,
            browser_hash=browser_hash,
            evidence=to_json(session.evidence),
            created_at=ms(session.created_at),
            seen_at=ms(session.seen_at),
            resume_to=session.resume_to,
            address=session.address,
            user_agent=session.user_agent,
            our_device=_device_json(session),
            known_browser=None if session.known is None else session.known.id,
            version=session.version,
            risk=_risk_json(session),
        )

    async def load(self, id_: SessionId, secret_hash: bytes) -> tuple[Session, Standing] | None:
        """Read a session and its person as they are now, by id and the hash of its secret."""
        rows = await self._run.rows(_LOAD, id=id_, secret_hash=secret_hash)
        standing = standing_of(rows, _WIDTH)
        return None if standing is None else (_session(rows[0]), standing)

    async def through(
        self, grant_id: GrantId, now: datetime
    ) -> tuple[Session, ClientId, Standing] | None:
        """Read the session that a grant came of, the app it is for, and the person as they are now.

        None unless grant and session both stand.
        """
        rows = await self._run.rows(_THROUGH, grant_id=grant_id, now=ms(now))
        standing = standing_of(rows, _WIDTH + 1)
        return (
            None if standing is None else (_session(rows[0]), ClientId(rows[0][_WIDTH]), standing)
        )

    async def of(self, account_id: AccountId) -> list[Session]:
        """List somebody's sessions, the one last used first."""
        return [_session(row) for row in await self._run.rows(_OF, account_id=account_id)]

    async def touch(self, id_: SessionId, at: datetime) -> None:
        """Keep when the person last did something in it."""
        await self._run.changed(_TOUCH, id=id_, at=ms(at))

    async def update(self, session: Session, secret_hash: bytes | None, version: int) -> bool:
        """Write a session over `version` of it, with another secret where one is given.

        False where somebody was first or it has ended. The row's version is one higher then.
        """
        written = await self._run.changed(
            _UPDATE,
            id=session.id,
            kind=session.kind,
            evidence=to_json(session.evidence),
            seen_at=ms(session.seen_at),
            resume_to=session.resume_to,
            address=session.address,
            user_agent=session.user_agent,
            our_device=_device_json(session),
            risk=_risk_json(session),
            known_browser=None if session.known is None else session.known.id,
            secret_hash=secret_hash,
            version=version,
        )
        return written == 1

    async def show_device(self, id_: SessionId, device: ShownDevice) -> None:
        """Keep which device of ours showed itself in a session."""
        await self._run.changed(_SHOW_DEVICE, id=id_, our_device=to_json(device))

    async def close(self, id_: SessionId, account_id: AccountId, at: datetime) -> bool:
        """End a session; False where this person has no such session open."""
        ended = await self._run.changed(_CLOSE, id=id_, account_id=account_id, at=ms(at))
        await self._tell(ended)
        return ended == 1

    async def close_all(
        self, account_id: AccountId, at: datetime, except_id: SessionId | None = None
    ) -> int:
        """End all sessions of a person but one; returns how many that were."""
        kept = "" if except_id is None else except_id
        ended = await self._run.changed(_CLOSE_ALL, account_id=account_id, at=ms(at), kept=kept)
        await self._tell(ended)
        return ended

    async def whose(self, id_: SessionId) -> AccountId | None:
        """Say whose an open session is."""
        row = await self._run.row(_WHOSE, id=id_)
        return None if row is None else AccountId(row[0])

    async def began(self, id_: SessionId, account_id: AccountId) -> datetime | None:
        """Say when a session of this person began, ended or not, as long as it is kept."""
        row = await self._run.row(_BEGAN, id=id_, account_id=account_id)
        return None if row is None else instant(row[0])

    async def close_some(self, at: datetime, most: int) -> list[SessionId]:
        """End up to so many sessions that began by `at`, whosever they are; returns which."""
        rows = await self._run.rows(_CLOSE_SOME, at=ms(at), most=most)
        await self._tell(len(rows))
        return [SessionId(row[0]) for row in rows]

    async def _tell(self, ended: int) -> None:
        """Wake who sees to that apps hear of it; what nobody rings for is found a little later."""
        if ended:
            await self._run.ring(ENDED)

    async def open_now(self) -> int:
        """Count the rows that are open, however old they are."""
        row = await self._run.row(_OPEN_NOW)
        return 0 if row is None else int(row[0])


def _device_json(session: Session) -> str | None:
    return None if session.our_device is None else to_json(session.our_device)


def _risk_json(session: Session) -> str | None:
    return to_json(Looked(findings=session.risk)) if session.risk else None


def _known(row: Row) -> KnownFrom:
    return KnownFrom(KnownBrowserId(row[0]), instant(row[1]), instant(row[2]))


def _session(row: Row) -> Session:
    return Session(
        id=SessionId(row[0]),
        account_id=AccountId(row[1]),
        kind=SessionKind(row[2]),
        evidence=evidence(row[3]),
        created_at=instant(row[4]),
        seen_at=instant(row[5]),
        resume_to=row[6],
        address=row[7],
        user_agent=row[8],
        our_device=None if row[9] is None else shown_device(row[9]),
        closed_at=optional_instant(row[10]),
        version=row[11],
        risk=found.findings if (found := looked(row[12])) is not None else (),
        known=None if row[13] is None else _known(row[13:16]),
    )
