"""What is told of a person is everything but secrets, and what is erased is everything."""

from sqlalchemy import Boolean

from portvakt.records.personal_data import INSTANTS, JSON, KEYS, TOLD, TRUTHS
from portvakt.records.schema import metadata
from portvakt.records.schema_parts import Instant
from tests import make
from tests.records.stored import opened, person, with_anna

UNTOLD = {
    "authenticators": {"account_id", "verifier", "sealed", "last_step"},
    "phones": {
        "account_id",
        "jwk",
        "totp",
        "credential_id",
        "credential_key",
        "sign_count",
        "subscription",
    },
    "break_glass": {"account_id", "link_hash"},
    "hardware_tokens": {"account_id", "sealed", "last_step"},
    "sessions": {"account_id", "secret_hash", "browser_hash", "version"},
    "browsers": {"account_id", "browser_hash"},
    "known_browsers": {
        "account_id",
        "family_hash",
        "secret_hash",
        "before_hash",
        "browser_hash",
    },
    "grants": {
        "account_id",
        "code_hash",
        "code_expires_at",
        "code_spent_at",
        "code_challenge",
        "nonce",
        "dpop_jkt",
    },
    "outbox": {
        "account_id",
        "body",
        "not_after",
        "idempotency_key",
        "tries",
        "maybe_sent",
        "due_at",
        "receipt",
    },
    "passkeys": {"account_id", "credential_id", "public_key", "sign_count", "handle"},
    "password_memory": {"id", "account_id", "verifier"},
    "attempts": {"subject"},
    "wrong_from": {"subject"},
    "events": {"account_id", "salt", "seq", "erased"},
}
"""Secrets, what one is compared with, and numbers that only our own code has a use for."""
PASSING = {"flows", "codes", "drafts", "pairings", "approvals", "resets", "vouches", "freeze_links"}
"""What is under way: it ends by itself within minutes or days, and goes with the account."""


def test_every_column_about_a_person_is_told_or_left_out_for_a_reason() -> None:
    for table in metadata.sorted_tables:
        names = set(table.columns.keys())
        about = names & {"account_id", "voucher_id"} or table.name in KEYS
        if not about or table.name in PASSING:
            assert table.name not in TOLD
            continue
        untold = UNTOLD.get(table.name, {"account_id"} & names)
        assert set(TOLD[table.name]) | untold == names, table.name
        assert not set(TOLD[table.name]) & untold


def test_columns_are_read_as_what_they_are() -> None:
    for name, told in TOLD.items():
        for column in told:
            kind = metadata.tables[name].columns[column].type
            is_instant = column.endswith("_at") or column in INSTANTS
            number = column == "id" and name == "events"
            assert (isinstance(kind, Instant) and not number) == is_instant, (name, column)
            assert isinstance(kind, Boolean) == (column in TRUTHS)
    assert all(column in TOLD[name] for name, column in JSON)


def test_what_is_forgotten_but_has_no_tie_to_the_account_is_the_trail_alone() -> None:
    """Every other row that names an account goes with it, lets it go, or is removed beside it."""
    tied = {
        table.name
        for table in metadata.sorted_tables
        for key in table.foreign_keys
        if key.column.table.name == "accounts" and key.ondelete in {"CASCADE", "SET NULL"}
    }
    named = {table.name for table in metadata.sorted_tables if "account_id" in table.columns}
    assert named - tied == {"events", "outbox"}


async def test_somebody_who_is_forgotten_leaves_nothing_and_others_everything(
    database_url: str,
) -> None:
    bo = person(id="bo", external_id="000018", user_name="bo.astrom", email="bo@region.example")
    totp = make.bound(make.TOTP)
    async with with_anna(
        database_url,
        lambda unit: unit.people.upsert_many([bo]),
        lambda unit: unit.authenticators.bind(totp),
        lambda unit: unit.sessions.open(make.session(), b"s" * 32),
    ) as records:
        found = await records.read(lambda unit: unit.personal_data.everything(make.ANNA))
        assert found["accounts"][0]["user_name"] == "anna.berg"
        assert found["accounts"][0]["protected"] is False
        assert found["accounts"][0]["created_at"] == make.account().created_at
        assert [each["type"] for each in found["authenticators"]] == ["totp"]
        assert found["sessions"][0]["evidence"][0]["type"] == "password"
        assert {each["value"] for each in found["identifiers"]} >= {"anna.berg"}
        await records.write(lambda unit: unit.personal_data.forget(make.ANNA))
    async with opened(database_url) as records:
        found = await records.read(lambda unit: unit.personal_data.everything(make.ANNA))
        assert not any(found.values())
        assert await records.read(lambda unit: unit.people.by_external_id("hr", "000018")) == "bo"
