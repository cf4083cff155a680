"""`portvakt doctor` says whether our own devices can be known."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from portvakt.background_devices import ListReader
from portvakt.core.signals import Device
from portvakt.crypto.device_certificates import DeviceAuthority
from portvakt.records import Unit, open_records
from tests import make
from tests.cli.box import Box
from tests.cli.test_doctor import found, say, well
from tests.servers.device_authority import DAY, YEAR, DeviceIssuer

PLACE = "http://pki.region.example/devices.crl"
REST = """
[proxies]
trusted = ["10.0.0.5/32"]
[hosts]
device = "device.localhost"
[devices]
authority_file = "{folder}/devices.pem"
revocation_lists = ["{folder}/devices.crl"]
"""


@pytest.fixture
def box(tmp_path: Path, sqlite_url: str) -> Box:
    return well(tmp_path, sqlite_url)


@pytest.fixture
def issuer(box: Box) -> DeviceIssuer:
    made = DeviceIssuer(now=box.now)
    (box.folder / "devices.pem").write_bytes(made.pem)
    (box.folder / "devices.crl").write_bytes(made.revoking(made.computer(), lives=30 * DAY))
    say(box, REST.format(folder=box.folder))
    return made


async def a_rule(unit: Unit) -> None:
    await unit.configuration.put_rules([make.rule(devices_not={Device.OURS})], "apply")


def read(box: Box) -> None:
    """Do what the background work does."""

    async def look() -> None:
        records = await open_records(box.url, clock=lambda: box.now)
        try:
            await ListReader(
                records=records,
                authority=DeviceAuthority.read((box.folder / "devices.pem").read_bytes()),
                places=(f"{box.folder}/devices.crl",),
                fetch_every=timedelta(minutes=10),
                lives=timedelta(hours=24),
                clock=lambda: box.now,
            ).look()
        finally:
            await records.close()

    asyncio.run(look())


def test_where_devices_are_nothing_nothing_is_said(box: Box) -> None:
    for level in ("ok", "warn", "wrong"):
        assert found(box, "devices", level) == []


def test_a_rule_about_devices_where_none_can_be_known_is_a_warning(box: Box) -> None:
    box.do(a_rule)
    [(said, mend)] = found(box, "devices", "warn")
    assert said == "second-factor-outside asks whose device it is, and none is known as ours"
    assert "[devices]" in mend


@pytest.mark.usefixtures("issuer")
def test_a_list_that_counts_says_how_long_and_whether_it_was_read(box: Box) -> None:
    box.do(a_rule)
    [(said, mend)] = found(box, "devices")
    assert said.endswith("devices.crl was never read: nobody has tried")
    assert "portvakt work" in mend
    read(box)
    [(said, _)] = found(box, "devices", "ok")
    assert "devices.crl names 1, and counts until " in said
    (box.folder / "devices.crl").unlink()
    box.move(minutes=1)
    read(box)
    [(said, _)] = found(box, "devices", "warn")
    assert said.endswith("it could not be read: cannot be read: No such file or directory")
    box.move(hours=24)
    [(said, _)] = found(box, "devices")
    assert "counts no more, so none of its issuer's devices is ours" in said


def test_a_list_that_was_refused_says_why(box: Box, issuer: DeviceIssuer) -> None:
    box.do(a_rule)
    (box.folder / "devices.crl").write_bytes(DeviceIssuer("Annan", now=issuer.now).revoking())
    read(box)
    [(said, _)] = found(box, "devices")
    assert said.endswith("was never read: is not signed by an authority of ours")


def test_what_is_kept_of_an_authority_that_is_ours_no_more_is_told(
    box: Box, issuer: DeviceIssuer
) -> None:
    box.do(a_rule)
    read(box)
    (box.folder / "devices.pem").write_bytes(DeviceIssuer("Nya", now=issuer.now).pem)
    [(said, _)] = found(box, "devices")
    assert said.endswith("what is kept of it is not signed by an authority of ours")


@pytest.mark.usefixtures("issuer")
def test_where_no_rule_asks_whose_device_it_is_that_is_a_warning(box: Box) -> None:
    read(box)
    assert [said for said, _ in found(box, "devices", "warn")] == [
        "no rule asks whose device it is"
    ]


@pytest.mark.parametrize(("left", "level"), [(30 * DAY, "warn"), (-DAY, "wrong"), (YEAR, "ok")])
def test_an_issuers_end_is_told_in_time(
    box: Box, issuer: DeviceIssuer, left: timedelta, level: str
) -> None:
    box.do(a_rule)
    issuer.certificate = issuer.own(ends=issuer.now + left)
    (box.folder / "devices.pem").write_bytes(issuer.pem)
    read(box)
    said = [said for said, _ in found(box, "devices", level) if "own certificate" in said]
    assert len(said) == (level != "ok")


@pytest.mark.usefixtures("issuer")
def test_doctor_network_names_the_addresses_of_lists(box: Box) -> None:
    text = box.config.read_text(encoding="utf-8")
    box.config.write_text(text.replace(f"{box.folder}/devices.crl", PLACE), encoding="utf-8")
    answer = box.good("doctor", "network", "--json")
    assert answer.json["addresses"] == [
        {"use": "devices", "address": "http://pki.region.example:80", "outside": True}
    ]
