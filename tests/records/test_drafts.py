from datetime import timedelta

from portvakt.core.ids import AccountId, SessionId
from portvakt.records import Draft
from tests import make
from tests.records.stored import with_anna

DRAFT = Draft(
    id="draft",
    account_id=make.ANNA,
    session_id=SessionId("s"),
    type=make.TOTP,
    sealed=b"sealed",
    detail="",
    created_at=make.NOW,
    expires_at=make.NOW + timedelta(minutes=10),
)
SESSION = SessionId("s")


async def test_a045_a_draft_is_taken_once_by_its_own_session_in_time(database_url: str) -> None:
    async with with_anna(database_url, lambda unit: unit.drafts.put(DRAFT)) as records:
        assert (
            await records.read(lambda unit: unit.drafts.load("draft", make.ANNA, SESSION, make.NOW))
            == DRAFT
        )
        for account, session, at in (
            (AccountId("bo"), SESSION, make.NOW),
            (make.ANNA, SessionId("other"), make.NOW),
            (make.ANNA, SESSION, DRAFT.expires_at),
        ):
            assert (
                await records.write(
                    lambda unit, a=account, s=session, t=at: unit.drafts.spend("draft", a, s, t)
                )
                is None
            )
        taken = [
            await records.write(
                lambda unit: unit.drafts.spend("draft", make.ANNA, SESSION, make.NOW)
            )
            for _ in range(2)
        ]
        assert taken == [DRAFT, None]


async def test_a045_a_draft_is_not_offered_and_expires(database_url: str) -> None:
    async with with_anna(database_url, lambda unit: unit.drafts.put(DRAFT)) as records:
        found = await records.read(lambda unit: unit.people.load(make.ANNA))
        assert found is not None
        assert found.bound == ()
        assert (
            await records.read(
                lambda unit: unit.drafts.load("draft", make.ANNA, SESSION, DRAFT.expires_at)
            )
            is None
        )


async def test_a_seed_is_not_shown() -> None:
    assert "sealed" not in repr(DRAFT)
