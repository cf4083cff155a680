"""What is seen in a film, and for how long: without drawing any of it."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from portvakt.guide.captions import TICKS
from portvakt.guide.errors import GuideError
from portvakt.guide.steps import At
from portvakt.guide.telling import Chapter
from portvakt.guide.timeline import Moment, Timeline, timeline
from portvakt.guide.voice import Clip, Spoken
from tests.guide.a_chapter import a_chapter

LAST_WORDS = {"sv": "Mer finns i guiden.", "en": "There is more in the guide."}


@pytest.fixture
def words(tmp_path: Path) -> dict[str, Chapter]:
    return {language: a_chapter(language, tmp_path) for language in ("sv", "en")}


def laid_out(words: dict[str, Chapter]) -> Timeline:
    return timeline(words, "sv", LAST_WORDS, None)


def of_step(made: Timeline, line: int) -> list[Moment]:
    return [one for one in made.moments if one.view.line == line and not one.view.card]


def test_pictures_follow_each_other_without_a_gap(words: dict[str, Chapter]) -> None:
    made, now = laid_out(words), 0
    for moment in made.moments:
        assert moment.start == now
        now += moment.ticks
    assert now == made.ticks


def test_captions_fill_the_film_from_its_first_moment_to_its_last(
    words: dict[str, Chapter],
) -> None:
    made = laid_out(words)
    for cues in made.cues.values():
        assert (cues[0].start, cues[-1].end) == (0, made.ticks)


def test_a_pointer_glides_to_what_is_pressed_and_a_ring_waits_for_it(
    words: dict[str, Chapter],
) -> None:
    moments = of_step(laid_out(words), 1)
    ringed = [at for at, one in enumerate(moments) if one.view.ring]
    before = [one.view.pointer for one in moments[: ringed[0]] if one.view.pointer]
    assert len(before) >= 8
    assert [y for _, y in before] == sorted((y for _, y in before), reverse=True)
    assert moments[ringed[0]].view.pointer == (640.0, 324.0)
    assert moments[ringed[0]].ticks >= TICKS
    pulses = [moments[at].view.pulse for at in ringed]
    assert pulses == sorted(pulses)
    assert (pulses[0], pulses[-1]) == (0.0, 1.0)


def test_no_pointer_hides_what_is_read(words: dict[str, Chapter]) -> None:
    made = laid_out(words)
    for line in (1, 2):
        moments = of_step(made, line)
        assert moments[0].view.pointer is None
        assert moments[-1].view.pointer is None


def test_the_pointer_of_the_desk_goes_on_from_where_it_was(words: dict[str, Chapter]) -> None:
    line = words["sv"].lines[1]
    shots = (*line.shots, replace(line.shots[0], pointer=(700.0, 100.0)))
    again = replace(words["sv"], lines=(replace(line, number=1, shots=shots),))
    pointers = [one.view.pointer for one in of_step(laid_out({"sv": again}), 0)]
    after = pointers[pointers.index(None, 1) + 1]
    assert after is not None
    assert after[0] == pytest.approx(640, abs=10)
    assert after[1] == pytest.approx(324, abs=10)


def test_a_phone_that_is_used_with_the_desk_stands_beside_it(words: dict[str, Chapter]) -> None:
    made = laid_out(words)
    assert {tuple(at for at, _ in one.view.screens) for one in of_step(made, 1)} == {(At.DESK,)}
    for one in of_step(made, 2):
        assert [at for at, _ in one.view.screens] == [At.DESK, At.PHONE]
        assert one.view.active is At.PHONE


def test_of_two_phones_both_are_shown(words: dict[str, Chapter]) -> None:
    (line,) = (line for line in words["sv"].lines if line.at is At.PHONE)
    old = replace(line, name="old", number=1)
    shots = tuple(replace(shot, at=At.NEW_PHONE) for shot in line.shots)
    new = replace(line, name="new", number=2, at=At.NEW_PHONE, shots=shots)
    moved = {"sv": replace(words["sv"], lines=(old, new, replace(old, name="again", number=3)))}
    made = laid_out(moved)
    assert [
        {tuple(at for at, _ in one.view.screens) for one in of_step(made, line)}
        for line in range(3)
    ] == [{(At.PHONE,)}, {(At.PHONE, At.NEW_PHONE)}, {(At.PHONE, At.NEW_PHONE)}]


def test_a_step_without_pictures_stands_as_long_as_it_takes_to_read(
    words: dict[str, Chapter],
) -> None:
    bare = {
        language: replace(chapter, lines=(replace(chapter.lines[0], shots=()), *chapter.lines[1:]))
        for language, chapter in words.items()
    }
    moments = of_step(laid_out(bare), 0)
    assert [one.view.seen for one in moments] == [False, True]
    assert all(one.ticks >= 3 * TICKS for one in moments)


def test_languages_that_tell_other_steps_are_an_error(words: dict[str, Chapter]) -> None:
    words["en"] = replace(words["en"], lines=words["en"].lines[1:])
    with pytest.raises(GuideError, match="sign-in-from-home: the steps in en"):
        laid_out(words)


class Slow:
    """Somebody who takes eight seconds for whatever they read."""

    def say(self, spoken: Spoken) -> Clip | None:
        return Clip(bytes(48_000 * 2 * 8)) if spoken.text else None


def test_what_is_seen_is_told_when_it_is_seen(words: dict[str, Chapter]) -> None:
    made = timeline(words, "sv", LAST_WORDS, Slow())
    (done,) = {one.start for one in of_step(made, 2) if one.view.seen}
    assert done in made.clips
    starts = sorted([*made.clips, made.ticks])
    assert all(after - one >= 8 * TICKS for one, after in pairwise(starts))
