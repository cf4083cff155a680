"""Passkeys and security keys, and what they have signed; each challenge is answered once."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from portvakt.core.assurance import CLOCK_BOUND
from portvakt.core.ids import AccountId, AuthenticatorId
from portvakt.records.driver import Row, Run
from portvakt.records.statements import Statement
from portvakt.records.values import ms, sortable, strings, to_json

VOID_UNTIL: Final = "key_challenges_void_until"
"""In `unit.meta`: challenges that were made until then count no more, used or not."""
_COLUMNS: Final = """
    id, account_id, credential_id, public_key, algorithm, sign_count, aaguid, transports, copied,
    backed_up, verifies, attestation, handle
"""
_ADD: Final = Statement(
    """
    INSERT INTO passkeys ({columns})
    VALUES (:id, :account_id, :credential_id, :public_key, :algorithm, :sign_count, :aaguid,
        :transports, :copied, :backed_up, :verifies, :attestation, :handle)
    ON CONFLICT (credential_id) DO NOTHING
    """,
    columns=_COLUMNS,
)
_FIND: Final = Statement(
    "SELECT {columns} FROM passkeys WHERE credential_id = :credential_id", columns=_COLUMNS
)
_OF: Final = Statement(
    "SELECT {columns} FROM passkeys WHERE account_id = :account_id ORDER BY id", columns=_COLUMNS
)
_HELD: Final = Statement(
    """
    SELECT p.aaguid, p.id, a.user_name, a.protected, m.label
    FROM passkeys p
    JOIN authenticators m ON m.id = p.id
    JOIN accounts a ON a.id = p.account_id
    WHERE p.aaguid {among:models} AND p.id > :after
    ORDER BY p.id LIMIT :most
    """
)
_MODELS: Final = Statement("SELECT aaguid, COUNT(*) FROM passkeys GROUP BY aaguid")
_ANY: Final = Statement("SELECT 1 FROM passkeys LIMIT 1")
# WebAuthn Level 3 section 7.2 step 22: two of the same key, used in turn, cannot both rise.
_USED: Final = Statement(
    """
    UPDATE passkeys SET sign_count = :sign_count, backed_up = :backed_up
    WHERE id = :id AND (sign_count < :sign_count OR (sign_count = 0 AND :sign_count = 0))
    """
)
_TOUCH: Final = Statement("UPDATE authenticators SET last_used_at = :at WHERE id = :id")
# A challenge is stored when it is spent. None is that was made before a server that may have
# forgotten what was spent took over, or a backup came back (`after_restore`). Whether the answer
# had to verify stands in the challenge; the column is read by processes of the version before.
_SPEND: Final = Statement(
    """
    INSERT INTO key_challenges (challenge, browser, flow, purpose, must_verify, created_at,
        expires_at, spent_at)
    SELECT {bytes:challenge}, {bytes:browser}, CAST(:flow AS TEXT), CAST(:purpose AS TEXT), TRUE,
        CAST(:asked_at AS BIGINT), CAST(:expires_at AS BIGINT), CAST(:now AS BIGINT)
    WHERE NOT EXISTS (SELECT 1 FROM meta WHERE name = '{void}' AND value >= :asked)
    ON CONFLICT (challenge) DO NOTHING
    """,
    void=VOID_UNTIL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Passkey:
    """What is kept of one key; its name and its times are those of its authenticator."""

    id: AuthenticatorId
    account_id: AccountId
    credential_id: bytes
    public_key: bytes = field(repr=False)
    """COSE (RFC 9052 section 7)."""
    algorithm: int
    sign_count: int
    aaguid: str
    transports: tuple[str, ...]
    copied: bool
    """Whether it may be copied to other things of its owner (`BE`)."""
    backed_up: bool
    verifies: bool
    """Whether it verified who held it when it was registered."""
    attestation: str
    handle: bytes = field(repr=False)
    """What its owner is called in keys: random, and no id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpentChallenge:
    """What one browser was given to have signed, once, for one purpose, and has."""

    challenge: bytes
    browser: bytes = field(repr=False)
    """Hash of the browser's binding cookie."""
    flow: str
    """The sign-in that it belongs to; empty before one has begun."""
    purpose: str
    asked_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldKey:
    """A key of a certain model, and whose it is."""

    model: str
    id: AuthenticatorId
    user_name: str
    protected: bool
    label: str


