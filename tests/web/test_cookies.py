"""The four cookies: how they are written, and what is believed."""

import pytest
from starlette.responses import Response

from portvakt.web.cookies import (
    drop_session,
    new_secret,
    read_cookies,
    secret_value,
    session_value,
    set_binding,
    set_browser,
    set_language,
    set_session,
)

SECRET = "a" * 43
SESSION = "b" * 26


def written(response: Response) -> list[str]:
    return [value.decode() for name, value in response.raw_headers if name == b"set-cookie"]


def test_a060_every_cookie_is_bound_to_this_host_alone() -> None:
    response = Response()
    set_binding(response, SECRET)
    set_browser(response, SECRET)
    set_session(response, SESSION, SECRET)
    set_language(response, "en")
    drop_session(response)
    cookies = written(response)
    assert len(cookies) == 5
    for cookie in cookies:
        attributes = cookie.split("; ")[1:]
        assert cookie.startswith("__Host-")
        assert {"Path=/", "Secure", "HttpOnly", "SameSite=Lax"} <= set(attributes)
        assert not any(each.lower().startswith("domain") for each in attributes)
        assert len(cookie) < 4096


def test_a_session_goes_with_the_browser_and_a_known_browser_stays_400_days() -> None:
    session, browser = Response(), Response()
    set_session(session, SESSION, SECRET)
    set_browser(browser, SECRET)
    assert "Max-Age" not in written(session)[0]
    assert "Max-Age=34560000" in written(browser)[0]


def test_a_dropped_session_ends_at_once() -> None:
    response = Response()
    drop_session(response)
    assert written(response) == [
        "__Host-session=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax"
    ]


def test_a_new_secret_is_43_characters_of_32_bytes() -> None:
    assert new_secret(bytes(range(32))) == "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
    assert secret_value(new_secret(b"\xff" * 32)) == "_" * 42 + "8"


@pytest.mark.parametrize(
    "forged",
    [
        "",
        "a" * 42,
        "a" * 44,
        "a" * 42 + "=",
        "a" * 42 + " ",
        "a" * 42 + "\n",
        "å" * 43,
        "../" * 20,
        "' OR 1=1 --",
        "a" * 5000,
    ],
)
def test_a072_a_browser_cookie_that_we_did_not_write_is_ignored(forged: str) -> None:
    assert secret_value(forged) is None


@pytest.mark.parametrize(
    "planted",
    [
        "",
        SESSION,
        SECRET,
        f"{SESSION}.",
        f".{SECRET}",
        f"{SESSION}.{SECRET}.",
        f"{SESSION}.{SECRET}\n",
        f"{SESSION.upper()}.{SECRET}",
        f"{SESSION}.{SECRET[1:]}",
        f"{SESSION}:{SECRET}",
    ],
)
def test_a056_a_session_cookie_that_we_did_not_write_is_ignored(planted: str) -> None:
    assert session_value(planted) is None


def test_a_session_cookie_is_read_in_its_two_parts() -> None:
    assert session_value(f"{SESSION}.{SECRET}") == (SESSION, SECRET)


def test_only_our_own_names_are_read() -> None:
    header = b"session=x; __host-session=y; __Host-session=z;__Secure-session=w; $Path=/"
    assert read_cookies([(b"cookie", header), (b"accept", b"__Host-binding=no")]) == {
        "__Host-session": "z"
    }


@pytest.mark.parametrize(
    "headers",
    [
        [(b"cookie", b"__Host-session=a; __Host-session=b")],
        [(b"cookie", b"__Host-session=a"), (b"cookie", b"__Host-session=a")],
    ],
)
def test_a_cookie_that_comes_twice_counts_as_absent(headers: list[tuple[bytes, bytes]]) -> None:
    assert read_cookies(headers) == {}


def test_odd_cookie_headers_are_read_without_failing() -> None:
    odd = b"; ;=;__Host-language;__Host-binding= \xff\xfe ;;a=b=c"
    assert read_cookies([(b"cookie", odd)]) == {
        "__Host-language": "",
        "__Host-binding": " ÿþ",
    }
