from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import timedelta
from typing import Any

from portvakt.core.ids import ClientId, GroupId, NetworkId, RuleId
from portvakt.core.method_rules import MethodEntry
from portvakt.core.policy import Require, RuleState
from portvakt.proving.rules import Rules
from portvakt.records import Unit
from tests import make
from tests.records.stored import opened, with_anna

APP = make.app(secret_hash=b"h" * 32, client_uri="https://shop.region.example/å")
RULE = make.rule(networks_not={make.LAN}, groups={make.STAFF}, apps={make.SHOP})


async def put(unit: Unit) -> None:
    await unit.configuration.put_groups([make.STAFF, GroupId("it")], "apply")
    await unit.configuration.put_networks([make.network()], "apply")
    await unit.configuration.put_rules([RULE], "apply")
    await unit.configuration.put_apps([APP], "apply")


async def test_one_statement_reads_what_was_put(database_url: str) -> None:
    async with opened(database_url) as records:
        for _ in range(2):  # again changes nothing
            await records.write(put)
            before = records.counted
            found = await records.read(lambda unit: unit.configuration.load())
            assert records.counted == before + 1
            assert found.groups == {make.STAFF, GroupId("it")}
            assert found.networks == (make.network(),)
            assert found.rules == (RULE,)
            assert found.apps == (APP,)
            assert found.app("shop") == APP
            assert found.app("other") is None
            assert found.owners["rule", RULE.id] == "apply"


async def test_what_changes_is_written_over(database_url: str) -> None:
    rule = replace(RULE, state=RuleState.OFF, require=Require.BLOCK, reason={"sv": "Nej."})

    async def change(unit: Unit) -> None:
        await unit.configuration.put_networks([make.network(name="Nät", addresses=())], "apply")
        await unit.configuration.put_rules([rule], "apply")
        await unit.configuration.put_apps([replace(APP, client_name="Annan")], "apply")

    async with opened(database_url) as records:
        await records.write(put)
        await records.write(change)
        found = await records.read(lambda unit: unit.configuration.load())
        assert found.networks[0].name == "Nät"
        assert found.rules == (rule,)
        assert found.apps[0].client_name == "Annan"


async def test_another_owner_changes_and_removes_nothing(database_url: str) -> None:
    async def meddle(unit: Unit) -> int:
        of = unit.configuration
        await of.put_networks([make.network(name="Mitt")], "console")
        await of.put_rules([replace(RULE, state=RuleState.OFF)], "console")
        await of.put_apps([replace(APP, client_name="Mitt")], "console")
        return (
            await of.remove_groups([make.STAFF], "console")
            + await of.remove_networks([make.LAN], "console")
            + await of.remove_rules([RULE.id], "console")
            + await of.remove_apps([make.SHOP], "console")
        )

    async with opened(database_url) as records:
        await records.write(put)
        before = await records.read(lambda unit: unit.configuration.load())
        assert await records.write(meddle) == 0
        assert await records.read(lambda unit: unit.configuration.load()) == before


async def test_its_owner_removes(database_url: str) -> None:
    async def remove(unit: Unit) -> list[int]:
        of = unit.configuration
        return [
            await of.remove_groups([make.STAFF, GroupId("gone")], "apply"),
            await of.remove_networks([make.LAN, NetworkId("gone")], "apply"),
            await of.remove_rules([RULE.id, RuleId("gone")], "apply"),
            await of.remove_apps([make.SHOP, ClientId("gone")], "apply"),
        ]

    async with opened(database_url) as records:
        await records.write(put)
        assert await records.write(remove) == [1, 1, 1, 1]
        found = await records.read(lambda unit: unit.configuration.load())
        assert found.groups == {GroupId("it")}
        assert (found.networks, found.rules, found.apps) == ((), (), ())


async def test_a_network_keeps_whether_its_computers_are_shared(database_url: str) -> None:
    ward = make.network(id=NetworkId("ward"), shared=True)
    async with opened(database_url) as records:
        for network in (ward, replace(ward, shared=False), ward):
            await records.write(
                lambda unit, put=network: unit.configuration.put_networks([put], "a")
            )
            found = await records.read(lambda unit: unit.configuration.load())
            assert found.networks == (network,)


