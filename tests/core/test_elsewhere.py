"""A cookie that has left its browser: another browser and another network, and never one alone."""

import pytest

from portvakt.core.elsewhere import seen_elsewhere
from tests import make

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0"
NEWER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:129.0) Gecko/20100101 Firefox/129.0"
ON_LINUX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36"
PHONE = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36"
DESKTOP_SITE = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36"
HOME, NEXT_DOOR, FAR = "203.0.113.7", "203.0.113.200", "198.51.100.7"
INSIDE, INSIDE_TOO = "10.20.1.1", "2001:db8:20::1"


@pytest.mark.parametrize(
    ("opened", "now", "elsewhere"),
    [
        ((HOME, FIREFOX), (FAR, CHROME), True),
        ((HOME, FIREFOX), (FAR, ON_LINUX), True),
        ((HOME, FIREFOX), (FAR, "curl/8.5"), True),
        ((HOME, FIREFOX), (FAR, ""), True),
        ((INSIDE, FIREFOX), (FAR, CHROME), True),
        ((HOME, FIREFOX), (INSIDE, CHROME), True),
        ((HOME, FIREFOX), (None, CHROME), True),
        ((None, FIREFOX), (HOME, CHROME), True),
        (("2001:db8:1::7", FIREFOX), ("2001:db8:2::7", CHROME), True),
        (("2001:db8:1::7", FIREFOX), (HOME, CHROME), True),
        ((HOME, FIREFOX), (FAR, FIREFOX), False),
        ((HOME, FIREFOX), (FAR, NEWER), False),
        ((HOME, PHONE), (FAR, DESKTOP_SITE), False),
        ((HOME, FIREFOX), (HOME, CHROME), False),
        ((HOME, FIREFOX), (NEXT_DOOR, CHROME), False),
        ((HOME, FIREFOX), ("::ffff:203.0.113.9", CHROME), False),
        (("2001:db8:1:5::7", FIREFOX), ("2001:db8:1:6::9", CHROME), False),
        ((INSIDE, FIREFOX), (INSIDE_TOO, CHROME), False),
        ((None, FIREFOX), (None, CHROME), False),
        ((HOME, "x"), (FAR, "y"), False),
    ],
)
def test_a_cookie_has_left_its_browser_where_both_are_others(
    opened: tuple[str | None, str], now: tuple[str | None, str], elsewhere: bool
) -> None:
    assert seen_elsewhere(opened, now, [make.network()]) is elsewhere
