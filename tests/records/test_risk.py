"""What risk is found by, on both databases: one statement, and only what counts."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from portvakt.core.assurance import Aal
from portvakt.core.event import Event
from portvakt.core.events import (
    PhoneRequestDenied,
    PhoneRequestWrongNumber,
    SignInFailed,
    SignInSucceeded,
)
from portvakt.core.ids import AccountId, ApprovalId, AuthenticatorId, SessionId
from portvakt.core.risk import Finding, Looked, Tried
from portvakt.core.signals import Risk
from portvakt.records.risk import Seen
from portvakt.records.unit import Records, Unit
from tests import make
from tests.records.stored import opened, person, with_anna

PLACE, HERE, ELSEWHERE = "address:203.0.113.7", "203.0.113.7", "198.51.100.9"
NOW = make.NOW
BO = AccountId("bo")
FINDINGS = (
    Finding(Risk.NEW_COUNTRY, (("country", "NO"), ("before", "SE"), ("days", 90))),
    Finding(Risk.LEAKED_PASSWORD, ()),
)


def ago(**by: float) -> datetime:
    return NOW - timedelta(**by)


def signed_in(at: datetime, address: str | None, who: AccountId = make.ANNA) -> Event:
    return SignInSucceeded(
        at=at,
        account_id=who,
        address=address,
        session_id=SessionId("s"),
        app=None,
        methods=(make.PASSWORD,),
        aal=Aal.ONE,
        rules=(),
        networks=(),
        known_browser=False,
    )


def failed(at: datetime, reason: str = "wrong", **more: object) -> Event:
    fields = {"method": make.PASSWORD, "account_id": make.ANNA} | more
    return SignInFailed(at=at, reason=reason, **fields)  # type: ignore[arg-type]  # one per test


def said_no(
    at: datetime, request: str, kind: type[PhoneRequestDenied | PhoneRequestWrongNumber]
) -> Event:
    return kind(
        at=at,
        account_id=make.ANNA,
        authenticator_id=AuthenticatorId("phone"),
        request=ApprovalId(request),
        purpose="sign_in",
        app="",
    )


async def seen(records: Records, *, least: int = 1) -> Seen:
    before = records.counted
    found: Seen = await records.read(
        lambda unit: unit.risk.seen(
            make.ANNA,
            place=PLACE,
            address=HERE,
            lately=ago(hours=1),
            since=ago(days=90),
            recently=ago(days=1),
            least=least,
        )
    )
    assert records.counted - before == 1
    return found


async def write(records: Records, events: Sequence[Event]) -> None:
    async def act(unit: Unit) -> None:
        for each in events:
            await unit.audit.write(each)

    await records.write(act)


async def wrong(records: Records, subject: str, at: datetime, address: str = HERE) -> None:
    place = f"address:{address}"
    await records.write(lambda unit: unit.risk.note_wrong(place, subject, address, at))


async def test_where_nothing_happened_nothing_is_seen(database_url: str) -> None:
    async with opened(database_url) as records:
        assert await seen(records) == Seen(
            signed_in=(), wrong=(), refused=(), tried=Tried(people=0, got_in=0)
        )


async def test_of_a_person_only_what_counts_is_read(database_url: str) -> None:
    async with opened(database_url) as records:
        events = (
            signed_in(ago(days=91), ELSEWHERE),
            signed_in(ago(days=89), HERE),
            signed_in(ago(days=50), ELSEWHERE),
            signed_in(ago(days=40), ELSEWHERE),
            signed_in(ago(days=1), None),
            signed_in(ago(days=1), HERE, BO),
            failed(ago(hours=25)),
            failed(ago(hours=3)),
            failed(ago(hours=2), "unreadable"),
            failed(ago(hours=2), method=make.TOTP),
            failed(ago(hours=1), account_id=BO),
            said_no(ago(hours=2), "one", PhoneRequestDenied),
            said_no(ago(hours=1), "two", PhoneRequestWrongNumber),
        )
        await write(records, events)
        found = await seen(records)
        last = {(ago(days=1), None), (ago(days=89), HERE), (ago(days=40), ELSEWHERE)}
        assert set(found.signed_in) == last
        assert len(found.signed_in) == len(last)
        assert found.wrong == (ago(hours=3),)
        assert found.refused == ((ago(hours=1), "two"), (ago(hours=2), "one"))


async def test_others_are_counted_who_were_tried_here_lately_and_have_not_got_in(
    database_url: str,
) -> None:
    async with opened(database_url) as records:
        bo = person(id=BO, external_id="2", user_name="bo", email="bo@region.example")
        await records.write(lambda unit: unit.people.upsert_many([bo]))
        await wrong(records, make.ANNA, ago(minutes=5))  # their own
        await wrong(records, BO, ago(minutes=30))
        await wrong(records, "name:0123", ago(minutes=4))
        await wrong(records, "late", ago(minutes=61))
        await wrong(records, "other", ago(minutes=5), ELSEWHERE)
        assert (await seen(records)).tried == Tried(people=2, got_in=0)
        await wrong(records, "late", ago(minutes=1))
        assert (await seen(records)).tried.people == 3
        for id_, address, minutes in (("a", ELSEWHERE, 20), ("b", HERE, 40), ("c", HERE, 10)):
            session = make.session(
                id=SessionId(id_), account_id=BO, address=address, created_at=ago(minutes=minutes)
            )
            await records.write(lambda unit: unit.sessions.open(session, b"x" * 32))  # noqa: B023
            people = 2 if id_ == "c" else 3
            assert (await seen(records)).tried.people == people
        assert (await seen(records)).tried == Tried(people=2, got_in=1)
        assert (await seen(records, least=3)).tried == Tried(people=2, got_in=0)


async def test_the_statement_is_answered_by_the_index_of_few_events(sqlite_url: str) -> None:
    async with opened(sqlite_url) as records:
        events = [failed(ago(hours=1)) for _ in range(3)]
        await write(records, events)
        assert len((await seen(records)).wrong) == 3
    import sqlite3  # noqa: PLC0415 - this test alone looks into the file

    from portvakt.records.risk import _SEEN  # noqa: PLC0415 - its plan is what matters

    with sqlite3.connect(sqlite_url.removeprefix("sqlite:///")) as connection:
        values = dict.fromkeys(
            ("place", "lately", "account_id", "least", "address", "since", "recently", "most"),
            "1",
        )
        rows = connection.execute(f"EXPLAIN QUERY PLAN {_SEEN.sqlite}", values)
        plan = "\n".join(row[3] for row in rows)
    assert plan.count("ix_events_risk") == 2
    assert "SCAN events" not in plan


async def test_what_was_found_stays_with_the_sign_in_and_with_the_session(
    database_url: str,
) -> None:
    async with with_anna(database_url) as records:
        looked = Looked(findings=FINDINGS, been_here=True)
        for risk in (None, Looked(), looked):
            flow = make.sign_in(risk=risk, id=f"flow{risk is None}{risk == looked}")
            await records.write(lambda unit: unit.flows.start(flow, b"b" * 32))  # noqa: B023
            loaded = await records.read(
                lambda unit: unit.flows.load(flow.id, b"b" * 32, NOW)  # noqa: B023
            )
            assert loaded is not None
            assert loaded[0].risk == risk
        session = make.session(risk=FINDINGS)
        await records.write(lambda unit: unit.sessions.open(session, b"x" * 32))
        [stored] = await records.read(lambda unit: unit.sessions.of(make.ANNA))
        assert stored.risk == FINDINGS


async def test_wrong_passwords_of_yesterday_are_swept(database_url: str) -> None:
    async with opened(database_url) as records:
        await wrong(records, "old", ago(hours=25))
        await wrong(records, "new", ago(hours=23))
        assert await records.write(lambda unit: unit.expired.sweep(NOW)) == 1
        assert await records.write(lambda unit: unit.expired.sweep(NOW)) == 0
