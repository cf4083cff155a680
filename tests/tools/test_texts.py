from pathlib import Path

import pytest

from portvakt.texts import LANGUAGES, BrokenCatalogueError, Texts


def catalogue(folder: Path, sv: str, en: str = "") -> Texts:
    for language, text in (("sv", sv), ("en", en)):
        (folder / language).mkdir()
        (folder / language / "area.toml").write_text(text, encoding="utf-8")
    return Texts.load(folder)


def test_a_message_is_found_by_area_and_name_and_filled_in(tmp_path: Path) -> None:
    texts = catalogue(tmp_path, 'hello = "Hej {name}"', 'hello = "Hello {name}"')
    assert texts.say("sv", "area.hello", name="Åsa {x}") == "Hej Åsa {x}"
    assert texts.say("en", "area.hello", name="Åsa") == "Hello Åsa"
    assert texts.placeholders("sv", "area.hello") == {"name"}


def test_a_message_or_a_value_that_is_missing_is_a_mistake(tmp_path: Path) -> None:
    texts = catalogue(tmp_path, 'hello = "Hej {name}"')
    for message in ("area.goodbye", "area", "other.hello"):
        with pytest.raises(KeyError):
            texts.say("sv", message)
    with pytest.raises(KeyError):
        texts.say("sv", "area.hello")
    assert not texts.has("area.hello")


@pytest.mark.parametrize(
    "line",
    ["hello = 1", 'hello = "{name.secret}"', 'hello = "{name!r}"', 'hello = "{0}"', 'hello = "{"'],
)
def test_a_pattern_that_reaches_into_its_values_stops_the_start(tmp_path: Path, line: str) -> None:
    with pytest.raises(BrokenCatalogueError, match=r"area\.toml"):
        catalogue(tmp_path, line)


def test_the_shipped_catalogues_have_the_same_messages_in_every_language() -> None:
    texts = Texts.load()
    for language in LANGUAGES:
        assert texts.ids(language) == texts.ids(LANGUAGES[0])