class Keys:
    """`unit.keys`."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def add(self, key: Passkey) -> bool:
        """Keep a key beside its authenticator; False where anybody has that one already."""
        added = await self._run.changed(
            _ADD,
            id=key.id,
            account_id=key.account_id,
            credential_id=key.credential_id,
            public_key=key.public_key,
            algorithm=key.algorithm,
            sign_count=key.sign_count,
            aaguid=key.aaguid,
            transports=to_json(key.transports),
            copied=key.copied,
            backed_up=key.backed_up,
            verifies=key.verifies,
            attestation=key.attestation,
            handle=key.handle,
        )
        return added == 1

    async def find(self, credential_id: bytes) -> Passkey | None:
        """Find a key by what it calls itself."""
        row = await self._run.row(_FIND, credential_id=credential_id)
        return None if row is None else _passkey(row)

    async def of(self, account_id: AccountId) -> list[Passkey]:
        """Read all keys of one person, whatever state they are in."""
        rows = await self._run.rows(_OF, account_id=account_id)
        return [_passkey(row) for row in rows]

    async def held(
        self, models: Collection[str], *, after: str = "", most: int = 1000
    ) -> list[HeldKey]:
        """List keys of these models by id, from the one after `after` on."""
        rows = await self._run.rows(_HELD, models=to_json(sorted(models)), after=after, most=most)
        return [
            HeldKey(
                model=row[0],
                id=AuthenticatorId(row[1]),
                user_name=row[2],
                protected=bool(row[3]),
                label=row[4],
            )
            for row in rows
        ]

    async def models(self) -> dict[str, int]:
        """Count the keys of each model there is any of."""
        return {row[0]: row[1] for row in await self._run.rows(_MODELS)}

    async def any(self) -> bool:
        """Whether anybody has a key."""
        return await self._run.row(_ANY) is not None

    async def used(
        self, id_: AuthenticatorId, sign_count: int, at: datetime, *, backed_up: bool
    ) -> bool:
        """Note a use of a key; False where its count did not rise, as that of a copy does not."""
        risen = await self._run.changed(_USED, id=id_, sign_count=sign_count, backed_up=backed_up)
        if risen != 1:
            return False
        await self._run.changed(_TOUCH, id=id_, at=ms(at))
        return True

    async def spend(self, answered: SpentChallenge, now: datetime) -> bool:
        """Use a challenge up; False for everybody but the first, and where it is too old.

        One of the future was made by a clock that was wrong: it would count for far too long.
        Whose it is was read from it before (`crypto.key_challenges`).
        """
        if now >= answered.expires_at or answered.asked_at - now > CLOCK_BOUND:
            return False
        spent = await self._run.changed(
            _SPEND,
            challenge=answered.challenge,
            browser=answered.browser,
            flow=answered.flow,
            purpose=answered.purpose,
            asked_at=ms(answered.asked_at),
            asked=sortable(answered.asked_at),
            expires_at=ms(answered.expires_at),
            now=ms(now),
        )
        return spent == 1


def _passkey(row: Row) -> Passkey:
    return Passkey(
        id=AuthenticatorId(row[0]),
        account_id=AccountId(row[1]),
        credential_id=bytes(row[2]),
        public_key=bytes(row[3]),
        algorithm=row[4],
        sign_count=row[5],
        aaguid=row[6],
        transports=tuple(strings(row[7])),
        copied=bool(row[8]),
        backed_up=bool(row[9]),
        verifies=bool(row[10]),
        attestation=row[11],
        handle=bytes(row[12]),
    )
