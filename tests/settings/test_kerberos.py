"""What `[kerberos]` may say."""

import sys
from pathlib import Path

import pytest

from portvakt.known_directories import open_ticket_reader, open_tickets
from portvakt.plugins import AdapterSettingsError
from tests.settings.test_settings import LEAST, errors, settings

DIRECTORY = """
[[directories]]
name = "ad"
kind = "active_directory"
servers = ["ldaps://dc1.corp.example"]
bind_dn = "CN=portvakt,DC=corp,DC=example"
bind_password = { file = "/dev/null" }
base = "DC=corp,DC=example"
"""


def with_kerberos(folder: Path, different: dict[str, str] | None = None, mode: int = 0o600) -> str:
    keytab = folder / "http.keytab"
    keytab.write_bytes(b"\x05\x02")
    keytab.chmod(mode)
    given = {
        "keytab_file": f'"{keytab}"',
        "networks": '["offices"]',
        "realms": '{ "CORP.EXAMPLE" = "ad" }',
    } | (different or {})
    table = "".join(f"{name} = {value}\n" for name, value in given.items())
    return f"{LEAST}{DIRECTORY}[kerberos]\n{table}"


def test_without_the_table_no_ticket_is_taken(tmp_path: Path) -> None:
    assert settings(tmp_path).kerberos is None


def test_a_keytab_networks_and_realms_are_what_it_takes(tmp_path: Path) -> None:
    text = with_kerberos(tmp_path)
    assert errors(tmp_path, text) == []
    found = settings(tmp_path, text).kerberos
    assert found is not None
    assert found.realms == {"CORP.EXAMPLE": "ad"}
    assert found.service is None
    text = with_kerberos(tmp_path, {"service": '"HTTP/other.corp.example@CORP.EXAMPLE"'})
    assert errors(tmp_path, text) == []


@pytest.mark.parametrize(
    ("different", "said"),
    [
        ({"keytab_file": '"/nowhere.keytab"'}, "No such file"),
        ({"networks": "[]"}, "no ticket would ever be taken"),
        ({"realms": "{}"}, "names no realm"),
        ({"realms": '{ "corp.example" = "ad" }'}, "written in capitals"),
        ({"realms": '{ "CORP.EXAMPLE" = "borta" }'}, "there is no directory"),
        ({"service": '"HTTP/login.corp.example"'}, "HTTP/login.example@REALM.EXAMPLE"),
        ({"service": '"HTTP/login.corp.example@corp.example"'}, "HTTP/login.example@REALM"),
    ],
)
def test_what_lets_nobody_in_is_refused(
    tmp_path: Path, different: dict[str, str], said: str
) -> None:
    assert any(said in each for each in errors(tmp_path, with_kerberos(tmp_path, different)))


def test_keys_that_everybody_can_read_are_refused(tmp_path: Path) -> None:
    assert any("chmod o=" in each for each in errors(tmp_path, with_kerberos(tmp_path, mode=0o644)))


def test_a_directory_whose_passwords_are_not_used_vouches_for_none(tmp_path: Path) -> None:
    text = with_kerberos(tmp_path).replace('kind = "active', 'passwords = false\nkind = "active')
    assert any("nor can tickets be" in each for each in errors(tmp_path, text))


def test_the_library_is_missed_only_where_tickets_are_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "portvakt.wire.kerberos", raising=False)
    monkeypatch.setitem(sys.modules, "gssapi", None)
    assert open_tickets(settings(tmp_path), {}).reader is None
    with pytest.raises(AdapterSettingsError, match=r"install portvakt\[kerberos\]"):
        open_ticket_reader(settings(tmp_path, with_kerberos(tmp_path)))
