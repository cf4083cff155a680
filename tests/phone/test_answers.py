"""Answers are read strictly: what the page does not say is refused, whatever it is."""

import json
from typing import Any

import pytest

from portvakt.phone.answers import (
    Paired,
    Request,
    Result,
    State,
    Transfer,
    read,
    refusal,
    shown_in,
)
from portvakt.phone.encoding import b64u, from_b64u
from portvakt.phone.errors import STATUS, GoneError, UnreadableError
from portvakt.phone.words import lines_of
from tests.phone.service import Service

SERVICE = Service()
SERVICE.request()
STATE = SERVICE.fetched()
TOTP = {"secret": "GEZDGNBV", "digits": 6, "period": 30, "algorithm": "SHA1"}
PAIRED = STATE | {"phone": "p", "totp": TOTP}
KINDS: list[tuple[Any, dict[str, Any]]] = [
    (State, STATE),
    (Paired, PAIRED),
    (Result, {"result": "approved", "now": 1}),
    (Transfer, {"code": "c", "url": "u", "expires_at": 2, "now": 1}),
]


@pytest.mark.parametrize(("kind", "good"), KINDS)
def test_every_member_is_needed_and_no_other_is_taken(kind: Any, good: dict[str, Any]) -> None:
    read(kind, json.dumps(good))
    with pytest.raises(UnreadableError, match="surprise"):
        read(kind, json.dumps(good | {"surprise": 1}))
    for name in good:
        with pytest.raises(UnreadableError):
            read(kind, json.dumps({key: good[key] for key in good if key != name}))
        with pytest.raises(UnreadableError):
            read(kind, json.dumps(good | {name: ["wrong type"]}))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        '{"now":1,"now":2}',
        '{"now":NaN}',
        '{"now":-1}',
        '{"now":true}',
        '{"now":"1"}',
        '{"now":1e99}',
        "[" * 100_000,
    ],
)
def test_what_is_no_object_of_the_page_is_refused(text: str) -> None:
    with pytest.raises(UnreadableError):
        read(Result, text)


def test_three_requests_at_once_are_one_too_many() -> None:
    with pytest.raises(UnreadableError):
        read(State, json.dumps(STATE | {"requests": STATE["requests"] * 3}))


@pytest.mark.parametrize(
    "wrong",
    [
        {"v": 2},
        {"purpose": "party"},
        {"digits": 3},
        {"request": "another"},
        {"surprise": 1},
        {"lock": 0},
    ],
)
def test_what_a_request_shows_is_read_as_strictly(wrong: dict[str, Any]) -> None:
    shown = next(iter(SERVICE.waiting.values())).shown | wrong
    name = next(iter(SERVICE.waiting))
    request = Request(id=name, shown=b64u(json.dumps(shown).encode()), expires_at=1)
    with pytest.raises(UnreadableError):
        shown_in(request)


@pytest.mark.parametrize("word", STATUS)
def test_every_error_of_the_page_is_known_with_its_status_alone(word: str) -> None:
    body: dict[str, Any] = {"error": word, "now": 1}
    if word == "too_many":
        body["retry_at"] = 2
    found = refusal(STATUS[word], json.dumps(body).encode())
    assert found.word == word
    assert isinstance(found, GoneError) == (word == "gone")
    with pytest.raises(UnreadableError):
        refusal(418, json.dumps(body).encode())


@pytest.mark.parametrize(
    "body",
    [
        {"error": "tea", "now": 1},
        {"error": "gone"},
        {"error": "gone", "now": 1, "retry_at": 2},
        {"error": "too_many", "now": 1},
    ],
)
def test_an_error_that_the_page_does_not_know_is_refused(body: dict[str, Any]) -> None:
    status = STATUS.get(body["error"], 418)
    with pytest.raises(UnreadableError):
        refusal(status, json.dumps(body).encode())


@pytest.mark.parametrize("text", ["AA==", "AB", "A", "A+A", "A/A", "å", "A A", "AA\n"])
def test_base64url_has_one_spelling(text: str) -> None:
    with pytest.raises(ValueError, match="base64url"):
        from_b64u(text)


def test_a_request_in_words_cannot_write_over_the_terminal() -> None:
    service = Service()
    service.request("123456", app="\x1b[2JLön\r\u202e", lock=True, known_browser=False)
    (asked,) = read(State, json.dumps(service.fetched())).requests
    said = lines_of(asked, service.now + 10_500)
    assert said == [
        "Sign in to [2JLön",
        f"  request  {asked.id}, ends in 79 s",
        "  account  anna.berg@region.example",
        "  from     outside the networks known, 203.0.113.7",
        "  browser  Chrome, Windows, never used before",
        "  at       2026-11-22 12:00:00Z",
        "  number   6 digits, on the other screen, and the screen lock",
    ]


@pytest.mark.parametrize(
    ("purpose", "said"),
    [
        ("sign_in", "Sign in"),
        ("methods", "Change how you sign in"),
        ("reset", "RESET PASSWORD"),
        ("test", "Test this phone"),
    ],
)
def test_every_purpose_has_words(purpose: str, said: str) -> None:
    service = Service()
    service.request(purpose=purpose, app="", network="Sjukhuset", address="", browser="")
    (asked,) = read(State, json.dumps(service.fetched())).requests
    lines = lines_of(asked, service.now)
    assert lines[0] == said
    assert lines[3] == "  from     the network Sjukhuset"
    assert lines[4] == "  browser  unknown, used before"
