"""The facts that a rule may look at."""

from dataclasses import dataclass
from datetime import datetime

from portvakt.core.ids import AccountId, ClientId, GroupId, NetworkId


@dataclass(frozen=True, slots=True)
class Signals:
    """Who, towards which app, from where, when. What is not known counts as outside."""

    account_id: AccountId
    groups: frozenset[GroupId]
    app: ClientId | None
    """None is our own pages, which rules call "portvakt"."""
    networks: frozenset[NetworkId]
    """The named networks that the client's address is in."""
    address_known: bool
    at: datetime
