from pathlib import Path

import pytest

from tests.cli.box import Box


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box.make(tmp_path, f"sqlite:///{tmp_path}/none.db")


def test_good_settings_are_good(box: Box) -> None:
    assert box.good("check-config").out == f"{box.config}: good\n"
    assert not (box.folder / "none.db").exists()


def test_warnings_do_not_fail(box: Box) -> None:
    box.config.write_text(box.config.read_text() + "[registration]\nfirst = 'welcome_window'\n")
    answer = box.good("check-config")
    assert "warning: line 7: registration.first: lets whoever knows" in answer.err
    assert answer.out == f"{box.config}: good, with warnings\n"


def test_errors_fail_and_json_tells_the_same(box: Box) -> None:
    box.config.write_text(box.config.read_text() + "[server]\nworkers = 2\nlisten = 'x'\n")
    answer = box.run("check-config")
    assert answer.status == 1
    assert len([line for line in answer.err.splitlines() if ": error: " in line]) == 2
    answer = box.run("check-config", "--json")
    assert answer.status == 1
    assert answer.json["ok"] is False
    assert [each["line"] for each in answer.json["errors"]] == [7, 8]
    assert {each["where"] for each in answer.json["errors"]} == {"server.workers", "server.listen"}


def test_a_damaged_master_key_is_an_error(box: Box) -> None:
    box.key.write_text("k1:short\n")
    answer = box.run("check-config")
    assert answer.status == 1
    assert "master.key: line 1: the key is" in answer.err


def test_doctor_lists_every_address_that_may_be_called(box: Box) -> None:
    assert "nothing is ever called" in box.good("doctor", "network").out
    box.config.write_text(
        box.config.read_text()
        + '[[sms]]\ngateway = "http_form"\nurl = "https://sms.example/send"\n'
        + 'body = "to={to}&text={text}"\n'
        + '[mail]\ngateway = "smtp"\nhost = "127.0.0.1"\nport = 2525\ntls = "none"\n'
    )
    box.environ["PORTVAKT_DATABASE_URL"] = "postgresql://u:hemligt@db1.example,[::1]:5432/p"
    answer = box.good("doctor", "network", "--json")
    assert answer.json["addresses"] == [
        {"use": "database", "address": "postgresql://db1.example", "outside": True},
        {"use": "database", "address": "postgresql://[::1]:5432", "outside": False},
        {"use": "sms 1 (http_form)", "address": "https://sms.example:443", "outside": True},
        {"use": "mail (smtp)", "address": "smtp://127.0.0.1:2525", "outside": False},
    ]
    assert "hemligt" not in box.good("doctor", "network").out
