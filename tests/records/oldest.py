"""A database as the first landed program left it: tables of version 0002, full of people."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from typing import Any

import asyncpg

from portvakt.crypto.sealing import Sealer
from portvakt.records.migrate import upgrade_statements
from portvakt.records.values import ms, to_json

VERSION = "0002"
STAFF = "all-staff"
_PART = 2_000
Row = dict[str, Any]


def fill(url: str, people: int, sealer: Sealer, phc: str, secret: bytes, at: datetime) -> None:
    """Make the tables and put people there: two names, a password, an app, a group, two events.

    The first is anna.berg. All have the password that `phc` was made of, and apps with `secret`.
    """
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            for statement in upgrade_statements("sqlite", None, VERSION):
                connection.execute(statement)
            for table, rows in parts(people, sealer, phc, secret, ms(at)):
                columns, marks = ", ".join(rows[0]), ", ".join(f":{name}" for name in rows[0])
                connection.executemany(
                    f'INSERT INTO "{table}" ({columns}) VALUES ({marks})',  # noqa: S608 - ours
                    rows,
                )
            connection.commit()
    else:
        asyncio.run(_fill(url, people, sealer, phc, secret, ms(at)))


async def _fill(url: str, people: int, sealer: Sealer, phc: str, secret: bytes, at: int) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in upgrade_statements("postgresql", None, VERSION):
            await connection.execute(statement)
        for table, rows in parts(people, sealer, phc, secret, at):
            await connection.copy_records_to_table(
                table, records=[tuple(row.values()) for row in rows], columns=list(rows[0])
            )
    finally:
        await connection.close()


def parts(
    people: int, sealer: Sealer, phc: str, secret: bytes, at: int
) -> Iterator[tuple[str, list[Row]]]:
    """Yield tables with some of their rows, what others belong to first; `at` is ms."""
    yield "groups", [{"id": STAFF, "owner": "hr"}]
    for first in range(0, people, _PART):
        numbers = range(first, min(first + _PART, people))
        yield "accounts", [_account(n, at) for n in numbers]
        yield "identifiers", [row for n in numbers for row in _identifiers(n)]
        member = {"group_id": STAFF, "source": "hr"}
        yield "memberships", [{"account_id": f"id{n}"} | member for n in numbers]
        yield (
            "authenticators",
            [row for n in numbers for row in (_password(n, phc, at), _app(n, sealer, secret, at))],
        )
        yield "events", [row for n in numbers for row in _events(n, at)]


def user_name(n: int) -> str:
    return f"user{n}" if n else "anna.berg"


def _account(n: int, at: int) -> Row:
    return {
        "id": f"id{n}",
        "source": "hr",
        "external_id": f"{n:06}",
        "user_name": user_name(n),
        "email": f"{user_name(n)}@region.example",
        "given_name": "Anna",
        "family_name": "Berg",
        "state": "active",
        "title": "Sjuksköterska",
        "unit": "Akuten Gävle",
        "manager": None,
        "work_phone": "",
        "protected": False,
        "language": None,
        "created_at": at,
        "start_date": None,
        "invited_at": None,
        "welcome_used_at": None,
        "last_sign_in_at": at,
        "disabled_at": None,
    }


def _identifiers(n: int) -> list[Row]:
    name = user_name(n)
    return [{"value": each, "account_id": f"id{n}"} for each in (name, f"{name}@region.example")]


def _password(n: int, phc: str, at: int) -> Row:
    return _authenticator(n, "password", at) | {"verifier": phc}


def _app(n: int, sealer: Sealer, secret: bytes, at: int) -> Row:
    row = _authenticator(n, "totp", at)
    sealed = sealer.seal(secret, table="authenticators", column="sealed", row=row["id"])
    return row | {"sealed": sealed}


def _authenticator(n: int, kind: str, at: int) -> Row:
    return {
        "id": f"{kind}{n}",
        "account_id": f"id{n}",
        "type": kind,
        "state": "active",
        "label": "",
        "source": "self",
        "detail": "",
        "preferred": False,
        "verifier": None,
        "sealed": None,
        "last_step": None,
        "created_at": at,
        "changed_at": at,
        "last_used_at": None,
        "expires_at": None,
    }


def _events(n: int, at: int) -> list[Row]:
    told = {
        "person.created": {"source": "hr"},
        "method.added": {
            "authenticator_id": f"totp{n}",
            "type": "totp",
            "source": "self",
            "basis": "session",
            "label": "Telefon",
        },
    }
    return [
        {
            "at": at,
            "name": name,
            "account_id": f"id{n}",
            "actor": "self",
            "request_id": "",
            "address": None,
            "detail": to_json(detail),
            "trace": None,
        }
        for name, detail in told.items()
    ]
