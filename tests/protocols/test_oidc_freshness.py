"""`prompt=login` and `max_age`: from when on evidence counts, and that asking ends."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest

from portvakt.core.relying_parties import RelyingParty
from portvakt.crypto.sealing import Mac, MasterKeys
from portvakt.journeys.open_app.oidc.authorize.demands import demands_of
from portvakt.journeys.open_app.oidc.authorize.freshness import MARKER_LIVES, Freshening, Freshness
from portvakt.journeys.open_app.oidc.authorize.request import ASKED, AuthorizationRequest
from tests import make

NOW = datetime(2026, 11, 23, 8, 0, 0, 123456, tzinfo=UTC)
BROWSER, ANOTHER = b"b" * 32, b"c" * 32
MAC = Mac(MasterKeys({"k1": b"k" * 32}), "asked")


APP = make.app()


def freshness(
    request: AuthorizationRequest, browser: bytes, now: datetime, app: RelyingParty = APP
) -> Freshness:
    """Judge a request that stands in the query itself."""
    return Freshening(MAC, browser, now).of(request, request, demands_of(request, app))


def asking(**parameters: str) -> AuthorizationRequest:
    query = urlencode({"client_id": "shop", "state": "s"} | parameters)
    request = AuthorizationRequest.parse(query.encode())
    assert isinstance(request, AuthorizationRequest)
    return request


def test_an_ordinary_request_counts_all_evidence_and_drops_a_marker() -> None:
    answer = freshness(asking(asked="1.x"), BROWSER, NOW)
    assert answer.since is None
    assert answer.sent == asking()


def test_prompt_login_counts_what_is_shown_from_the_moment_of_asking() -> None:
    first = freshness(asking(prompt="login"), BROWSER, NOW)
    assert first.since == NOW.replace(microsecond=123000)
    back = freshness(first.sent, BROWSER, NOW + timedelta(seconds=40))
    assert back.since == first.since
    assert back.sent == first.sent


def test_a103_max_age_of_nought_is_met_by_what_was_shown_since_it_was_asked() -> None:
    first = freshness(asking(max_age="0"), BROWSER, NOW)
    assert first.since is not None
    assert first.since <= NOW
    back = freshness(first.sent, BROWSER, NOW + timedelta(minutes=2))
    assert back.since == first.since


def test_max_age_counts_back_from_now() -> None:
    answer = freshness(asking(max_age="600"), BROWSER, NOW)
    assert answer.since == NOW - timedelta(minutes=10)


def test_prompt_login_is_stricter_than_a_long_max_age() -> None:
    answer = freshness(asking(prompt="login", max_age="86400"), BROWSER, NOW)
    assert answer.since == NOW.replace(microsecond=123000)


def test_an_old_marker_is_asked_anew() -> None:
    first = freshness(asking(prompt="login"), BROWSER, NOW)
    later = NOW + MARKER_LIVES + timedelta(seconds=1)
    again = freshness(first.sent, BROWSER, later)
    assert again.since == later.replace(microsecond=123000)
    assert again.sent != first.sent


@pytest.mark.parametrize(
    "marker",
    ["", "1", "1.", ".x", "0.AAAAAAAAAAAAAAAAAAAAAA", "1763884800000.å", "9" * 400, "-5.x", "²."],
)
def test_a_made_up_marker_dates_nothing_back(marker: str) -> None:
    answer = freshness(asking(prompt="login", asked=marker), BROWSER, NOW)
    assert answer.since == NOW.replace(microsecond=123000)


def test_a_marker_belongs_to_one_request_one_browser_and_one_moment() -> None:
    marked = freshness(asking(prompt="login"), BROWSER, NOW).sent
    marker = marked.get(ASKED)
    assert marker is not None
    later = NOW + timedelta(minutes=5)
    fresh = later.replace(microsecond=123000)
    assert freshness(marked, ANOTHER, later).since == fresh
    other = asking(prompt="login", state="t", asked=marker)
    assert freshness(other, BROWSER, later).since == fresh
    moment, _, proof = marker.partition(".")
    for moved in (f"{int(moment) - 60_000}.{proof}", f"0{moment}.{proof}", f"{marker}="):
        assert freshness(marked.with_own(ASKED, moved), BROWSER, later).since == fresh
