"""Records to test with, and people in them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from portvakt.core.ids import AccountId, GroupId
from portvakt.core.people import AccountState
from portvakt.records import Records, StoredPerson, Unit, open_records
from tests import make


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Records]:
    """Open the records at a URL, with a clock that stands still."""
    records = await open_records(url, clock=lambda: make.NOW)
    try:
        yield records
    finally:
        await records.close()


@asynccontextmanager
async def with_anna(url: str, *acts: Callable[[Unit], Awaitable[Any]]) -> AsyncIterator[Records]:
    """Open records in which Anna is, and what the acts put there."""

    async def put(unit: Unit) -> None:
        await unit.people.upsert_many([person()])
        await unit.people.set_groups_many({make.ANNA: [make.STAFF]}, "hr")
        for act in acts:
            await act(unit)

    async with opened(url) as records:
        await records.write(put)
        yield records


def person(**given: Any) -> StoredPerson:
    """Anna Berg as HR knows her, or somebody else."""
    account = make.account()
    fields: dict[str, Any] = {
        "id": make.ANNA,
        "source": "hr",
        "external_id": account.external_id,
        "user_name": account.user_name,
        "email": account.email,
        "given_name": account.given_name,
        "family_name": account.family_name,
        "state": AccountState.ACTIVE,
        "title": account.title,
        "unit": account.unit,
        "created_at": account.created_at,
    }
    return StoredPerson(**(fields | given))


def somebody(number: int, **given: Any) -> StoredPerson:
    """One of many."""
    return person(
        **(
            {
                "id": AccountId(f"id{number}"),
                "external_id": f"{number:06}",
                "user_name": f"user{number}",
                "email": f"user{number}@region.example",
                "groups": frozenset({GroupId("alla"), GroupId(f"enhet-{number % 16}")}),
            }
            | given
        )
    )
