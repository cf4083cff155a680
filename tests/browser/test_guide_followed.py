"""The guide is true: whoever does what it says, and presses what is ringed alone, arrives.

And it is of this installation: its words, its rules and its colour are those of the guide.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page

import portvakt
from tests.browser.conftest import running_demo
from tests.browser.demo_at import DemoAt
from tests.browser.guide_follower import Follower
from tests.browser.phone_sized import Camera, PhoneMaker
from tests.browser.seeing import Eyes

pytestmark = pytest.mark.timeout(400)  # the first of them makes the guide

Browse = Callable[..., Page]
SOURCE = Path(portvakt.__file__).parents[1]
CATALOGUE = Path("portvakt/locale/sv/set_up_mfa.toml")
LABEL = "Spara numret"
GREEN = (11, 110, 79)
NO_TEXTS = """
[[methods]]
id = "no-texts"
may_register = ["push", "phone_sign_in", "recovery_code"]
"""


@dataclass(frozen=True)
class Made:
    """A guide in Swedish, in its folder."""

    folder: Path

    @property
    def chapters(self) -> dict[str, dict[str, Any]]:
        steps = json.loads((self.folder / "sv" / "steps.json").read_text(encoding="utf-8"))
        return {each["slug"]: each for each in steps}

    @property
    def page(self) -> str:
        return (self.folder / "sv" / "index.html").read_text(encoding="utf-8")

    def pressed(self, slug: str) -> list[str]:
        """What is pressed in a chapter, in its order."""
        lines = self.chapters[slug]["lines"]
        return [act["label"] for line in lines for act in line["pressed"] if act["act"] == "press"]

    def picture_where(self, slug: str, pressed: str) -> Image.Image:
        """The picture of the line in which something is pressed."""
        for line in self.chapters[slug]["lines"]:
            if any(act.get("label") == pressed for act in line["pressed"] if act["act"] == "press"):
                return Image.open(self.folder / "sv" / line["picture"]["file"]).convert("RGB")
        raise AssertionError(f"{pressed} is pressed nowhere in {slug}")


def make(
    config: Path, out: Path, *journeys: str, source: Path = SOURCE, state: Path | None = None
) -> Made:
    """Make these journeys of the guide as an operator does, without films."""
    words = ["guide", "--lang", "sv", "--no-films", "--config", config, "--out", out]
    for journey in journeys:
        words += ["--journey", journey]
    if state is not None:
        words += ["--state", state]
    done = subprocess.run(
        [sys.executable, "-m", "portvakt", *map(str, words)],
        env=os.environ | {"PYTHONPATH": str(source)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return Made(out)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def demo(data: Path) -> Iterator[DemoAt]:
    with running_demo(data) as demo:
        yield demo


@pytest.fixture(scope="module")
def guide(demo: DemoAt, data: Path) -> Made:
    """The guide of the demo's region, by the settings and the database of the demo that runs."""
    assert demo.portvakt
    where = data / "data"
    return make(where / "portvakt.toml", where / "guide", "register-app", "register-texts")


def test_whoever_follows_it_registers_text_codes(
    demo: DemoAt, guide: Made, browse: Browse, camera: Camera
) -> None:
    demo.move("outside")
    desk = Eyes(browse(width=1280, height=800))
    bo = Follower(demo, demo.person("bo.astrom"), "070-174 06 60", desk, desk, camera)
    bo.follow(guide.chapters["register-texts"])
    assert bo.titles[-1] == "Klart!"
    desk.title("Klart!")


def test_whoever_follows_it_registers_the_app(
    demo: DemoAt, guide: Made, browse: Browse, new_phone: PhoneMaker, camera: Camera
) -> None:
    demo.move("outside")
    desk, phone = Eyes(browse(width=1280, height=800)), Eyes(new_phone())
    david = Follower(demo, demo.person("david.ek"), "070-174 06 61", desk, phone, camera)
    david.follow(guide.chapters["register-app"])
    assert david.titles[-1] == "Klart!"
    desk.title("Klart!")


def test_a_page_of_registration_leads_to_its_step(
    demo: DemoAt, guide: Made, browse: Browse
) -> None:
    assert "register-app" in guide.chapters
    demo.move("outside")
    eyes = Eyes(browse())
    elodie = demo.person("elodie.sjodahl")
    eyes.go(demo.registration)
    eyes.write("E-postadress eller användarnamn", elodie.email)
    eyes.write("Lösenord", elodie.password)
    eyes.press("Logga in")
    with eyes.page.expect_popup() as opened:
        eyes.page.get_by_role("link", name="Så gör du").click()
    page = opened.value
    page.wait_for_load_state()
    assert page.url == f"{demo.portvakt}/guide/sv/#register-app-choose"
    step = page.locator("#register-app-choose")
    assert "Konfigurera Authenticator-appen" in step.inner_text()
    assert step.bounding_box()["y"] < 200  # type: ignore[index]  # it is shown


@pytest.fixture(scope="module")
def changed(guide: Made, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The guide once more, of an installation with another colour and one other label."""
    assert guide.chapters
    home = tmp_path_factory.mktemp("changed")
    shutil.copytree(SOURCE / "portvakt", home / "portvakt")
    words = (home / CATALOGUE).read_text(encoding="utf-8")
    changed = words.replace('save = "Spara"', f'save = "{LABEL}"')
    (home / CATALOGUE).write_text(changed, encoding="utf-8")
    own = (data / "data" / "portvakt.toml").read_text(encoding="utf-8")
    colour = f'[organisation]\ncolour = "#{bytes(GREEN).hex()}"'
    config = home / "green.toml"
    config.write_text(own.replace("[organisation]", colour), encoding="utf-8")
    return make(config, home / "guide", "register-texts", source=home)


def test_a_label_that_changes_changes_the_guide(guide: Made, changed: Made) -> None:
    assert "Spara" in guide.pressed("register-texts")
    assert LABEL not in guide.page
    assert "Spara" not in changed.pressed("register-texts")
    assert LABEL in changed.pressed("register-texts")
    assert LABEL in changed.page


def test_the_organisations_colour_is_the_guides(guide: Made, changed: Made) -> None:
    before = guide.picture_where("register-texts", "Spara")
    after = changed.picture_where("register-texts", LABEL)
    assert share_of(GREEN, before) == 0
    assert share_of(GREEN, after) > 0.01
    style = (changed.folder / "sv" / "book.css").read_text(encoding="utf-8")
    assert bytes(GREEN).hex() in style.lower()


def test_a_rule_that_takes_texts_away_takes_their_chapter_away(
    guide: Made, data: Path, tmp_path: Path
) -> None:
    state = tmp_path / "region.toml"
    state.write_text(NO_TEXTS, encoding="utf-8")
    config = data / "data" / "portvakt.toml"
    without = make(config, tmp_path / "guide", "register-texts", "no-smartphone", state=state)
    assert "register-texts" in guide.chapters
    assert set(without.chapters) == {"no-smartphone"}
    assert "Textkod till min telefon" in guide.page
    assert "Textkod till min telefon" not in without.page


def share_of(colour: tuple[int, int, int], picture: Image.Image) -> float:
    """How much of a picture has exactly this colour."""
    counted = picture.getcolors(picture.width * picture.height) or []
    pixels = sum(count for count, each in counted if each == colour)
    return pixels / (picture.width * picture.height)
