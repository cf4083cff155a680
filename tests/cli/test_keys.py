"""`keys` and `rotate-keys`: new keys for old ones, while others read and write."""

import asyncio
import json
import os
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from portvakt.core.audit_chain import ChainKeys
from portvakt.core.ids import AuthenticatorId
from portvakt.crypto.key_file import WatchedKeys
from portvakt.crypto.randomness import SystemRandom
from portvakt.crypto.sealing import Sealer, key_id_of, new_key_line, read_master_keys
from portvakt.crypto.vapid import VapidKey
from portvakt.journeys.open_app.keys import KeyRing
from portvakt.proving.push_key import PushKey
from portvakt.records import Records, Unit, open_records
from portvakt.records.schema import metadata
from portvakt.records.sealed import PLACES, Place, SealedRow
from tests import make
from tests.cli.box import Box
from tests.records import a_phone
from tests.records.stored import person
from tests.records.test_drafts import DRAFT
from tests.records.test_hardware_tokens import token
from tests.records.test_outbox import MESSAGE

SECRET = b"a secret of twenty octets"
HASHES = {
    ("approvals", "browser"),
    ("approvals", "shown"),
    ("audit_batches", "link"),
    ("audit_batches", "macs"),
    ("audit_batches", "previous"),
    ("audit_removals", "link"),
    ("audit_removals", "mac"),
    ("codes", "mac"),
    ("flows", "binding"),
    ("icons", "content"),  # a picture that everybody sees
    ("key_challenges", "browser"),
    ("key_challenges", "challenge"),  # which every page that asks for a key shows
    ("passkeys", "credential_id"),
    ("passkeys", "handle"),  # what its owner is called in keys
    ("passkeys", "public_key"),
    ("phones", "credential_id"),
    ("phones", "credential_key"),
    ("resets", "binding"),
    ("revocation_lists", "content"),  # a list that an authority publishes
    ("seen_ids", "hash"),
    ("stored_requests", "hash"),
}
"""Columns of octets that nothing is sealed in, beside those that say so by their name."""


@pytest.fixture
def box(tmp_path: Path, database_url: str) -> Box:
    return Box.make(tmp_path, database_url)


def sealed_everywhere(box: Box) -> Sealer:
    """Put one envelope in each sealed column, and the keys that sign."""
    sealer = Sealer(WatchedKeys(box.key))

    def of(place: Place, row: str) -> bytes:
        return sealer.seal(SECRET, table=place.table, column=place.column, row=row)

    authenticators, drafts, devices, outbox, totp, subscription, _ = PLACES

    async def act(unit: Unit) -> None:
        await unit.people.upsert_many([person()])
        await unit.phones.add(a_phone.phone(), of(totp, a_phone.ID))
        await unit.phones.subscribe(a_phone.ID, of(subscription, a_phone.ID))
        mine = make.bound(make.TOTP)
        await unit.authenticators.bind(mine, sealed=of(authenticators, mine.id))
        await unit.hardware_tokens.add([token(1, sealed=of(devices, "t1"))])
        await unit.drafts.put(replace(DRAFT, sealed=of(drafts, DRAFT.id)))
        await unit.outbox.put(replace(MESSAGE, body=of(outbox, MESSAGE.id)))

    box.do(act)

    async def keys(records: Records) -> None:
        random = SystemRandom()
        await KeyRing(records=records, sealer=sealer, random=random).signer(box.now)
        await PushKey(records=records, sealer=sealer, random=random).key(box.now)

    in_records(box, keys)
    return sealer


def in_records(box: Box, work: object) -> None:
    async def main() -> None:
        records = await open_records(box.url, clock=lambda: box.now)
        try:
            await work(records)  # type: ignore[operator]  # a coroutine function
        finally:
            await records.close()

    asyncio.run(main())


def rows(box: Box) -> dict[Place, list[SealedRow]]:
    async def act(unit: Unit) -> dict[Place, list[SealedRow]]:
        return {place: await unit.sealed.after(place, "", 10_000) for place in PLACES}

    return box.do(act)


def used(box: Box) -> set[str]:
    return {key_id_of(each.envelope) for found in rows(box).values() for each in found}


def settle(box: Box) -> None:
    """Let the key file have been changed a while ago."""
    before = box.now.timestamp() - 120
    os.utime(box.key, (before, before))


def chained(box: Box) -> None:
    """Have the trail sealed with the current key."""
    keys = read_master_keys(box.key)
    chain = ChainKeys(keys.current, {each: keys.derive("audit", each) for each in keys.keys})

    async def act(unit: Unit) -> None:
        await unit.audit_chain.seal(chain, box.now, 1000)

    box.do(act)


def test_every_column_of_octets_is_sealed_or_known_not_to_be() -> None:
    octets = {
        (table.name, column.name)
        for table in metadata.tables.values()
        for column in table.columns
        if column.type.python_type is bytes and not column.name.endswith("_hash")
    }
    places = {(place.table, place.column) for place in PLACES}
    assert octets - HASHES == places
    for place in PLACES:
        assert [each.name for each in metadata.tables[place.table].primary_key] == [place.key]


