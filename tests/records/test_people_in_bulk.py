import time
from datetime import date

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.ids import AccountId, AuthenticatorId, GroupId
from portvakt.core.people import AccountState
from portvakt.records import SourcedPhone, StoredPerson, Unit
from tests import make
from tests.records.stored import opened, person, somebody, with_anna

MANY = 2_500  # more than two parts


def phone_of(each: StoredPerson) -> SourcedPhone:
    return SourcedPhone(
        id=AuthenticatorId(f"phone-{each.id}"),
        account_id=each.id,
        number=each.phone,
        label="Arbetstelefon",
    )


async def everything(unit: Unit, people: list[StoredPerson]) -> None:
    await unit.people.upsert_many(people)
    await unit.people.set_groups_many({each.id: each.groups for each in people}, "hr")
    await unit.authenticators.upsert_sourced_phones(
        [phone_of(each) for each in people], "hr", make.NOW
    )


async def test_many_people_are_read_as_they_were_written(database_url: str) -> None:
    people = [
        somebody(
            n,
            phone=f"+4670{n:07}" if n % 3 else "",
            protected=n % 50 == 0,
            start_date=date(2020, 1, 1) if n % 2 else None,
            manager="000001" if n else None,
            given_name="Åsa «Ö» 'Đ\"",
        )
        for n in range(MANY)
    ]
    async with opened(database_url) as records:
        for _ in range(2):  # again changes nothing
            await records.write(lambda unit: everything(unit, people))
            found = await records.read(lambda unit: unit.people.all_of_source("hr"))
            assert found == people
        one = await records.read(lambda unit: unit.people.find("user1"))
        assert one is not None
        assert [each.detail for each in one.authenticators] == ["+46700000001"]
        assert one.authenticators[0].source == "hr"


async def test_new_people_are_added_as_they_would_be_written(database_url: str) -> None:
    """Nothing of theirs is looked for, and everything is there afterwards."""
    people = [
        somebody(
            n,
            phone=f"+4670{n:07}" if n % 3 else "",
            protected=n % 50 == 0,
            start_date=date(2020, 1, 1) if n % 2 else None,
            state=AccountState.DISABLED if n % 7 == 0 else AccountState.ACTIVE,
            groups=frozenset({GroupId("akuten"), make.STAFF}),
            created_at=make.NOW,
        )
        for n in range(MANY)
    ]
    new = frozenset(each.id for each in people)

    async def add(unit: Unit) -> None:
        await unit.people.add_many([(each.id, each.facts) for each in people], "hr", make.NOW)
        groups = {each.id: each.groups for each in people}
        await unit.people.set_groups_many(groups, "hr", new=new)
        await unit.authenticators.upsert_sourced_phones(
            [phone_of(each) for each in people], "hr", make.NOW, new=new
        )

    async with opened(database_url) as records:
        await records.write(add)
        # three parts of each, the groups that are new, and that the configuration has changed
        assert records.counted <= 3 * (2 + 1 + 1) + 2
        found = await records.read(lambda unit: unit.people.all_of_source("hr"))
        assert found == people
        for name in ("user1", people[1].email):
            one = await records.read(lambda unit, name=name: unit.people.find(name))
            assert one is not None
            assert [each.detail for each in one.authenticators] == ["+46700000001"]
        await records.write(lambda unit: everything(unit, people))  # the same by the other way
        assert await records.read(lambda unit: unit.people.all_of_source("hr")) == people


async def test_many_people_cost_few_statements(database_url: str) -> None:
    people = [somebody(n) for n in range(MANY)]
    async with opened(database_url) as records:
        await records.write(lambda unit: everything(unit, people))
        assert records.counted <= 3 * (3 + 2 + 2) + 1


