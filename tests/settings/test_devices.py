"""What `[devices]` may say."""

from pathlib import Path

import pytest

from tests.servers.device_authority import DeviceIssuer
from tests.settings.test_settings import LEAST, errors, settings, warnings
from tests.world import START

ISSUER = DeviceIssuer(now=START)
REST = """
[proxies]
trusted = ["10.0.0.5/32"]
[hosts]
device = "device.login.example"
"""


def with_devices(folder: Path, more: str = "", rest: str = REST) -> str:
    file = folder / "devices.pem"
    file.write_bytes(ISSUER.pem)
    return f'{LEAST}{rest}[devices]\nauthority_file = "{file}"\n{more}'


def test_without_the_table_no_device_is_looked_at(tmp_path: Path) -> None:
    found = settings(tmp_path)
    assert found.devices.authority_file is None
    assert found.hosts.device is None


def test_an_authority_lists_and_a_host_name_are_what_it_takes(tmp_path: Path) -> None:
    lists = ["/etc/portvakt/devices.crl", "http://pki.region.example/devices.crl"]
    text = with_devices(tmp_path, f"revocation_lists = {lists}")
    assert settings(tmp_path, text).devices.revocation_lists == tuple(lists)
    assert errors(tmp_path, text) == []
    assert not [each for each in warnings(tmp_path, text) if "devices" in each]


def test_without_lists_a_stolen_computer_stays_ours_and_that_is_told(tmp_path: Path) -> None:
    found = [each for each in warnings(tmp_path, with_devices(tmp_path)) if "devices" in each]
    assert len(found) == 1
    assert "a stolen computer is ours until its certificate ends" in found[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[hosts]\ndevice = "device.login.example"\n', "needs devices.authority_file"),
        ('[devices]\nrevocation_lists = ["/a.crl"]\n', "needs devices.authority_file"),
        ('[devices]\nauthority_file = "/nowhere.pem"\n', "cannot be read: No such file"),
        ('[devices]\nauthority_file = "/nowhere.pem"\n', "needs a host name in hosts.device"),
        ('[devices]\nauthority_file = "/nowhere.pem"\n', "from a trusted proxy only"),
    ],
)
def test_one_thing_without_the_other_is_refused(tmp_path: Path, text: str, said: str) -> None:
    assert any(said in each for each in errors(tmp_path, LEAST + text))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('revocation_lists = ["devices.crl"]', "neither a whole path nor http(s)"),
        ('revocation_lists = ["ldap://ad/CN=x"]', "neither a whole path nor http(s)"),
        ('revocation_lists = ["http://user:pw@a/b"]', "has no place in a URL"),
        ('revocation_lists = ["/a.crl", "/a.crl"]', "stands here twice"),
        ('shown_for = "9h"', "is more than 8 hours"),
        ('fetch_every = "24h"', "is not shorter than lists_count_for"),
    ],
)
def test_what_cannot_work_is_refused(tmp_path: Path, more: str, said: str) -> None:
    assert any(said in each for each in errors(tmp_path, with_devices(tmp_path, more)))


def test_a_host_name_for_devices_is_no_other_name_of_ours(tmp_path: Path) -> None:
    rest = REST + 'authenticator = "device.login.example"\n'
    found = errors(tmp_path, with_devices(tmp_path, rest=rest))
    assert any("is already hosts.authenticator" in each for each in found)


def test_a_file_that_holds_no_issuer_is_refused(tmp_path: Path) -> None:
    text = with_devices(tmp_path)
    (tmp_path / "devices.pem").write_bytes(b"hello")
    assert any("devices.pem" in each for each in errors(tmp_path, text))
