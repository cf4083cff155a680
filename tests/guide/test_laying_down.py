"""A guide that is made anew takes the old one's place."""

from pathlib import Path

import pytest

from portvakt.guide.errors import GuideError
from portvakt.guide.laying_down import lay_down, place_for


def made(fresh: Path, text: str) -> Path:
    folder = fresh / "sv"
    (folder / "pictures").mkdir(parents=True)
    (folder / "index.html").write_text(text)
    return folder


def test_it_lies_there_whole_and_nothing_of_the_making_is_left(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "guide"
    with place_for(out) as fresh:
        lay_down(made(fresh, "one"), out, "sv")
    assert (out / "sv" / "index.html").read_text() == "one"
    (out / "sv" / "gone-next-time.css").write_text("")
    with place_for(out) as fresh:
        lay_down(made(fresh, "two"), out, "sv")
    assert {each.name for each in (out / "sv").iterdir()} == {"index.html", "pictures"}
    assert (out / "sv" / "index.html").read_text() == "two"
    assert {each.name for each in out.iterdir()} == {"sv", ".lock"}


def test_a_making_that_fails_leaves_the_guide_that_is_there(tmp_path: Path) -> None:
    with place_for(tmp_path) as fresh:
        lay_down(made(fresh, "one"), tmp_path, "sv")

    def fails() -> None:
        with place_for(tmp_path) as fresh:
            made(fresh, "two")
            raise GuideError("in the middle")

    with pytest.raises(GuideError, match="in the middle"):
        fails()
    assert (tmp_path / "sv" / "index.html").read_text() == "one"
    assert {each.name for each in tmp_path.iterdir()} == {"sv", ".lock"}
    with place_for(tmp_path) as fresh, pytest.raises(OSError, match="not there"):
        lay_down(fresh / "not there", tmp_path, "sv")
    assert (tmp_path / "sv" / "index.html").read_text() == "one"


def test_what_a_killed_making_left_is_in_nobodys_way(tmp_path: Path) -> None:
    (tmp_path / ".fresh" / "sv").mkdir(parents=True)
    with place_for(tmp_path) as fresh:
        assert list(fresh.iterdir()) == []


def test_one_process_makes_guides_in_a_folder(tmp_path: Path) -> None:
    with (
        place_for(tmp_path),
        pytest.raises(GuideError, match="another process"),
        place_for(tmp_path),
    ):
        pass


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(GuideError, match="cannot be written"), place_for(tmp_path / "file" / "a"):
        pass
