"""What `[wake]` may say, and who is told what it comes to."""

from pathlib import Path

import pytest

from portvakt.commands.doctor import reached
from portvakt.settings import examine, push_hosts

LEAST = """
public_url = "http://localhost:8000"
database_url = "sqlite:////var/lib/portvakt/p.db"
[keys]
master_file = "/etc/portvakt/master.key"
"""
GOOD = """[wake]
gateway = "web_push"
hosts = ["fcm.googleapis.com", "*.push.apple.com"]
"""


def written(tmp_path: Path, more: str) -> Path:
    file = tmp_path / "portvakt.toml"
    file.write_text(LEAST + more, encoding="utf-8")
    return file


def test_the_hosts_are_what_phones_may_name_and_what_doctor_prints(tmp_path: Path) -> None:
    settings = examine(written(tmp_path, GOOD), {}).settings
    assert settings is not None
    assert push_hosts(settings) == ("fcm.googleapis.com", "*.push.apple.com")
    assert [(each.use, each.address, each.outside) for each in reached(settings)] == [
        ("wake (web_push)", "https://fcm.googleapis.com:443", True),
        ("wake (web_push)", "https://*.push.apple.com:443", True),
    ]


def test_without_the_table_no_phone_is_woken_and_nothing_is_called(tmp_path: Path) -> None:
    settings = examine(written(tmp_path, ""), {}).settings
    assert settings is not None
    assert push_hosts(settings) == ()
    assert reached(settings) == []


def test_hosts_may_come_from_the_environment(tmp_path: Path) -> None:
    environ = {"PORTVAKT_WAKE__GATEWAY": "web_push", "PORTVAKT_WAKE__HOSTS": "a.example,b.example"}
    settings = examine(written(tmp_path, ""), environ).settings
    assert settings is not None
    assert push_hosts(settings) == ("a.example", "b.example")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("[wake]\ngateway = 'web_push'", "wake.hosts: is missing"),
        ("[wake]\nhosts = ['a.example']", "wake.gateway: is missing"),
        ("[wake]\ngateway = 'pigeon'\nhosts = ['a.example']", "there is no “pigeon”"),
        ("[wake]\ngateway = 'web_push'\nhosts = []", "no phone could ever be woken"),
        ("[wake]\ngateway = 'web_push'\nhosts = ['*']", "line 8: wake.hosts: “*” is not a pattern"),
        ("[wake]\ngateway = 'web_push'\nhosts = ['http://a.example']", "http is for loopback"),
        ("[wake]\ngateway = 'web_push'\nhost = ['a.example']", "unknown key; did you mean"),
        (GOOD + "subject = 'drift@region.example'", "wake.subject: must be a mailto:"),
        (GOOD + "subject = 'mailto:drift'", "wake.subject: must be a mailto:"),
        (GOOD + "subject = 'mailto:å@region.example'", "wake.subject: must be a mailto:"),
        (GOOD + "subject = 'https://'", "wake.subject: must be a mailto:"),
    ],
)
def test_what_cannot_work_stops_the_start(tmp_path: Path, more: str, said: str) -> None:
    found = [str(each) for each in examine(written(tmp_path, more), {}).errors]
    assert any(said in each for each in found), found


@pytest.mark.parametrize(
    "subject", ["mailto:drift@region.example", "https://region.example/kontakt"]
)
def test_a_contact_may_be(tmp_path: Path, subject: str) -> None:
    assert not examine(written(tmp_path, GOOD + f"subject = '{subject}'"), {}).errors


def test_this_machine_as_a_service_is_warned_of(tmp_path: Path) -> None:
    more = "[wake]\ngateway = 'web_push'\nhosts = ['http://127.0.0.1:8770']\n"
    warnings = [str(each) for each in examine(written(tmp_path, more), {}).warnings]
    assert any("“http://127.0.0.1:8770” is this machine" in each for each in warnings), warnings