def test_a134_everything_sealed_is_sealed_again_with_a_new_key(box: Box) -> None:
    running = sealed_everywhere(box)
    assert used(box) == {"k1"}
    answer = box.good("rotate-keys", "sealing")
    assert "k2 seals from now on" in answer.out
    assert "sealed again with k2: 11 rows" in answer.out
    assert used(box) == {"k2"}
    assert read_master_keys(box.key).founding == "k1"
    for place, found in rows(box).items():
        assert found, place
        for each in found:
            opened = running.open(
                each.envelope, table=place.table, column=place.column, row=each.row
            )
            assert opened == SECRET or place.table == "signing_keys"
    assert [each.name for each in box.events()[:1]] == ["key.sealing_made"]
    assert SECRET not in answer.out.encode()


def test_what_signs_and_what_push_services_know_us_by_are_the_same_after_it(box: Box) -> None:
    sealer = sealed_everywhere(box)
    found: list[tuple[list[str], VapidKey]] = []

    async def read(records: Records) -> None:
        random = SystemRandom()
        ring = KeyRing(records=records, sealer=sealer, random=random)
        push = PushKey(records=records, sealer=sealer, random=random)
        jwks = json.loads((await ring.signer(box.now)).jwks())["keys"]
        found.append((sorted(each["kid"] for each in jwks), await push.key(box.now)))

    in_records(box, read)
    box.good("rotate-keys", "sealing")
    in_records(box, read)
    assert found[0][0] == found[1][0]
    assert found[0][1].export() == found[1][1].export()


def test_keys_lists_what_seals_with_ages_and_rows(box: Box) -> None:
    box.key.write_text(new_key_line("k1"), encoding="ascii")
    sealed_everywhere(box)
    box.good("rotate-keys", "sealing", "--prepare")
    answer = box.good("keys", "--json").json
    assert [(e["id"], e["state"], e["founding"], e["rows"]) for e in answer["sealing"]] == [
        ("k2", "waits", False, 0),
        ("k1", "seals", True, 11),
    ]
    box.good("rotate-keys", "sealing")
    box.move(days=40)
    answer = box.good("keys", "--json").json
    assert answer["sealing"] == [
        {
            "id": "k2",
            "state": "seals",
            "founding": False,
            "made": "2026-11-22",
            "age_days": 40,
            "rows": 11,
        },
        {
            "id": "k1",
            "state": "opens",
            "founding": True,
            "made": None,
            "age_days": None,
            "rows": 0,
        },
    ]
    assert answer["damaged_rows"] == 0
    kinds = {(each["algorithm"], each["state"], each["age_days"]) for each in answer["signing"]}
    assert kinds == {
        ("ES256", "current", 40),
        ("ES256", "next", 40),
        ("RS256", "current", 40),
        ("RS256", "next", 40),
        ("VAPID", "current", 40),
    }
    text = box.good("keys").out
    assert re.search(r"^k2 +seals +2026-11-22 +40 d +11$", text, re.MULTILINE)
    assert re.search(r"^k1 +opens, founding +unknown +0$", text, re.MULTILINE)


def test_keys_tells_of_rows_that_nothing_opens(box: Box) -> None:
    sealed_everywhere(box)

    async def spoil(unit: Unit) -> None:
        lost = Sealer(read_master_keys(box.key))
        mine = make.bound(make.TOTP, id=AuthenticatorId("other"))
        other = lost.seal(b"x", table="t", column="c", row="r").replace(b"k1", b"k9", 1)
        await unit.authenticators.bind(mine, sealed=other)
        await unit.outbox.put(replace(MESSAGE, id="m2", idempotency_key="2", body=b"damaged"))

    box.do(spoil)
    answer = box.run("keys", "--json")
    assert answer.status == 1
    assert answer.json["damaged_rows"] == 1
    assert {(each["id"], each["state"]) for each in answer.json["sealing"]} == {
        ("k1", "seals"),
        ("k9", "missing"),
    }
    assert "damaged: 1" in box.run("keys").out
    turned = box.run("rotate-keys", "sealing")
    assert turned.status == 1
    assert "cannot be opened, and was left: authenticators.sealed of other" in turned.err
    assert "cannot be opened, and was left: outbox.body of m2" in turned.err
    assert "sealed again with k2: 11 rows" in turned.out


def test_who_writes_a_row_while_it_is_sealed_again_wins(box: Box) -> None:
    sealer = sealed_everywhere(box)
    place = PLACES[0]
    old = rows(box)[place][0]
    newer = sealer.seal(b"newer", table=place.table, column=place.column, row=old.row)

    async def act(unit: Unit) -> list[bool]:
        first = await unit.sealed.replace(place, old, newer)
        return [first, await unit.sealed.replace(place, old, old.envelope)]

    assert box.do(act) == [True, False]
    box.good("rotate-keys", "sealing")
    kept = rows(box)[place][0]
    assert sealer.open(kept.envelope, table=place.table, column=place.column, row=kept.row) == (
        b"newer"
    )


