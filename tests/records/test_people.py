from datetime import timedelta
from typing import Any

from portvakt.core.authenticators import AuthenticatorState
from portvakt.core.ids import AccountId
from portvakt.core.people import AccountState
from portvakt.core.roles import Role
from portvakt.records import StoredPerson, Unit
from tests import make
from tests.records.stored import opened, person, somebody, with_anna

BROWSER = b"b" * 32
BO = AccountId("bo")


def bo(**given: Any) -> StoredPerson:
    return person(
        **(
            {"id": BO, "external_id": "2", "user_name": "bo.ek", "email": "bo@region.example"}
            | given
        )
    )


async def test_a_person_is_found_by_user_name_and_by_address(database_url: str) -> None:
    async with with_anna(database_url) as records:
        for name in ("anna.berg", "anna.berg@region.example"):
            found = await records.read(lambda unit, name=name: unit.people.find(name))
            assert found is not None
            assert found.account == make.account(last_sign_in_at=None)
        assert await records.read(lambda unit: unit.people.find("anna")) is None


async def test_one_statement_reads_all_that_a_sign_in_needs(database_url: str) -> None:
    async def bind(unit: Unit) -> None:
        await unit.authenticators.bind(make.bound(make.PASSWORD), verifier="$argon2id$x")
        await unit.authenticators.bind(make.bound(make.TOTP), sealed=b"sealed", last_step=7)
        await unit.people.grant_role(make.ANNA, Role.ADMINISTRATOR, make.NOW, "cli")
        await unit.browsers.remember(make.ANNA, BROWSER, make.NOW)

    async with with_anna(database_url, bind) as records:
        before = records.counted
        found = await records.read(lambda unit: unit.people.find("anna.berg", BROWSER))
        assert records.counted == before + 1
        assert found is not None
        assert found.account.roles == {Role.ADMINISTRATOR}
        assert found.account.groups == {make.STAFF}
        assert found.known_browser
        password, totp = found.bound
        assert password.authenticator == make.bound(make.PASSWORD)
        assert password.verifier == "$argon2id$x"
        assert (totp.sealed, totp.last_step) == (b"sealed", 7)
        assert found == await records.read(lambda unit: unit.people.load(make.ANNA, BROWSER))


async def test_a_known_and_an_unknown_name_cost_the_same(database_url: str) -> None:
    async with with_anna(database_url) as records:
        costs = []
        for name in ("anna.berg", "nobody"):
            before = records.counted
            await records.read(lambda unit, name=name: unit.people.find(name, BROWSER))
            costs.append(records.counted - before)
        assert costs == [1, 1]


async def test_a_browser_is_known_to_the_person_who_signed_in_in_it(database_url: str) -> None:
    async def remember(unit: Unit) -> None:
        await unit.people.upsert_many([bo()])
        await unit.browsers.remember(make.ANNA, BROWSER, make.NOW)

    async with with_anna(database_url, remember) as records:
        for name, browser, known in (
            ("anna.berg", BROWSER, True),
            ("anna.berg", b"c" * 32, False),
            ("anna.berg", None, False),
            ("bo.ek", BROWSER, False),
        ):
            found = await records.read(
                lambda unit, name=name, browser=browser: unit.people.find(name, browser)
            )
            assert found is not None
            assert found.known_browser is known
        await records.write(lambda unit: unit.browsers.forget_all(make.ANNA, BROWSER))
        found = await records.read(lambda unit: unit.people.find("anna.berg", BROWSER))
        assert found is not None
        assert found.known_browser
        await records.write(lambda unit: unit.browsers.forget_all(make.ANNA))
        found = await records.read(lambda unit: unit.people.find("anna.berg", BROWSER))
        assert found is not None
        assert not found.known_browser


async def test_a119_a_name_that_two_people_have_finds_nobody(database_url: str) -> None:
    """Bo writes Anna's address into his own mail attribute."""
    async with with_anna(
        database_url, lambda unit: unit.people.upsert_many([bo(email="Anna.Berg@region.example")])
    ) as records:
        for name, whose in (
            ("anna.berg@region.example", None),
            ("anna.berg", make.ANNA),
            ("bo.ek", BO),
        ):
            found = await records.read(lambda unit, name=name: unit.people.find(name))
            assert (found.account.id if found else None) == whose


