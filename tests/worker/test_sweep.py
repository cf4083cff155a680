"""What has expired is removed, and nothing else is."""

from datetime import timedelta

from portvakt.core.throttle import LIMITS, Familiarity, Kind
from portvakt.records import Code, Unit
from tests import make
from tests.records.stored import opened, with_anna

DAY = timedelta(days=1)


async def test_what_has_expired_goes_and_what_has_not_stays(database_url: str) -> None:
    flow = make.sign_in()
    code = Code(
        id="c",
        flow="f",
        account_id=make.ANNA,
        authenticator_id=None,
        purpose="sign_in",
        mac=b"m",
        created_at=make.NOW,
        expires_at=make.NOW + timedelta(minutes=5),
    )

    async def put(unit: Unit) -> None:
        await unit.flows.start(flow, b"b")
        await unit.codes.issue(code)
        await unit.browsers.remember(make.ANNA, b"known", make.NOW)

    async with with_anna(database_url, put) as records:
        for after, gone in (
            (timedelta(), 0),
            (timedelta(hours=2), 2),
            (timedelta(hours=3), 0),
            (399 * DAY, 0),
            (401 * DAY, 1),
        ):
            at = make.NOW + after
            assert await records.write(lambda unit, at=at: unit.expired.sweep(at)) == gone


async def test_wrong_answers_in_a_row_are_remembered_until_a_right_one(database_url: str) -> None:
    kind = Kind.TOTP
    limit = LIMITS[kind]

    async def fail(unit: Unit) -> int:
        count = await unit.attempts.count(
            make.ANNA, kind, Familiarity.ANY, limit, make.NOW + 30 * DAY
        )
        return count.total

    async with opened(database_url) as records:
        for _ in range(3):
            await records.write(
                lambda unit: unit.attempts.count(make.ANNA, kind, Familiarity.ANY, limit, make.NOW)
            )
        await records.write(
            lambda unit: unit.attempts.count(
                "192.0.2.1", Kind.ADDRESS, Familiarity.ANY, LIMITS[Kind.ADDRESS], make.NOW
            )
        )
        at = make.NOW + 30 * DAY
        assert await records.write(lambda unit: unit.expired.sweep(at)) == 1
        assert await records.write(fail) == 4
