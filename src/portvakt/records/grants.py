"""What an app was told about a person, and the authorization code that it fetched it with."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import msgspec

from portvakt.core.assurance import Evidence
from portvakt.core.ids import AccountId, ClientId, GrantId, SessionId
from portvakt.core.people import Account
from portvakt.core.signals import NOWHERE, Circumstances
from portvakt.records.driver import Row, Run
from portvakt.records.standing import (
    ACCOUNT_COLUMNS,
    BOUND_TO_WHO,
    STANDING,
    WHO,
    Standing,
    account_of,
    standing_of,
)
from portvakt.records.statements import Statement
from portvakt.records.values import evidence, instant, ms, to_json

_GRANT: Final = (
    "id, account_id, client_id, session_id, scope, evidence, created_at, expires_at, offline,"
    " claims, resources, circumstances"
)
_GRANT_WIDTH: Final = 12
_CIRCUMSTANCES: Final = msgspec.json.Decoder(Circumstances)
_PUT: Final = Statement(
    """
    INSERT INTO grants (id, account_id, client_id, session_id, scope, evidence, created_at,
        expires_at, offline, claims, resources, circumstances, code_hash, code_expires_at,
        redirect_uri, code_challenge, nonce, dpop_jkt)
    SELECT :id, :account_id, :client_id, id, :scope, :evidence, CAST(:created_at AS BIGINT),
        CAST(:expires_at AS BIGINT), CAST(:offline AS BOOLEAN), :claims, :resources, :circumstances,
        {bytes:code_hash}, CAST(:code_expires_at AS BIGINT), :redirect_uri, :code_challenge, :nonce,
        :dpop_jkt
    FROM sessions WHERE id = :session_id AND closed_at IS NULL {held}
    """
)
_SPEND: Final = Statement(
    """
    UPDATE grants SET code_spent_at = :now
    WHERE code_hash = :code_hash AND code_spent_at IS NULL AND code_expires_at > :now
        AND revoked_at IS NULL
    RETURNING {grant}, code_expires_at, redirect_uri, code_challenge, nonce, dpop_jkt
    """,
    grant=_GRANT,
)
_REUSED: Final = Statement(
    "SELECT id FROM grants WHERE code_hash = :code_hash AND code_spent_at IS NOT NULL"
)
_STANDS: Final = """
    WITH g AS MATERIALIZED (
        SELECT * FROM grants
        WHERE id = :id AND revoked_at IS NULL AND expires_at > :now AND (offline OR EXISTS (
            SELECT 1 FROM sessions s WHERE s.id = grants.session_id AND s.closed_at IS NULL))
            AND NOT EXISTS (SELECT 1 FROM seen_ids WHERE hash = :token)),
    {who}
    SELECT g.id, g.account_id, g.client_id, g.session_id, g.scope, g.evidence, g.created_at,
        g.expires_at, g.offline, g.claims, g.resources, g.circumstances, {columns}
    FROM g JOIN who ON who.id = g.account_id
