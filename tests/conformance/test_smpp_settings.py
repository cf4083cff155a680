"""What settings of a message centre stop the start: no centre needed."""

from pathlib import Path
from typing import Any

import pytest

from portvakt import plugins
from portvakt.plugins import AdapterSettingsError
from tests.conformance.sms_rigs import PACKAGE, settings_for_nobody
from tests.conformance.tools import tools


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"host": "smpp.example"}, "loopback, or a network said to be private"),
        ({"system_id": ""}, "1 to 15"),
        ({"system_id": "x" * 16}, "1 to 15"),
        ({"system_type": "x" * 13}, "at most 12"),
        ({"sender": "Much too long a name"}, "sender"),
        ({"sender": "Å"}, "sender"),
        ({"window": 0}, ">= 1"),
        ({"answer_within": 6}, "<= 5"),
        ({"password": "simpw"}, "got `str`"),
    ],
)
def test_settings_of_a_centre_that_cannot_work_stop_the_start(
    tmp_path: Path, changed: dict[str, Any], said: str
) -> None:
    settings = settings_for_nobody("smpp", tmp_path) | changed
    with pytest.raises(AdapterSettingsError, match=said) as caught:
        plugins.fill(PACKAGE, "smpp", settings)
    assert "simpw" not in str(caught.value)


def test_a_plain_line_may_lead_through_a_private_network(tmp_path: Path) -> None:
    settings = settings_for_nobody("smpp", tmp_path)
    settings |= {"host": "10.20.0.5", "private": True}
    (place,) = plugins.fill(PACKAGE, "smpp", settings).destinations()
    assert (place.scheme, place.host, place.private) == ("smpp", "10.20.0.5", True)


@pytest.mark.parametrize("password", ["ninechars", "", "å"])
def test_a_password_that_the_protocol_cannot_carry_stops_the_start(
    tmp_path: Path, password: str
) -> None:
    settings = settings_for_nobody("smpp", tmp_path)
    (tmp_path / "password").write_text(password, encoding="utf-8")
    with pytest.raises(AdapterSettingsError):
        plugins.fill(PACKAGE, "smpp", settings).open(tools())


def test_a_ca_file_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    settings = settings_for_nobody("smpp", tmp_path)
    settings |= {"tls": "tls", "ca_file": str(tmp_path / "none.pem")}
    with pytest.raises(AdapterSettingsError, match="ca_file"):
        plugins.fill(PACKAGE, "smpp", settings).open(tools())
