"""`portvakt texts`: what leaves, and what it costs."""

import json
from pathlib import Path

import pytest

from tests.cli.box import Box


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box.make(tmp_path, f"sqlite:///{tmp_path}/none.db")


def test_every_text_is_shown_whole_with_its_messages_and_characters(box: Box) -> None:
    shown = box.good("texts").out
    assert "sv sign_in: 1 message, " in shown
    assert "    Portvakt: 123456 är din kod för att logga in.\n" in shown
    assert "en reset: 1 message, " in shown
    assert shown.count("#123456") == 8


def test_the_organisations_own_words_are_shown_and_json_tells_the_same(box: Box) -> None:
    box.config.write_text(
        box.config.read_text() + '[texts.sv]\nsign_in = "{code} är koden till {organisation}."\n'
    )
    shown = box.good("texts").out
    assert "    123456 är koden till Portvakt.\n" in shown
    told = json.loads(box.good("texts", "--json").out)
    assert len(told) == 8
    assert told[0]["text"].startswith("123456 är koden till Portvakt.\n\n@")
    assert told[0]["parts"] == 1
    assert told[0]["characters"] == len(told[0]["text"])
