"""Forms and queries are decoded once, strictly, and never repaired."""

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from portvakt.web.forms import BadFormError, Form, parse_form, query


def test_fields_are_decoded_once() -> None:
    sent = parse_form(b"name=%C3%A5sa+berg&password=a%26b%3Dc%252f&empty=")
    assert dict(sent) == {"name": "åsa berg", "password": "a&b=c%2f", "empty": ""}


def test_a_field_that_was_not_sent_reads_as_empty_and_is_not_there() -> None:
    sent = parse_form(b"")
    assert sent["name"] == ""
    assert "name" not in sent
    assert len(sent) == 0


@pytest.mark.parametrize(
    "body",
    [
        b"name=a&name=b",
        b"name=a&n%61me=b",
        b"name=%00",
        b"na%00me=a",
        b"name=%ff",
        b"name=%c3",
        b"name=%c0%af",
        b"name=%ed%a0%80",
        b"name=%u00e5",
        b"name=%zz",
        b"name=%",
        b"name=%4",
        "name=å".encode(),
        b"name=\xff",
        b"name",
        b"&",
        b"name=a&&b=c",
        b"name=" + b"a" * 9000,
        b"n" * 65 + b"=a",
        b"&".join(b"f%d=x" % number for number in range(513)),
        b"{}",
    ],
)
def test_what_no_page_of_ours_could_have_sent_is_refused(body: bytes) -> None:
    with pytest.raises(BadFormError):
        parse_form(body)


def test_a_semicolon_is_a_character_and_parts_nothing() -> None:
    assert parse_form(b"a=1;b=2")["a"] == "1;b=2"


def test_a125_letters_that_only_look_alike_stay_apart() -> None:
    latin, cyrillic = parse_form(b"name=anna"), parse_form(b"name=%D0%B0nna")
    assert cyrillic["name"] == "аnna"
    assert latin["name"] != cyrillic["name"]


def test_a_form_shows_the_names_of_its_fields_and_never_what_they_hold() -> None:
    shown = repr(Form({"password": "hemligt", "name": "anna"}))
    assert shown == "Form(name, password)"


def test_a_query_is_read_as_strictly_as_a_form() -> None:
    scope = {"type": "http", "headers": [], "query_string": b"to=/a&to=/b"}
    with pytest.raises(BadFormError):
        query(Request(scope))


@given(st.binary(max_size=200))
def test_any_bytes_are_either_read_or_refused(body: bytes) -> None:
    try:
        sent = parse_form(body)
    except BadFormError:
        return
    assert all("\0" not in value for value in sent.values())


@given(st.dictionaries(st.text("abcåäö", min_size=1, max_size=9), st.text(max_size=40), max_size=9))
def test_what_a_browser_writes_comes_back_as_it_was(fields: dict[str, str]) -> None:
    fields = {name: value.replace("\0", "") for name, value in fields.items()}
    assert dict(parse_form(urlencode(fields).encode())) == fields
