import pytest

from portvakt.core.signals import Platform
from portvakt.core.user_agents import Browser, browser_of, platform_of

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.mark.parametrize(
    ("user_agent", "named"),
    [
        (FIREFOX, Browser("Firefox", "Windows")),
        (
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
                "Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0"
            ),
            Browser("Edge", "Windows"),
        ),
        (
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 "
                "(KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1"
            ),
            Browser("Safari", "iPhone"),
        ),
        (
            (
                "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) "
                "Chrome/140.0.0.0 Mobile Safari/537.36"
            ),
            Browser("Chrome", "Android"),
        ),
        (
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 "
                "(KHTML, like Gecko) Version/18.0 Safari/605.1.15"
            ),
            Browser("Safari", "Mac"),
        ),
        ("curl/8.0", Browser(None, None)),
        ("", Browser(None, None)),
    ],
)
def test_a_browser_is_named_as_people_know_it(user_agent: str, named: Browser) -> None:
    assert browser_of(user_agent) == named


@pytest.mark.parametrize(
    ("user_agent", "platform"),
    [
        (FIREFOX, Platform.WINDOWS),
        ("Mozilla/5.0 (iPad; CPU OS 18_0 like Mac OS X)", Platform.IOS),
        ("Mozilla/5.0 (Linux; Android 15)", Platform.ANDROID),
        ("Mozilla/5.0 (X11; CrOS x86_64 16181.61.0)", Platform.CHROMEOS),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 14_0)", Platform.MAC),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0)", Platform.LINUX),
        ("curl/8.14", None),
        ("", None),
    ],
)
def test_a_platform_is_what_the_browser_says(user_agent: str, platform: Platform | None) -> None:
    assert platform_of(user_agent) is platform
