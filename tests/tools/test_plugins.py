from pathlib import Path

import pytest

from portvakt import plugins
from portvakt.plugins import AdapterSettingsError, SecretRef
from tests.conformance.tools import tools


def test_the_modules_of_a_package_are_its_adapters() -> None:
    assert plugins.names("portvakt.sms") == ("console", "http_form", "smpp")
    assert plugins.names("portvakt.mail") == ("console", "smtp")


@pytest.mark.parametrize("name", ["fax", "", "os", "../console", "console.py", "__init__"])
def test_an_unknown_name_lists_what_there_is(name: str) -> None:
    with pytest.raises(AdapterSettingsError, match="there is console, http_form, smpp"):
        plugins.open_adapter("portvakt.sms", name, {}, tools())


def test_an_unknown_key_lists_the_keys_there_are() -> None:
    with pytest.raises(AdapterSettingsError, match="does not know fil; it knows file"):
        plugins.open_adapter("portvakt.sms", "console", {"fil": "x"}, tools())


def test_a_wrong_type_is_named_by_its_place() -> None:
    with pytest.raises(AdapterSettingsError, match=r"\$.file"):
        plugins.open_adapter("portvakt.sms", "console", {"file": 1}, tools())


def test_a_secret_is_read_from_a_file_without_its_line_end(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(" hemligt \r\n")
    assert SecretRef(file=str(file)).read().open() == " hemligt "


def test_a_secret_is_read_from_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_SECRET", "hemligt")
    ref = SecretRef(env="A_SECRET")
    assert ref.read().open() == "hemligt"
    assert "hemligt" not in repr(ref)
    assert "hemligt" not in repr(ref.read())


def test_a_secret_has_one_place(tmp_path: Path) -> None:
    for wrong in ({}, {"file": "a", "env": "B"}):
        with pytest.raises(ValueError, match="a secret is"):
            SecretRef(**wrong)
    with pytest.raises(AdapterSettingsError, match="cannot be read"):
        SecretRef(file=str(tmp_path / "none")).read()
