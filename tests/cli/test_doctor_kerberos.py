"""`portvakt doctor` says whether tickets of people's computers can be taken."""

import sys
from pathlib import Path

import pytest

from portvakt.records import Unit
from tests import make
from tests.cli.box import Box
from tests.cli.test_doctor import found, say, well
from tests.servers.kerberos import Realm
from tests.servers.samba_domain import REALM

pytestmark = pytest.mark.slow
SETTINGS = """
[[directories]]
name = "ad"
kind = "active_directory"
servers = ["ldaps://127.0.0.1:1"]
bind_dn = "CN=portvakt,DC=corp,DC=example"
bind_password = {{ file = "{secret}" }}
base = "DC=corp,DC=example"
[kerberos]
keytab_file = "{keytab}"
networks = ["{network}"]
realms = {{ "{realm}" = "ad" }}
service = "{service}"
"""


@pytest.fixture
def box(tmp_path: Path, sqlite_url: str) -> Box:
    return well(tmp_path, sqlite_url)


def set_up(box: Box, realm: Realm, *, host: str = "", network: str = make.LAN) -> None:
    service = realm.service(host or realm.host)
    secret = box.write("bind-password", "hemligt")
    say(
        box,
        SETTINGS.format(
            secret=secret, keytab=realm.keytab(), network=network, realm=REALM, service=service
        ),
    )


async def a_network(unit: Unit) -> None:
    await unit.configuration.put_networks([make.network()], "apply")


async def a_ward(unit: Unit) -> None:
    await unit.configuration.put_networks([make.network(shared=True)], "apply")


def test_keys_that_fit_are_named(box: Box, realm: Realm) -> None:
    set_up(box, realm)
    box.do(a_network)
    [(said, _)] = found(box, "kerberos", "ok")
    assert realm.service(realm.host) in said
    assert found(box, "kerberos") == found(box, "kerberos", "warn") == []


def test_a_keytab_without_our_name_is_told(box: Box, realm: Realm) -> None:
    set_up(box, realm, host=realm.other)
    box.do(a_network)
    [(said, mend)] = found(box, "kerberos")
    assert realm.service(realm.other) in said
    assert "step 1" in mend


def test_a_network_that_is_not_there_or_is_shared_is_told(box: Box, realm: Realm) -> None:
    set_up(box, realm)
    [(said, _)] = found(box, "kerberos")
    assert said == f"there is no network {make.LAN}"
    box.do(a_ward)
    [(said, _)] = found(box, "kerberos", "warn")
    assert "shared computers" in said


def test_a_library_that_is_missing_is_told(
    box: Box, realm: Realm, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up(box, realm)
    box.do(a_network)
    monkeypatch.delitem(sys.modules, "portvakt.wire.kerberos", raising=False)
    monkeypatch.setitem(sys.modules, "gssapi", None)
    [(_, mend)] = found(box, "kerberos")
    assert mend == "pip install 'portvakt[kerberos]'"


def test_without_the_table_nothing_is_said(box: Box) -> None:
    assert found(box, "kerberos", "ok") == []