async def test_whatever_changes_gives_another_version(database_url: str) -> None:
    async with opened(database_url) as records:

        async def after(act: Callable[[Unit], Coroutine[Any, Any, object]]) -> str:
            await records.write(act)
            return await records.read(lambda unit: unit.configuration.version())

        async def nothing(_unit: Unit) -> None: ...

        of = [
            put,
            lambda unit: unit.configuration.put_groups([GroupId("hr")], "apply"),
            lambda unit: unit.configuration.put_networks([make.network(name="Nät")], "apply"),
            lambda unit: unit.configuration.put_rules([replace(RULE, reason={})], "apply"),
            lambda unit: unit.configuration.put_apps([replace(APP, client_name="A")], "apply"),
            lambda unit: unit.configuration.remove_apps([APP.client_id], "apply"),
            lambda unit: unit.configuration.remove_rules([RULE.id], "apply"),
        ]
        seen = [await after(act) for act in (nothing, *of)]
        assert len(set(seen)) == len(seen)
        for idle in (
            nothing,
            lambda unit: unit.configuration.put_groups([GroupId("hr")], "apply"),
            lambda unit: unit.configuration.remove_apps([APP.client_id], "apply"),
            lambda unit: unit.configuration.put_networks([make.network(name="X")], "console"),
        ):
            assert await after(idle) == seen[-1]


async def test_a_group_that_a_source_makes_gives_another_version(database_url: str) -> None:
    async with with_anna(database_url) as records:
        before = await records.read(lambda unit: unit.configuration.version())
        await records.write(
            lambda unit: unit.people.set_groups_many({make.ANNA: [GroupId("ny")]}, "hr")
        )
        assert await records.read(lambda unit: unit.configuration.version()) != before


async def test_rules_are_read_again_when_they_changed_and_once_in_a_while(
    database_url: str,
) -> None:
    """A node of an older version changes rules without saying so; a minute is the most (R27)."""
    async with opened(database_url) as records:
        await records.write(put)
        rules = Rules(records)
        first = await rules.current(make.NOW)
        before = records.counted
        assert await rules.current(make.NOW + timedelta(seconds=2)) is first
        assert records.counted == before + 1
        await records.write(lambda unit: unit.configuration.remove_apps([APP.client_id], "apply"))
        changed = await rules.current(make.NOW + timedelta(seconds=4))
        assert changed.apps == ()
        assert await rules.current(make.NOW + timedelta(seconds=60)) == changed
        assert await rules.current(make.NOW + timedelta(seconds=62)) is not changed


async def test_the_apps_of_a_persons_groups_are_picked_each_once(database_url: str) -> None:
    both = replace(APP, client_id=ClientId("both"), groups=frozenset({make.STAFF, GroupId("it")}))
    it = replace(APP, client_id=ClientId("it"), groups=frozenset({GroupId("it")}))
    nobodys = replace(APP, client_id=ClientId("nobodys"), groups=frozenset())

    async def more(unit: Unit) -> None:
        await unit.configuration.put_apps([both, it, nobodys], "apply")

    async with opened(database_url) as records:
        await records.write(put)
        await records.write(more)
        found = await records.read(lambda unit: unit.configuration.load())

    def ids(*groups: GroupId) -> list[str]:
        return sorted(each.client_id for each in found.apps_for(groups))

    assert ids(make.STAFF, GroupId("it")) == ["both", "it", "shop"]
    assert ids(make.STAFF) == ["both", "shop"]
    assert ids() == ids(GroupId("gone")) == []


async def test_methods_by_group_are_read_with_the_rest(database_url: str) -> None:
    entry = MethodEntry(id="staff", groups=frozenset({make.STAFF}), second_factor=frozenset())
    other = replace(entry, second_factor=frozenset({make.TOTP}), reason={"sv": "Nej."})

    async with opened(database_url) as records:
        await records.write(put)
        await records.write(lambda unit: unit.configuration.put_methods([entry], "apply"))
        versions = [await records.read(lambda unit: unit.configuration.version())]
        await records.write(lambda unit: unit.configuration.put_methods([other], "apply"))
        await records.write(lambda unit: unit.configuration.put_methods([entry], "console"))
        found = await records.read(lambda unit: unit.configuration.load())
        assert found.methods == (other,)
        assert found.owners["methods", "staff"] == "apply"
        assert found.method_rules.of({make.STAFF}).second_factor == {make.TOTP}
        versions.append(await records.read(lambda unit: unit.configuration.version()))
        for owner, gone in (("console", 0), ("apply", 1)):
            assert gone == await records.write(
                lambda unit, owner=owner: unit.configuration.remove_methods(["staff"], owner)
            )
        versions.append(await records.read(lambda unit: unit.configuration.version()))
        assert len(set(versions)) == 3
