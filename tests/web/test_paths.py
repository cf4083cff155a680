"""Where somebody may be sent afterwards: only to us."""

from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portvakt.web.paths import is_local_path, local_path

BASE = "https://id.region.example/sign-in"


@pytest.mark.parametrize(
    "to",
    [
        "//evil",
        "///evil",
        "////evil.example/a",
        "/\\evil",
        "\\\\evil",
        "\\/evil",
        "/\\/evil",
        "https:evil",
        "https:/evil",
        "https://evil",
        "https://id.region.example/apps",
        "HTTPS://evil",
        "http://evil",
        "javascript:alert(1)",
        "data:text/html,x",
        "evil.example",
        "evil",
        "",
        " ",
        " /apps",
        "/ /evil",
        "/\t/evil",
        "/\n/evil",
        "/\r\n/evil",
        "\t//evil",
        "/\x00/evil",
        "/\x0b/evil",
        "/apps\r\nSet-Cookie: a=b",
        "/%0d%0aSet-Cookie:a=b",
        "/%09/evil",
        "/%2f/evil",
        "/%2fevil",
        "/%2F%2Fevil",
        "/%5cevil",
        "/%5C/evil",
        "/%252fevil",
        "/%00",
        "/@evil",
        "/:80",
        "//user:pass@evil",
        "/apps/..//evil",
        "/..//evil",
        "/../evil",
        "/./apps",
        "/%2e%2e/evil",
        "/apps/.%2E/evil",
        "/apps//evil",
        "/apps#//evil",
        "#/apps",
        "?to=/apps",
        "/apps?x=%",
        "/apps?x=%zz",
        "/%",
        "/sök",
        "/\uff0fevil",
        "/\u3002evil",
        "\uff0f\uff0fevil",
        "/\u202e/live",
        "/\u2028/evil",
        "/apps<script>",
        '/apps"onload=',
        "/apps?x=<script>",
        "/" + "a" * 9000,
    ],
)
def test_a120_what_is_not_surely_ours_leads_to_the_portal(to: str) -> None:
    assert local_path(to) == "/apps"


@pytest.mark.parametrize(
    "to",
    [
        "/",
        "/apps",
        "/security-info",
        "/sign-in/abcdefghijklmnopqrstuvwxyz",
        "/oidc/authorize?client_id=shop&redirect_uri=https%3A%2F%2Fshop.example%2Fcallback&state=a%2Bb",
        "/oidc/authorize?redirect_uri=http://localhost:8003/callback&scope=openid+profile&nonce=-_~.!",
        "/open/1?x=%C3%A5&y=%25&z=%2F..%2F",
    ],
)
def test_a_path_of_ours_is_followed_as_it_is(to: str) -> None:
    assert local_path(to) == to


def test_nothing_sent_leads_to_the_portal() -> None:
    assert local_path(None) == "/apps"


@given(st.text(alphabet="/\\:@%?#.;, \t\r\n\x00abe2f5c09", max_size=24))
def test_whatever_is_followed_stays_on_our_origin(to: str) -> None:
    followed = local_path(to)
    for reading in (followed, followed.replace("\\", "/")):
        landed = urlsplit(urljoin(BASE, reading))
        assert (landed.scheme, landed.netloc) == ("https", "id.region.example")
    assert is_local_path(followed)
