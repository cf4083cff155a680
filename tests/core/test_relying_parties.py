import pytest
from hypothesis import given
from hypothesis import strategies as st

from portvakt.core.ids import AccountId
from portvakt.core.relying_parties import redirect_matches, sector_of, subject
from tests import make

KEY = b"k" * 32
REGISTERED = "https://app.example/cb"

NEVER = [
    "",
    "https://app.example.evil.tld/cb",
    "https://app.example/cb/more",
    "https://app.example/cb/",
    "https://app.example/cb?x=1",
    "https://app.example/cb#x",
    "https://app.example/CB",
    "https://APP.example/cb",
    "https://app.example:443/cb",
    "https://app.example:8443/cb",
    "http://app.example/cb",
    "https://app.example/../cb",
    "https://app.example//cb",
    "https://app.example/%63b",
    "https://appXexample/cb",
    "https://evil@app.example/cb",
    "https://app.example@evil.tld/cb",
    "https://app.example\\@evil.tld/cb",
    "https://app.example/cb ",
    " https://app.example/cb",
    "https://app.example/cb\n",
    "https://app.example/c\tb",
    "//app.example/cb",
    "javascript:alert(1)//https://app.example/cb",
    "https://app.example/cb\0",
    "https://\u0430pp.example/cb",
]


@pytest.mark.parametrize("asked", NEVER)
@pytest.mark.parametrize("kind", ["web", "native"])
def test_a097_nothing_but_what_was_registered_is_sent_an_answer(asked: str, kind: str) -> None:
    app = make.app(redirect_uris=(REGISTERED,), application_type=kind)
    assert redirect_matches(app, REGISTERED)
    assert not redirect_matches(app, asked)


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
@pytest.mark.parametrize("port", ["", ":1", ":8123", ":65535"])
def test_a_native_app_comes_back_on_any_port_of_a_loopback_literal(host: str, port: str) -> None:
    """RFC 8252 section 7.3."""
    app = make.app(redirect_uris=(f"http://{host}/cb",), application_type="native")
    assert redirect_matches(app, f"http://{host}{port}/cb")
    web = make.app(redirect_uris=(f"http://{host}/cb",))
    assert redirect_matches(web, f"http://{host}{port}/cb") is (not port)


def test_a_native_app_that_registered_a_port_may_use_another() -> None:
    app = make.app(redirect_uris=("http://127.0.0.1:5000/cb",), application_type="native")
    assert redirect_matches(app, "http://127.0.0.1:6000/cb")


@pytest.mark.parametrize(
    "asked",
    [
        "http://localhost:8123/cb",
        "http://127.0.0.2:8123/cb",
        "http://127.1:8123/cb",
        "http://0x7f000001:8123/cb",
        "http://127.0.0.1.evil.tld/cb",
        "http://127.0.0.1:80@evil.tld/cb",
        "http://127.0.0.1@evil.tld/cb",
        "http://evil@127.0.0.1:8123/cb",
        "http://127.0.0.1:8123:9/cb",
        "http://127.0.0.1:/cb",
        "http://127.0.0.1:0/cb",
        "http://127.0.0.1:08123/cb",
        "http://127.0.0.1:65536/cb",
        "http://127.0.0.1:999999999999/cb",
        "http://127.0.0.1:81x/cb",
        "http://127.0.0.1:\uff18123/cb",
        "http://127.0.0.1:+81/cb",
        "http://127.0.0.1:8123",
        "http://127.0.0.1:8123/other",
        "http://127.0.0.1:8123/cb/",
        "http://127.0.0.1:8123/cb?x=1",
        "http://127.0.0.1:8123/cb#x",
        "http://127.0.0.1:8123\\@evil.tld/cb",
        "http://127.0.0.1:8123/../cb",
        "http://[::1]:8123/cb",
        "http://[::1%25lo]:8123/cb",
        "https://127.0.0.1:8123/cb",
        "HTTP://127.0.0.1:8123/cb",
    ],
)
def test_a097_a_loopback_address_is_nothing_else_that_looks_like_one(asked: str) -> None:
    app = make.app(redirect_uris=("http://127.0.0.1/cb",), application_type="native")
    assert not redirect_matches(app, asked)


