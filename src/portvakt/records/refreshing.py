"""Refresh tokens: one row for each family, whose token is another after every use.

A token is the secret of its family and a secret of its own (`core.refresh`), so whoever brings one
that was used before is known for what they are, and nothing has to be kept of the tokens before.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from portvakt.core.ids import GrantId
from portvakt.records.driver import Run
from portvakt.records.statements import Statement
from portvakt.records.values import ms

_BEGIN: Final = Statement(
    """
    INSERT INTO refresh_tokens (family_hash, grant_id, token_hash, generation, rotated_at, bound_to)
    VALUES (:family_hash, :grant_id, :token_hash, 1, :now, :bound_to)
    """
)
_ROTATE: Final = Statement(
    """
    UPDATE refresh_tokens SET token_hash = :new_hash, generation = generation + 1, rotated_at = :now
    WHERE family_hash = :family_hash AND token_hash = :token_hash
        AND (bound_to IS NULL OR bound_to = :bound_to)
    RETURNING grant_id
    """
)
_WHOSE: Final = Statement(
    "SELECT grant_id, token_hash FROM refresh_tokens WHERE family_hash = :hash"
)


@dataclass(frozen=True, slots=True)
class Rotated:
    """The token counted, and the next one does from now on."""

    grant_id: GrantId


@dataclass(frozen=True, slots=True)
class UsedBefore:
    """The token was one of this family and is no more (RFC 9700 section 4.14.2)."""

    grant_id: GrantId


@dataclass(frozen=True, slots=True)
class AnothersKey:
    """The token counts, for whoever has its key."""

    grant_id: GrantId


class RefreshTokens:
    """`unit.refresh_tokens`. Whether the grant stands is for `unit.grants` to say."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def begin(
        self,
        family_hash: bytes,
        token_hash: bytes,
        grant_id: GrantId,
        now: datetime,
        *,
        bound_to: str | None = None,
    ) -> None:
        """Begin a family, by the hashes of its secret and of its first token's.

        `bound_to` names the key without which none of its tokens counts.
        """
        await self._run.changed(
            _BEGIN,
            family_hash=family_hash,
            grant_id=grant_id,
            token_hash=token_hash,
            now=ms(now),
            bound_to=bound_to,
        )

    async def rotate(
        self,
        family_hash: bytes,
        token_hash: bytes,
        new_hash: bytes,
        now: datetime,
        bound_to: str | None = None,
    ) -> Rotated | UsedBefore | AnothersKey | None:
        """Put the next token in place of this one; None where there is no such family.

        `bound_to` names the key that was shown to be the caller's. The one statement decides who of
        many comes first; the others find it used.
        """
        row = await self._run.row(
            _ROTATE,
            family_hash=family_hash,
            token_hash=token_hash,
            new_hash=new_hash,
            now=ms(now),
            bound_to=bound_to,
        )
        if row is not None:
            return Rotated(GrantId(row[0]))
        row = await self._run.row(_WHOSE, hash=family_hash)
        if row is None:
            return None
        counts = bytes(row[1]) == token_hash
        return AnothersKey(GrantId(row[0])) if counts else UsedBefore(GrantId(row[0]))

    async def look(self, family_hash: bytes, token_hash: bytes) -> GrantId | None:
        """Return the grant of a token that counts now."""
        row = await self._run.row(_WHOSE, hash=family_hash)
        return GrantId(row[0]) if row is not None and bytes(row[1]) == token_hash else None

    async def whose(self, family_hash: bytes) -> GrantId | None:
        """Return the grant of a family, whichever of its tokens was brought."""
        row = await self._run.row(_WHOSE, hash=family_hash)
        return None if row is None else GrantId(row[0])
