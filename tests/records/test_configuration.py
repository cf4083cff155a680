from dataclasses import replace

from portvakt.core.ids import ClientId, GroupId, NetworkId, RuleId
from portvakt.core.policy import Require, RuleState
from portvakt.records import Unit
from tests import make
from tests.records.stored import opened

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