"""
_ITS_PERSON: Final = {"who": WHO, "account": "(SELECT account_id FROM g)", "browser": "NULL"}
_LOAD: Final = Statement(_STANDS, **_ITS_PERSON, columns=ACCOUNT_COLUMNS)
_LOAD_WITH_BOUND: Final = Statement(
    _STANDS + "{bound}", **_ITS_PERSON, columns=STANDING, bound=BOUND_TO_WHO
)
_REVOKE: Final = Statement(
    "UPDATE grants SET revoked_at = :at WHERE id = :id AND revoked_at IS NULL"
)
_REVOKE_OF_SESSION: Final = Statement(
    """
    UPDATE grants SET revoked_at = :at
    WHERE session_id = :session_id AND revoked_at IS NULL AND NOT offline
    """
)
_REVOKE_OF_SESSIONS: Final = Statement(
    """
    UPDATE grants SET revoked_at = :at
    WHERE session_id {among:session_ids} AND revoked_at IS NULL AND NOT offline
    """
)
# What `_LOAD` would read, and codes that have not been fetched yet.
_HELD: Final = Statement(
    """
    SELECT client_id, scope, claims, resources, created_at, expires_at, offline FROM grants
    WHERE account_id = :account_id AND revoked_at IS NULL AND expires_at > :now
        AND (code_spent_at IS NOT NULL OR code_expires_at > :now)
        AND (offline OR EXISTS (
            SELECT 1 FROM sessions s WHERE s.id = grants.session_id AND s.closed_at IS NULL))
    ORDER BY created_at, id
    """
)
_REVOKE_OF_APP: Final = Statement(
    """
    UPDATE grants SET revoked_at = :at
    WHERE account_id = :account_id AND client_id = :client_id AND revoked_at IS NULL
        AND expires_at > :at
    """
)
_REVOKE_OF_APPS: Final = Statement(
    "UPDATE grants SET revoked_at = :at WHERE client_id {among:client_ids} AND revoked_at IS NULL"
)
_REVOKE_OF_OTHERS: Final = Statement(
    """
    UPDATE grants SET revoked_at = :at
    WHERE account_id = :account_id AND session_id <> :kept AND revoked_at IS NULL AND NOT offline
    """
)
_REVOKE_OF_ACCOUNT: Final = Statement(
    "UPDATE grants SET revoked_at = :at WHERE account_id = :account_id AND revoked_at IS NULL"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """That an app may know who somebody is: what its tokens hang on."""

    id: GrantId
    account_id: AccountId
    client_id: ClientId
    session_id: SessionId
    scope: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    """What the session could show when the app was opened; says `acr`, `amr` and `auth_time`."""
    created_at: datetime
    expires_at: datetime
    offline: bool = False
    """Whether it outlives the session (`offline_access`, OpenID Connect Core section 11)."""
    claims: str | None = None
    """What the app asked for by name, as JSON (OpenID Connect Core section 5.5)."""
    resources: tuple[str, ...] = ()
    """For which services it asked; our own where none (RFC 8707)."""
    circumstances: Circumstances = NOWHERE
    """Where the person was, and with what, when the app was opened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationCode:
    """A code of RFC 6749 section 4.1, as its hash, with what must come back with it."""

    hash: bytes = field(repr=False)
    grant: Grant
    expires_at: datetime
    redirect_uri: str
    code_challenge: str | None
    """Of method S256 (RFC 7636 section 4.3)."""
    nonce: str | None
    dpop_jkt: str | None = None
    """The thumbprint of the key that must be shown with it (RFC 9449 section 10)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What an app holds of somebody now, with which it may learn who they are."""

    client_id: ClientId
    scope: tuple[str, ...]
    claims: str | None
    resources: tuple[str, ...]
    since: datetime
    until: datetime
    offline: bool


@dataclass(frozen=True, slots=True)
class Reused:
    """The code was used before: all that came of it is to be revoked (RFC 6749 section 4.1.2)."""

    grant_id: GrantId


