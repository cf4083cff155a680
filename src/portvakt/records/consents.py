"""What people have let apps know that are not the organisation's own."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from portvakt.core.ids import AccountId, ClientId
from portvakt.records.driver import Run
from portvakt.records.statements import Statement
from portvakt.records.values import instant, ms, to_json

_GIVE: Final = Statement(
    """
    INSERT INTO consents (account_id, client_id, scope, given_at)
    VALUES (:account_id, :client_id, :scope, :at)
    ON CONFLICT (account_id, client_id) DO UPDATE
    SET scope = excluded.scope, given_at = excluded.given_at
    """
)
_OF: Final = Statement(
    "SELECT client_id, scope, given_at FROM consents WHERE account_id = :account_id"
)
_TAKE_BACK: Final = Statement(
    "DELETE FROM consents WHERE account_id = :account_id AND client_id = :client_id"
)
_TAKE_BACK_SINCE: Final = Statement(
    "DELETE FROM consents WHERE account_id = :account_id AND given_at >= :since"
)
_FORGET_APPS: Final = Statement("DELETE FROM consents WHERE client_id {among:client_ids}")


@dataclass(frozen=True, slots=True)
class Consent:
    """What one app may know of one person, because they said so."""

    client_id: ClientId
    scope: tuple[str, ...]
    given_at: datetime


class Consents:
    """`unit.consents`."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def give(
        self, account_id: AccountId, client_id: ClientId, scope: Collection[str], at: datetime
    ) -> None:
        """Keep what a person has said yes to; it replaces what they said before."""
        await self._run.changed(
            _GIVE, account_id=account_id, client_id=client_id, scope=" ".join(scope), at=ms(at)
        )

    async def of(self, account_id: AccountId) -> tuple[Consent, ...]:
        """List what a person has said yes to, by app."""
        rows = await self._run.rows(_OF, account_id=account_id)
        return tuple(
            Consent(ClientId(client_id), tuple(scope.split()), instant(at))
            for client_id, scope, at in sorted(rows)
        )

    async def take_back(self, account_id: AccountId, client_id: ClientId) -> bool:
        """Forget it; False where there was none."""
        return await self._run.changed(_TAKE_BACK, account_id=account_id, client_id=client_id) == 1

    async def take_back_since(self, account_id: AccountId, since: datetime) -> int:
        """Forget what was said then or later; returns to how many apps that was."""
        return await self._run.changed(_TAKE_BACK_SINCE, account_id=account_id, since=ms(since))

    async def forget_apps(self, client_ids: Iterable[ClientId]) -> int:
        """Forget what was said to apps that are no more what they were; returns how many that was.

        Another app under the name of one that was taken away asks for itself.
        """
        ids = to_json(sorted(client_ids))
        return await self._run.changed(_FORGET_APPS, client_ids=ids)
