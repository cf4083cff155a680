"""How people have arranged their tiles: one document for each person who has."""

from datetime import datetime
from typing import Final

import msgspec
import structlog

from portvakt.core.ids import AccountId
from portvakt.core.portal import NOTHING_CHOSEN, Choices
from portvakt.records.driver import Run
from portvakt.records.statements import Statement
from portvakt.records.values import ms, to_json

LARGEST: Final = 128 * 1024
"""Characters of one document."""

_LOAD: Final = Statement("SELECT doc FROM portal_choices WHERE account_id = :account_id")
_PUT: Final = Statement(
    """
    INSERT INTO portal_choices (account_id, doc, changed_at) VALUES (:account_id, :doc, :at)
    ON CONFLICT (account_id) DO UPDATE
    SET doc = excluded.doc, changed_at = excluded.changed_at
    """
)
_CHOICES: Final = msgspec.json.Decoder(Choices)

_log = structlog.get_logger("portvakt.records")


class PortalChoices:
    """`unit.portal_choices`."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def load(self, account_id: AccountId) -> Choices:
        """Read what a person has arranged; what cannot be read is as if they had not."""
        row = await self._run.row(_LOAD, account_id=account_id)
        if row is None:
            return NOTHING_CHOSEN
        try:
            return _CHOICES.decode(row[0])
        except msgspec.MsgspecError as error:
            _log.warning("portal_choices_broken", why=str(error))
            return NOTHING_CHOSEN

    async def put(self, account_id: AccountId, choices: Choices, at: datetime) -> bool:
        """Keep it in place of what was there; False, and nothing kept, where it is too large."""
        doc = to_json(choices)
        if len(doc) > LARGEST:
            return False
        await self._run.changed(_PUT, account_id=account_id, doc=doc, at=ms(at))
        return True
