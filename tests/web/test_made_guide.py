"""What is known of a guide that lies in a folder."""

import os
import shutil
from pathlib import Path

import pytest

from portvakt.web.made_guide import MadeGuide
from tests.journeys.read_guide.made import make_guide, write_steps

PLACES = (("register_app", "film"), ("forgotten_password", "open"))


def test_a_page_leads_to_the_first_place_that_is_told(tmp_path: Path) -> None:
    own = make_guide(tmp_path)
    guide = MadeGuide(tmp_path)
    assert guide.address("sv", PLACES) == "/guide/sv/#forgotten-password-open"
    write_steps(own, {"forgotten-password": ["open"], "register-app": ["sign_in", "film"]})
    assert MadeGuide(tmp_path).address("sv", PLACES) == "/guide/sv/#register-app-film"


def test_a_step_that_is_left_out_leads_to_its_chapter(tmp_path: Path) -> None:
    write_steps(make_guide(tmp_path), {"forgotten-password": ["name"]})
    assert MadeGuide(tmp_path).address("sv", PLACES) == "/guide/sv/#forgotten-password"


def test_what_is_not_told_is_not_led_to(tmp_path: Path) -> None:
    write_steps(make_guide(tmp_path), {"open-app": ["tile"]})
    assert MadeGuide(tmp_path).address("sv", PLACES) is None


def test_another_language_has_a_guide_of_its_own(tmp_path: Path) -> None:
    make_guide(tmp_path)
    guide = MadeGuide(tmp_path)
    assert guide.address("en", PLACES) is None
    make_guide(tmp_path, "en")
    assert guide.address("en", PLACES) == "/guide/en/#forgotten-password-open"


def test_a_guide_that_is_made_anew_is_read_anew(tmp_path: Path) -> None:
    guide = MadeGuide(tmp_path / "made")
    assert guide.address("sv", PLACES) is None
    make_guide(tmp_path / "made")
    assert guide.address("sv", PLACES) == "/guide/sv/#forgotten-password-open"
    write_steps(make_guide(tmp_path / "next"), {"register-app": ["film"]})
    (tmp_path / "made" / "sv").rename(tmp_path / "old")
    (tmp_path / "next" / "sv").rename(tmp_path / "made" / "sv")
    assert guide.address("sv", PLACES) == "/guide/sv/#register-app-film"
    shutil.rmtree(tmp_path / "made")
    assert guide.address("sv", PLACES) is None


@pytest.mark.parametrize("said", ["", "{}", '[{"title": "no slug"}]', "[", "\ud800"])
def test_a_guide_that_is_broken_is_not_led_to(tmp_path: Path, said: str) -> None:
    own = make_guide(tmp_path)
    (own / "steps.json").write_bytes(said.encode("utf-8", "surrogatepass"))
    assert MadeGuide(tmp_path).address("sv", PLACES) is None


def test_a_guide_without_its_page_is_not_led_to(tmp_path: Path) -> None:
    (make_guide(tmp_path) / "index.html").unlink()
    assert MadeGuide(tmp_path).address("sv", PLACES) is None


@pytest.mark.parametrize(
    ("name", "below"),
    [
        ("../secret.png", ""),
        ("../../secret.png", "pictures"),
        ("secret.png", "../.."),
        ("pictures", ""),
        ("link.png", ""),
        ("pipe.png", ""),
        ("a\0b.png", ""),
        ("a" * 300, ""),
    ],
)
def test_only_a_file_of_the_guide_is_one(tmp_path: Path, name: str, below: str) -> None:
    own = make_guide(tmp_path / "guide")
    (tmp_path / "secret.png").write_bytes(b"secret")
    (own / "link.png").symlink_to(tmp_path / "secret.png")
    os.mkfifo(own / "pipe.png")
    guide = MadeGuide(tmp_path / "guide")
    assert guide.file("sv", "book.css") == own / "book.css"
    assert guide.file("sv", name, below) is None


def test_a_language_is_one_that_we_speak(tmp_path: Path) -> None:
    make_guide(tmp_path, "de")
    (tmp_path / "index.html").write_text("")
    guide = MadeGuide(tmp_path)
    assert not guide.has("de")
    assert not guide.has(".")
    assert not guide.has("..")


def test_a_folder_that_is_reached_by_a_link_is_as_good(tmp_path: Path) -> None:
    make_guide(tmp_path / "there")
    (tmp_path / "here").symlink_to(tmp_path / "there")
    assert MadeGuide(tmp_path / "here").has("sv")
