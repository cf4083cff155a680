"""Rings that anybody sees, and crops that keep what matters."""

from io import BytesIO

import pytest
from PIL import Image

from portvakt.guide.marks import (
    AIR,
    AWAY,
    BADGE,
    EDGE,
    RING,
    TALLEST,
    around,
    beside,
    going_on,
    ringed,
    view,
)
from portvakt.guide.telling import SCALE, Box
from portvakt.web.colours import DARK_SURFACES, LIGHT_SURFACES, contrast

PAGE = Box(0, 0, 1280, 3000)
MAIN = Box(400, 100, 480, 2000)
HEADING = Box(420, 120, 440, 40)
BUTTON = Box(420, 300, 440, 48)


def plain(colour: str, width: int = 600, height: int = 400) -> bytes:
    out = BytesIO()
    Image.new("RGB", (width * SCALE, height * SCALE), colour).save(out, "PNG")
    return out.getvalue()


def opened(picture: bytes) -> Image.Image:
    return Image.open(BytesIO(picture)).convert("RGB")


def rgb(colour: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(colour[1:]))


def test_the_ring_stands_out_from_its_edge_and_the_edge_from_what_the_ring_does_not() -> None:
    assert contrast(RING, EDGE) >= 4.5
    for surface in (*LIGHT_SURFACES, *DARK_SURFACES):
        assert max(contrast(RING, surface), contrast(EDGE, surface)) >= 3


@pytest.mark.parametrize("ground", ["#FFFFFF", "#0B5A8A", "#16202B", RING])
def test_a_ring_is_around_what_is_pressed_and_leaves_it_as_it_is(ground: str) -> None:
    target = Box(200, 150, 160, 48)
    drawn = opened(ringed(plain(ground), target, 7))
    inside = (
        round(target.x) * SCALE,
        round(target.y) * SCALE,
        round(target.x + target.width) * SCALE,
        round(target.y + target.height) * SCALE,
    )
    middle = drawn.crop((inside[0] + 20, inside[1] + 20, inside[2], inside[3]))
    assert middle.getcolors() == [(middle.width * middle.height, rgb(ground))]
    below = [drawn.getpixel((280 * SCALE, y)) for y in range(inside[3], inside[3] + 15 * SCALE)]
    assert rgb(RING) in below
    assert rgb(EDGE) in below


def test_the_number_stands_in_the_ring_and_two_numbers_are_not_alike() -> None:
    target = Box(200, 150, 160, 48)
    seven, eight = (opened(ringed(plain("#FFFFFF"), target, number)) for number in (7, 8))
    assert seven.tobytes() != eight.tobytes()
    assert seven.size == eight.size == (600 * SCALE, 400 * SCALE)


def test_the_number_stands_where_it_hides_least() -> None:
    target = Box(200, 150, 160, 48)
    written = opened(plain("#FFFFFF"))
    written.paste((0, 0, 0), (170 * SCALE, 130 * SCALE, 230 * SCALE, 145 * SCALE))
    out = BytesIO()
    written.save(out, "PNG")
    drawn = opened(ringed(out.getvalue(), target, 3))
    left, right = target.x - AWAY, target.x + target.width + AWAY
    badge = [
        drawn.getpixel((round((x + side * BADGE * 0.8) * SCALE), round((target.y - AWAY) * SCALE)))
        for x, side in ((left, -1), (right, 1))
    ]
    assert badge == [rgb("#000000"), rgb(RING)], "to the right, for to the left stands something"


def test_a_ring_at_the_edge_of_a_picture_stays_inside_it() -> None:
    drawn = opened(ringed(plain("#FFFFFF", 200, 80), Box(0, 0, 200, 80), 12))
    assert rgb(RING) in {drawn.getpixel((200 * SCALE - 8, y)) for y in range(drawn.height)}


def test_a_view_has_the_heading_what_is_pressed_and_the_whole_width() -> None:
    part = view(MAIN, HEADING, BUTTON, PAGE)
    assert (part.x, part.width) == (MAIN.x - AIR, MAIN.width + 2 * AIR)
    assert part.y <= HEADING.y
    assert part.y + part.height >= BUTTON.y + BUTTON.height + AIR
    assert part.height <= TALLEST


def test_a_view_reaches_down_to_what_is_pressed_far_below() -> None:
    far = Box(420, 2000, 440, 48)
    part = view(MAIN, HEADING, far, PAGE)
    assert part.y <= HEADING.y
    assert part.y + part.height >= far.y + far.height + AIR


def test_a_view_has_what_is_pressed_outside_the_content_and_ends_with_the_page() -> None:
    foot = Box(20, 2960, 100, 40)
    part = view(MAIN, None, foot, PAGE)
    assert part.x <= foot.x
    assert part.y + part.height == PAGE.height


def test_a_long_page_where_nothing_is_pressed_is_shown_from_its_heading() -> None:
    part = view(MAIN, HEADING, None, PAGE)
    assert part.y <= HEADING.y
    assert part.height <= TALLEST + 2 * AIR


def test_a_picture_that_goes_on_fades_at_its_lower_edge_and_nowhere_else() -> None:
    drawn = opened(going_on(plain("#000000", 40, 100)))
    last = drawn.crop((0, drawn.height - 1, 40, drawn.height)).convert("L")
    assert min(last.tobytes()) > 250
    assert drawn.getpixel((20, drawn.height - round(AIR * SCALE) - 1)) == rgb("#000000")


def test_boxes_together_and_pictures_beside_each_other() -> None:
    assert around(Box(10, 20, 30, 40), Box(0, 50, 10, 100)) == Box(0, 20, 40, 130)
    together = opened(beside([plain("#111111", 100, 50), plain("#222222", 60, 80)]))
    assert together.size == ((100 + 60 + round(AIR)) * SCALE, 80 * SCALE)
    assert together.getpixel((0, together.height - 1)) == rgb(EDGE)
