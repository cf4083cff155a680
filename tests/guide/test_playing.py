"""A journey is played in a real browser, and its pictures show where to press."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image
from playwright.async_api import Error

from portvakt.guide.browser import browsers
from portvakt.guide.errors import PlayError
from portvakt.guide.marks import RING
from portvakt.guide.playing import play
from portvakt.guide.stage import stage
from portvakt.guide.steps import (
    At,
    Choose,
    Given,
    Journey,
    Look,
    Person,
    Place,
    Press,
    PressTile,
    Step,
    Write,
)
from portvakt.guide.telling import SCALE, Chapter
from portvakt.texts import LANGUAGES, Texts
from tests.guide.an_installation import ACCENT, exported, settings

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LOG_IN = Step(
    name="log_in",
    opens=Place.REGISTRATION,
    acts=(
        Write("sign_in.name_label", Given.EMAIL),
        Write("sign_in.password_label", Given.PASSWORD),
        Press("sign_in.sign_in_button"),
    ),
    sees="set_up_mfa.sheet_title",
    seen=True,
)
JOURNEY = Journey(
    name="tried",
    person=Person.WITHOUT_PHONE,
    steps=(
        LOG_IN,
        Step(
            name="number",
            acts=(
                Choose("set_up_mfa.preferred_option", "set_up_mfa.option_sms"),
                Write("set_up_mfa.mobile_number", Given.OWN_MOBILE),
                Press("set_up_mfa.save"),
            ),
            sees="set_up_mfa.code_title",
        ),
        Step(
            name="code",
            acts=(
                Write("set_up_mfa.code_field", Given.TEXT_CODE),
                Press("set_up_mfa.continue"),
            ),
            texts_to=Given.OWN_MOBILE,
            sees="web.done",
        ),
        Step(name="tile", opens=Place.APPS, acts=(PressTile(),)),
        Step(name="app", at=At.PHONE, opens=Place.AUTHENTICATOR, sees="authenticator.empty_title"),
    ),
)
WRONG = Journey(
    name="wrong",
    person=Person.WITHOUT_PHONE,
    steps=(Step(name="look", opens=Place.APPS, acts=(Look("reset.ways_title"),)),),
)
ACCENT_RGB = tuple(bytes.fromhex(ACCENT[1:]))
WORDS = {
    "guide.tried_title": "Titel",
    "guide.tried_lead": "Till {organisation}.",
    "guide.tried_end": "Slut. Ring {support}.",
    "guide.tried_log_in": "{address}: ”{field}”, ”{press}”.",
    "guide.tried_log_in_seen": "”{sees}”",
    "guide.tried_number": "”{option}”, ”{field}”, ”{press}”.",
    "guide.tried_code": "”{press}”",
    "guide.tried_tile": "”{press}”",
    "guide.tried_app": "{address}",
}


@dataclass(frozen=True)
class Played:
    chapter: Chapter
    folder: Path
    wrong: str
    elsewhere: tuple[str, ...]
    """What became of addresses that are not the installation's."""

    def picture(self, step: int) -> Image.Image:
        picture = self.chapter.lines[step].picture
        assert picture is not None
        opened = Image.open(self.folder / picture.file).convert("RGB")
        assert opened.size == (picture.width * SCALE, picture.height * SCALE)
        return opened


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """One play for all: Chromium and the product are slow to start."""
    return asyncio.run(played_in(tmp_path_factory.mktemp("stage"), tmp_path_factory.mktemp("out")))


async def played_in(folder: Path, out: Path) -> Played:
    loaded = Texts.load()
    texts = Texts(
        {
            language: {id_: loaded.pattern(language, id_) for id_ in loaded.ids(language)} | WORDS
            for language in LANGUAGES
        }
    )
    async with AsyncExitStack() as open_now:
        made = await open_now.enter_async_context(stage(settings(folder), exported(), folder))
        running = await open_now.enter_async_context(browsers(made, folder))
        chapter = await play(JOURNEY, made, running, "sv", texts, out)
        hasty = await open_now.enter_async_context(browsers(made, folder, patience=1000))
        with pytest.raises(PlayError) as wrong:
            await play(WRONG, made, hasty, "en", texts, out)
        elsewhere = []
        async with running.at_hand("sv") as pages:
            for address in ("https://region.example/", f"http://127.0.0.1:{made.ports['https']}/"):
                with pytest.raises(Error) as refused:
                    await pages[At.DESK].goto(address)
                elsewhere.append(str(refused.value))
    return Played(chapter, out, str(wrong.value), tuple(elsewhere))