def test_an_old_key_is_retired_once_nothing_needs_it(box: Box) -> None:
    sealed_everywhere(box)
    box.good("rotate-keys", "sealing")
    settle(box)
    founding = box.run("rotate-keys", "sealing", "--retire", "k1")
    assert "k1 is the founding key" in founding.err
    sealer = Sealer(read_master_keys(box.key))
    box.good("rotate-keys", "sealing")
    early = box.run("rotate-keys", "sealing", "--retire", "k2")
    assert "less than a minute ago" in early.err
    settle(box)

    async def late(unit: Unit) -> None:
        body = sealer.seal(SECRET, table="outbox", column="body", row="m9")
        await unit.outbox.put(replace(MESSAGE, id="m9", idempotency_key="9", body=body))

    box.do(late)
    held = box.run("rotate-keys", "sealing", "--retire", "k2")
    assert held.status == 1
    assert "k2 still seals 1 rows" in held.err
    assert "first things first: 1 rows" in box.good("rotate-keys", "sealing").out
    settle(box)
    gone = box.good("rotate-keys", "sealing", "--retire", "k2")
    assert "keep a copy of the old file" in gone.out
    assert list(read_master_keys(box.key).keys) == ["k3", "k1"]
    assert box.events()[0].name == "key.sealing_retired"
    assert "no key k2" in box.run("rotate-keys", "sealing", "--retire", "k2").err


def test_a_key_that_the_audit_trail_is_verified_with_stays(box: Box) -> None:
    for _ in range(2):
        box.good("rotate-keys", "sealing")
        chained(box)
    box.good("rotate-keys", "sealing")
    settle(box)
    answer = box.run("rotate-keys", "sealing", "--retire", "k2")
    assert answer.status == 1
    assert "k2 stays: the audit trail has parts from its time" in answer.err
    assert "k2" in read_master_keys(box.key).keys


def test_a_key_stays_where_nobody_can_say_which_parts_of_the_trail_need_it(box: Box) -> None:
    """The oldest part was sealed by a key that is not in the file any more: k2 may be next."""
    box.good("rotate-keys", "sealing")
    chained(box)
    box.good("rotate-keys", "sealing")
    settle(box)
    lines = box.key.read_text(encoding="ascii").splitlines(keepends=True)
    k2 = next(line for line in lines if line.startswith("k2:"))
    box.key.write_text("".join(line for line in lines if line != k2), encoding="ascii")
    box.good("rotate-keys", "sealing")
    settle(box)
    answer = box.run("rotate-keys", "sealing", "--retire", "k3")
    assert answer.status == 1
    assert "k3 stays: k2, which seals the oldest part of the audit trail, is not in" in answer.err
    assert "k3" in read_master_keys(box.key).keys


def test_signing_keys_are_published_an_hour_before_they_sign(box: Box) -> None:
    sealed_everywhere(box)

    def states() -> dict[str, str]:
        listed = box.good("keys", "--json").json["signing"]
        return {each["id"]: each["state"] for each in listed if each["algorithm"] == "ES256"}

    first = states()
    early = box.run("rotate-keys", "signing")
    assert early.status == 1
    assert "published less than an hour ago" in early.err
    assert states() == first
    box.move(hours=1)
    box.good("rotate-keys", "signing")
    second = states()
    assert {kid: second[kid] for kid in first} == {
        kid: {"current": "retired", "next": "current"}[state] for kid, state in first.items()
    }
    assert box.run("rotate-keys", "signing").status == 1
    box.good("rotate-keys", "signing", "--at-once")
    box.now += timedelta(days=2)
    box.good("rotate-keys", "signing")
    assert not set(first) & set(states())


def test_f52_a_signing_key_that_has_leaked_is_withdrawn(box: Box) -> None:
    sealed_everywhere(box)
    listed = box.good("keys", "--json").json["signing"]
    key = next(each["id"] for each in listed if each["state"] == "current")
    told = box.good("rotate-keys", "signing", "--leaked", key).out
    assert f"{key} is published no more" in told
    assert key not in box.good("keys").out
    again = box.run("rotate-keys", "signing", "--leaked", key)
    assert again.status == 1
    assert "no signing key is called" in again.err


def test_what_does_not_go_together_is_refused(box: Box) -> None:
    for words in (
        ("sealing", "--leaked", "k1"),
        ("signing", "--prepare"),
        ("signing", "--retire", "k1"),
        ("sealing", "--at-once"),
        ("both",),
        (),
    ):
        assert box.run("rotate-keys", *words).status == 2
    box.good("rotate-keys", "sealing", "--prepare")
    assert "k2 waits already" in box.run("rotate-keys", "sealing", "--prepare").err