class Grants:
    """`unit.grants`."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def put_code(self, code: AuthorizationCode) -> bool:
        """Keep a grant and the code that it can be fetched with, while its session stands.

        Whoever ends a session ends its grants next, and waits for this act or is waited for: a
        code on its way meanwhile is either ended with the others, or never there (False).
        """
        grant = code.grant
        put = await self._run.changed(
            _PUT,
            id=grant.id,
            account_id=grant.account_id,
            client_id=grant.client_id,
            session_id=grant.session_id,
            scope=" ".join(grant.scope),
            evidence=to_json(grant.evidence),
            created_at=ms(grant.created_at),
            expires_at=ms(grant.expires_at),
            offline=grant.offline,
            claims=grant.claims,
            resources=" ".join(grant.resources) or None,
            circumstances=to_json(grant.circumstances),
            code_hash=code.hash,
            code_expires_at=ms(code.expires_at),
            redirect_uri=code.redirect_uri,
            code_challenge=code.code_challenge,
            nonce=code.nonce,
            dpop_jkt=code.dpop_jkt,
        )
        return put == 1

    async def spend_code(
        self, code_hash: bytes, now: datetime
    ) -> AuthorizationCode | Reused | None:
        """Use up a code; None where it is unknown, too old or its grant is revoked.

        The one statement decides; only where it found nothing, a second one asks why.
        """
        row = await self._run.row(_SPEND, code_hash=code_hash, now=ms(now))
        if row is None:
            reused = await self._run.row(_REUSED, code_hash=code_hash)
            return None if reused is None else Reused(GrantId(reused[0]))
        expires_at, redirect_uri, code_challenge, nonce, dpop_jkt = row[_GRANT_WIDTH:]
        return AuthorizationCode(
            hash=code_hash,
            grant=_grant(row),
            expires_at=instant(expires_at),
            redirect_uri=redirect_uri,
            code_challenge=code_challenge,
            nonce=nonce,
            dpop_jkt=dpop_jkt,
        )

    async def load(
        self, id_: GrantId, now: datetime, token: bytes = b""
    ) -> tuple[Grant, Account] | None:
        """Read a grant that stands, in a session that does, and its person as they are now.

        `token` is what `seen_ids` would know an access token of it by, had that been revoked.
        """
        row = await self._run.row(_LOAD, id=id_, now=ms(now), token=token)
        return None if row is None else (_grant(row), account_of(row, _GRANT_WIDTH))

    async def load_with_bound(self, id_: GrantId, now: datetime) -> tuple[Grant, Standing] | None:
        """Read a grant as `load` does, and with its person what is bound to them."""
        rows = await self._run.rows(_LOAD_WITH_BOUND, id=id_, now=ms(now), token=b"")
        standing = standing_of(rows, _GRANT_WIDTH)
        return None if standing is None else (_grant(rows[0]), standing)

    async def held_of(self, account_id: AccountId, now: datetime) -> list[Held]:
        """List what apps hold of a person now, the oldest first. An app may hold several."""
        return [
            Held(
                client_id=ClientId(client_id),
                scope=tuple(scope.split()),
                claims=claims,
                resources=tuple((resources or "").split()),
                since=instant(since),
                until=instant(until),
                offline=bool(offline),
            )
            for client_id, scope, claims, resources, since, until, offline in await self._run.rows(
                _HELD, account_id=account_id, now=ms(now)
            )
        ]

    async def revoke(self, id_: GrantId, at: datetime) -> bool:
        """End a grant; False where it has ended."""
        return await self._run.changed(_REVOKE, id=id_, at=ms(at)) == 1

    async def revoke_of_session(self, session_id: SessionId, at: datetime) -> int:
        """End what came of a session; returns how many grants that were."""
        return await self._run.changed(_REVOKE_OF_SESSION, session_id=session_id, at=ms(at))

    async def revoke_of_sessions(self, session_ids: Iterable[SessionId], at: datetime) -> int:
        """End what came of many sessions; returns how many grants that were."""
        ids = to_json(sorted(session_ids))
        return await self._run.changed(_REVOKE_OF_SESSIONS, session_ids=ids, at=ms(at))

    async def revoke_of_app(self, account_id: AccountId, client_id: ClientId, at: datetime) -> int:
        """End what one app holds of a person, offline too; returns how many grants that were."""
        return await self._run.changed(
            _REVOKE_OF_APP, account_id=account_id, client_id=client_id, at=ms(at)
        )

    async def revoke_of_apps(self, client_ids: Iterable[ClientId], at: datetime) -> int:
        """End what apps that are taken away hold of anybody, or it would live again with the name.

        It looks at every grant there is, for this is seldom done.
        """
        ids = to_json(sorted(client_ids))
        return await self._run.changed(_REVOKE_OF_APPS, client_ids=ids, at=ms(at))

    async def revoke_of_others(self, account_id: AccountId, kept: SessionId, at: datetime) -> int:
        """End what came of all sessions of a person but one; returns how many grants that were."""
        return await self._run.changed(
            _REVOKE_OF_OTHERS, account_id=account_id, kept=kept, at=ms(at)
        )

    async def revoke_of_account(self, account_id: AccountId, at: datetime) -> int:
        """End everything that apps hold of a person; returns how many grants that were."""
        return await self._run.changed(_REVOKE_OF_ACCOUNT, account_id=account_id, at=ms(at))


def _grant(row: Row) -> Grant:
    return Grant(
        id=GrantId(row[0]),
        account_id=AccountId(row[1]),
        client_id=ClientId(row[2]),
        session_id=SessionId(row[3]),
        scope=tuple(row[4].split()),
        evidence=evidence(row[5]),
        created_at=instant(row[6]),
        expires_at=instant(row[7]),
        offline=bool(row[8]),
        claims=row[9],
        resources=tuple((row[10] or "").split()),
        circumstances=NOWHERE if row[11] is None else _CIRCUMSTANCES.decode(row[11]),
    )