def box_of(picture: Image.Image, colour: str) -> tuple[int, int, int, int]:
    """The smallest box around everything of exactly this colour."""
    red, green, blue = bytes.fromhex(colour[1:])
    planes = [
        plane.point([255 if value == wanted else 0 for value in range(256)])
        for plane, wanted in zip(picture.split(), (red, green, blue), strict=True)
    ]
    empty = Image.new("L", picture.size, 0)
    mask = Image.composite(Image.composite(planes[0], empty, planes[1]), empty, planes[2])
    box = mask.getbbox()
    assert box is not None, colour
    return box


@pytest.mark.parametrize("step", [0, 1, 2])
def test_the_ring_is_around_the_button_that_is_pressed(played: Played, step: int) -> None:
    picture = played.picture(step)
    ring = box_of(picture, RING)
    button = box_of(picture.crop(ring), ACCENT)
    width, height = ring[2] - ring[0], ring[3] - ring[1]
    gaps = [button[0], width - button[2], button[1], height - button[3]]
    assert max(gaps) < 25 * SCALE, "the number stands on a corner"
    assert min(gaps) > 5 * SCALE
    assert sum(gap < 12 * SCALE for gap in gaps) == 2, "and on one corner only"
    assert button[2] - button[0] > 300 * SCALE, "the button, and no link in its colour"


def test_what_is_told_has_the_labels_of_the_screen(played: Played) -> None:
    lines = played.chapter.lines
    assert [line.number for line in lines] == [1, 2, 3, 4, 5]
    assert lines[0].do == "https://mfaregistrering.region.example: ”Lösenord”, ”Logga in”."
    assert lines[0].seen == "”Hur vill du visa att det är du?”"
    assert lines[1].do == "”Textkod till min telefon för autentisering”, ”Mobilnummer”, ”Spara”."
    assert lines[1].seen is None
    assert played.chapter.lead == "Till Region Exempel."
    assert played.chapter.end == "Slut. Ring 070-174 06 99."
    assert [line.sees for line in lines[1:3]] == ["Vilken kod fick du?", "Klart!"]


def test_what_is_pressed_is_kept_for_whoever_follows_it(played: Played) -> None:
    assert list(played.chapter.lines[0].pressed) == [
        {
            "act": "open",
            "place": "registration",
            "address": "https://mfaregistrering.region.example",
        },
        {"act": "write", "label": "E-postadress eller användarnamn", "given": "email"},
        {"act": "write", "label": "Lösenord", "given": "password"},
        {"act": "press", "label": "Logga in"},
    ]


def test_an_app_that_is_opened_is_there_by_its_name(played: Played) -> None:
    line = played.chapter.lines[3]
    assert line.do == "”Lönespecifikationen”"
    after = Image.open(played.folder / line.shots[-1].file).convert("RGB")
    colours = {colour for _, colour in after.getcolors(1_000_000) or []}
    assert len(colours) > 10, "its name is written"
    assert ACCENT_RGB not in colours, "and it is no page of ours"


def test_what_is_only_seen_has_a_picture_without_a_ring(played: Played) -> None:
    line = played.chapter.lines[4]
    assert [each.ringed for each in played.chapter.lines] == [True] * 4 + [False]
    assert line.picture is not None
    assert line.picture.alt == "Sidan ”Lägg till ditt konto”."
    red, green, blue = bytes.fromhex(RING[1:])
    colours = played.picture(4).getcolors(1_000_000) or []
    assert (red, green, blue) not in [colour for _, colour in colours]


def test_a_picture_says_in_words_what_matters_in_it(played: Played) -> None:
    picture = played.chapter.lines[0].picture
    assert picture is not None
    assert picture.alt == (
        "Sidan ”Logga in”. Ifyllt: ”E-postadress eller användarnamn”, ”Lösenord”."
        " Ringen med siffran 1 visar ”Logga in”."
    )


def test_the_films_shots_are_whole_screens_with_the_pointer_at_what_is_pressed(
    played: Played,
) -> None:
    shots = [shot for line in played.chapter.lines for shot in line.shots]
    for shot in shots:
        with Image.open(played.folder / shot.file) as opened:
            assert opened.size == (shot.width * SCALE, shot.height * SCALE)
    pressed = [shot for shot in shots if shot.pressed]
    assert len(pressed) == 4
    for shot in pressed:
        assert shot.ring is not None
        assert shot.pointer is not None
        assert shot.ring.x < shot.pointer[0] < shot.ring.x + shot.ring.width
        assert shot.ring.y < shot.pointer[1] < shot.ring.y + shot.ring.height
        assert shot.ring.y + shot.ring.height <= shot.height


def test_a_label_that_is_not_there_is_an_error_that_says_what_is(played: Played) -> None:
    assert "journey wrong, step look (en)" in played.wrong
    assert "reset.ways_title" in played.wrong
    assert "the screen shows “Sign in” at https://mfa.region.example/" in played.wrong


def test_the_browsers_of_the_stage_reach_nothing_else(played: Played) -> None:
    for refused in played.elsewhere:
        assert "ERR_NAME_NOT_RESOLVED" in refused