async def test_a_name_passes_to_a_successor_when_somebody_has_left(database_url: str) -> None:
    async with with_anna(database_url) as records:
        await records.write(lambda unit: unit.people.disable_many([make.ANNA], make.NOW))
        found = await records.read(lambda unit: unit.people.find("anna.berg"))
        assert found is not None
        assert found.account.state is AccountState.DISABLED
        await records.write(lambda unit: unit.people.upsert_many([bo(user_name="anna.berg")]))
        found = await records.read(lambda unit: unit.people.find("anna.berg"))
        assert found is not None
        assert found.account.id == BO


async def test_a125_letters_that_look_alike_are_other_letters(database_url: str) -> None:
    async with with_anna(database_url) as records:
        cyrillic = "\N{CYRILLIC SMALL LETTER A}nna.berg"
        assert await records.read(lambda unit: unit.people.find(cyrillic)) is None


async def test_the_welcome_window_is_used_once(database_url: str) -> None:
    async with with_anna(database_url) as records:
        used = [
            await records.write(lambda unit: unit.people.welcome_used(make.ANNA, make.NOW))
            for _ in range(2)
        ]
        assert used == [True, False]


async def test_roles_are_granted_once_and_taken_back(database_url: str) -> None:
    async def act(unit: Unit) -> list[bool]:
        role = Role.SUPPORT
        return [
            await unit.people.grant_role(make.ANNA, role, make.NOW, "cli"),
            await unit.people.grant_role(make.ANNA, role, make.NOW, "cli"),
            await unit.people.revoke_role(make.ANNA, role),
            await unit.people.revoke_role(make.ANNA, role),
        ]

    async with with_anna(database_url) as records:
        assert await records.write(act) == [True, False, True, False]


async def test_what_a_sign_in_changes_is_kept(database_url: str) -> None:
    async def act(unit: Unit) -> None:
        await unit.people.sign_in_noted(make.ANNA, make.NOW)
        await unit.people.set_language(make.ANNA, "en")
        await unit.people.invite(make.ANNA, make.NOW - timedelta(days=1))

    async with with_anna(database_url, act) as records:
        found = await records.read(lambda unit: unit.people.load(make.ANNA))
        assert found is not None
        assert found.account.last_sign_in_at == make.NOW
        assert found.account.language == "en"
        assert found.account.invited_at == make.NOW - timedelta(days=1)


async def test_a132_people_with_protected_identity_are_not_listed(database_url: str) -> None:
    people = [somebody(n, family_name=f"Namn{n:02}", protected=n % 3 == 0) for n in range(10)]
    async with opened(database_url) as records:
        await records.write(lambda unit: unit.people.upsert_many(people))
        listed = await records.read(lambda unit: unit.people.listed(include_protected=False))
        assert [each.family_name for each in listed] == [
            f"Namn{n:02}" for n in range(10) if n % 3 != 0
        ]
        everybody = await records.read(lambda unit: unit.people.listed(include_protected=True))
        assert len(everybody) == 10


async def test_a_list_is_read_page_by_page(database_url: str) -> None:
    people = [somebody(n, family_name="Berg", given_name=f"A{n % 3}") for n in range(7)]
    async with opened(database_url) as records:
        await records.write(lambda unit: unit.people.upsert_many(people))
        seen, last = [], None
        while True:
            page = await records.read(
                lambda unit, last=last: unit.people.listed(
                    include_protected=False, after=last, limit=3
                )
            )
            if not page:
                break
            seen += [each.id for each in page]
            last = page[-1]
        assert sorted(seen) == sorted(each.id for each in people)


async def test_an_account_without_methods_has_none(database_url: str) -> None:
    async with with_anna(database_url) as records:
        found = await records.read(lambda unit: unit.people.load(make.ANNA))
        assert found is not None
        assert found.bound == ()


async def test_what_is_bound_is_given_by_type_and_state(database_url: str) -> None:
    async def bind(unit: Unit) -> None:
        await unit.authenticators.bind(make.work_phone())
        await unit.authenticators.bind(
            make.bound(make.TOTP, state=AuthenticatorState.SUSPENDED), sealed=b"x"
        )

    async with with_anna(database_url, bind) as records:
        found = await records.read(lambda unit: unit.people.load(make.ANNA))
        assert found is not None
        assert [each.authenticator for each in found.active(make.SMS_CODE)] == [make.work_phone()]
        assert found.active(make.TOTP) == ()
        assert len(found.authenticators) == 2