@pytest.mark.parametrize("path", ["/c b", "/cb\\x", "/cb\n", "/cå"])
def test_a_path_that_a_browser_would_mend_never_matches_on_another_port(path: str) -> None:
    app = make.app(redirect_uris=(f"http://127.0.0.1{path}",), application_type="native")
    assert not redirect_matches(app, f"http://127.0.0.1:8123{path}")


def test_localhost_is_a_name_and_gets_no_port_of_its_own() -> None:
    """`http://localhost:80@attacker` is the classic; names may also resolve elsewhere."""
    app = make.app(redirect_uris=("http://localhost/cb",), application_type="native")
    assert redirect_matches(app, "http://localhost/cb")
    assert not redirect_matches(app, "http://localhost:8123/cb")
    assert not redirect_matches(app, "http://localhost:80@attacker.example/cb")


uris = st.text(st.sampled_from("htps:/127.0.1[]@\\ab?#%"), max_size=40)


@given(st.lists(uris, max_size=3), uris)
def test_a_web_app_gets_exactly_what_it_registered(registered: list[str], asked: str) -> None:
    app = make.app(redirect_uris=tuple(registered))
    assert redirect_matches(app, asked) is (asked in registered)


@given(uris.map("http://127.0.0.1".__add__))
def test_a_native_app_gets_only_its_own_path_on_loopback(asked: str) -> None:
    app = make.app(redirect_uris=("http://127.0.0.1/cb",), application_type="native")
    if redirect_matches(app, asked):
        host, slash, path = asked.removeprefix("http://").partition("/")
        assert (slash, path) == ("/", "cb")
        name, _, port = host.partition(":")
        assert name == "127.0.0.1"
        assert port == "" or 0 < int(port) < 65536


def test_a_subject_is_stable_and_is_never_the_id_of_the_account() -> None:
    anna = AccountId("anna")
    app, other = make.app(), make.app(client_id="journal", redirect_uris=("https://j.example/cb",))
    assert subject(anna, app, KEY) == subject(anna, app, KEY) == subject(anna, other, KEY)
    assert subject(anna, app, KEY) != subject(AccountId("bo"), app, KEY)
    assert subject(anna, app, KEY) != subject(anna, app, b"o" * 32)
    assert "anna" not in subject(anna, app, KEY)
    assert len(subject(anna, app, KEY)) <= 255
    assert subject(anna, app, KEY).isascii()


def test_pairwise_subjects_differ_from_sector_to_sector() -> None:
    anna = AccountId("anna")
    shop = make.app(subject_type="pairwise", redirect_uris=("https://shop.example/cb",))
    same = make.app(
        client_id="shop2", subject_type="pairwise", redirect_uris=("https://shop.example/b",)
    )
    other = make.app(subject_type="pairwise", redirect_uris=("https://other.example/cb",))
    public = make.app(redirect_uris=("https://shop.example/cb",))
    assert subject(anna, shop, KEY) == subject(anna, same, KEY)
    assert len({subject(anna, each, KEY) for each in (shop, other, public)}) == 3


def test_an_app_on_several_hosts_is_a_sector_of_its_own() -> None:
    app = make.app(redirect_uris=("https://a.example/cb", "https://b.example/cb"))
    assert sector_of(app) == "shop"
    assert sector_of(make.app(redirect_uris=("https://a.example/cb",))) == "a.example"


@pytest.mark.parametrize(
    "uri",
    [
        "com.example.app:/cb",
        "http://127.0.0.1/cb",
        "http://[::1]:8000/cb",
        "http://localhost:3000/cb",
        "https://app.localhost/cb",
    ],
)
def test_a_place_that_every_app_can_have_makes_no_sector(uri: str) -> None:
    """Else two apps on phones, or on people's own machines, could compare whom they know."""
    one = make.app(subject_type="pairwise", redirect_uris=(uri,), application_type="native")
    two = make.app(client_id="two", subject_type="pairwise", redirect_uris=(uri,))
    assert (sector_of(one), sector_of(two)) == ("shop", "two")
    anna = AccountId("anna")
    assert subject(anna, one, KEY) != subject(anna, two, KEY)