async def test_an_owner_changes_its_own_fields_and_keeps_the_rest(database_url: str) -> None:
    async def sign_in(unit: Unit) -> None:
        await unit.people.sign_in_noted(make.ANNA, make.NOW)
        await unit.people.set_language(make.ANNA, "en")

    async with with_anna(database_url, sign_in) as records:
        changed = person(family_name="Ek", user_name="anna.ek", created_at=make.NOW, unit="IT")
        await records.write(lambda unit: unit.people.upsert_many([changed]))
        found = await records.read(lambda unit: unit.people.find("anna.ek"))
        assert found is not None
        assert (found.account.family_name, found.account.unit) == ("Ek", "IT")
        assert found.account.created_at == make.account().created_at
        assert found.account.last_sign_in_at == make.NOW
        assert found.account.language == "en"
        assert found.account.groups == {make.STAFF}
        assert await records.read(lambda unit: unit.people.find("anna.berg")) is None


async def test_disabled_people_lose_their_sessions_and_what_apps_hold(database_url: str) -> None:
    async with with_anna(
        database_url, lambda unit: unit.sessions.open(make.session(), b"s" * 32)
    ) as records:
        disabled = await records.write(
            lambda unit: unit.people.disable_many([make.ANNA, AccountId("nobody")], make.NOW)
        )
        assert disabled == 1
        assert await records.read(lambda unit: unit.sessions.of(make.ANNA)) == []
        again = await records.write(lambda unit: unit.people.disable_many([make.ANNA], make.NOW))
        assert again == 0
        back = person(state=AccountState.ACTIVE)
        await records.write(lambda unit: unit.people.upsert_many([back]))
        found = await records.read(lambda unit: unit.people.load(make.ANNA))
        assert found is not None
        assert found.account.usable


async def test_each_source_takes_away_only_the_groups_it_gave(database_url: str) -> None:
    it, ward = GroupId("it"), GroupId("akuten")
    async with with_anna(database_url) as records:
        await records.write(
            lambda unit: unit.people.set_groups_many({make.ANNA: [it, make.STAFF]}, "apply")
        )
        await records.write(lambda unit: unit.people.set_groups_many({make.ANNA: [ward]}, "hr"))
        found = await records.read(lambda unit: unit.people.load(make.ANNA))
        assert found is not None
        assert found.account.groups == {it, make.STAFF, ward}
        await records.write(lambda unit: unit.people.set_groups_many({make.ANNA: []}, "apply"))
        found = await records.read(lambda unit: unit.people.load(make.ANNA))
        assert found is not None
        assert found.account.groups == {ward}


async def test_a_sourced_number_follows_its_source_and_nobody_elses(database_url: str) -> None:
    """The number that she added herself stays hers, even where HR comes to have the same."""

    async def numbers() -> set[tuple[str, str]]:
        found = await records.read(lambda unit: unit.people.load(make.ANNA))
        assert found is not None
        assert {each.type for each in found.authenticators} <= {AuthenticatorType.SMS_CODE}
        return {(each.detail, each.source) for each in found.authenticators}

    async def hr_has(number: str) -> None:
        phone = phone_of(person(phone=number))
        await records.write(
            lambda unit: unit.authenticators.upsert_sourced_phones([phone], "hr", make.NOW)
        )

    own = make.bound(make.SMS_CODE)
    async with with_anna(database_url, lambda unit: unit.authenticators.bind(own)) as records:
        await hr_has("+46701740699")
        assert await numbers() == {(own.detail, "self"), ("+46701740699", "hr")}
        await hr_has("+46701740698")
        assert await numbers() == {(own.detail, "self"), ("+46701740698", "hr")}
        await hr_has(own.detail)
        assert await numbers() == {(own.detail, "self")}
        await hr_has("")
        assert await numbers() == {(own.detail, "self")}


async def test_a_region_of_7400_is_written_in_seconds(database_url: str) -> None:
    """A guard against hanging at ten times the goal; the figures are in bench/."""
    people = [somebody(n, phone=f"+4670{n:07}") for n in range(7_400)]
    async with opened(database_url) as records:
        begun = time.monotonic()
        await records.write(lambda unit: everything(unit, people))
        assert time.monotonic() - begun < 20
