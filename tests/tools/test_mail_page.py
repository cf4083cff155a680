"""What a mail looks like, and that it says what its text says."""

import html
import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.freezing import Change
from portvakt.mail import Notice, What, Where, Writer, from_body, to_body
from portvakt.texts import LANGUAGES, Texts

WRITER = Writer(texts=Texts.load(), organisation="Region & Exempel", support_phone="026-15 40 00")
AT = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
LINK = "https://portvakt.region.example/not-me/" + "a" * 43


def written(
    language: str, notice: Notice, label: str = "Min app", link: str = ""
) -> tuple[str, str]:
    what = What(notice=notice, method=AuthenticatorType.TOTP, label=label, left=7)
    where = Where(address="192.0.2.7", network="Regionens nät")
    subject, text = WRITER.notice(language, "Anna", what, at=AT, where=where, link=link)
    return text, WRITER.html(language, subject, text, link)


LINKED = {Notice(each) for each in Change if each is not Change.SIGN_IN}
"""A sign-in is disowned where it is listed, and no mail tells of it."""


def words(page: str) -> list[str]:
    body = re.sub(r"<(style|title).*?</\1>", " ", page, flags=re.DOTALL)
    return html.unescape(re.sub(r"<[^>]+>", " ", body)).split()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("notice", Notice)
def test_the_page_says_every_word_of_the_text_and_asks_no_server_for_anything(
    language: str, notice: Notice
) -> None:
    link = LINK if notice in LINKED else ""
    text, page = written(language, notice, link=link)
    for word in text.replace("När:", "När").replace("Var:", "Var").split():
        assert word.removesuffix(":") in " ".join(words(page))
    assert f'<html lang="{language}">' in page
    assert set(re.findall(r'href="([^"]*)"', page)) == ({link} if link else set())
    assert not re.search(r"<(img|script|link|iframe|object|form|base)\b|url\(|@import|src=", page)
    assert "prefers-color-scheme: dark" in page
    assert len(page.encode()) < 20_000


def test_what_a_person_typed_is_words_and_never_marks() -> None:
    label = "<img src=x onerror=alert(1)> & \"'</style><a href='https://evil.example'>"
    _, page = written("sv", Notice.ADDED, label=label, link=LINK)
    assert "<img" not in page
    assert "&lt;img src=x onerror=alert(1)&gt; &amp;" in page
    assert set(re.findall(r'href="([^"]*)"', page)) == {LINK}
    assert "Region &amp; Exempel" in page


def test_a_label_that_looks_like_the_link_makes_no_second_button() -> None:
    _, page = written("sv", Notice.ADDED, label=LINK.replace("/not-me/", "/x/"), link=LINK)
    assert page.count('class="button"') == 1


@given(st.text(max_size=80))
def test_no_label_breaks_the_page(label: str) -> None:
    _, page = written("en", Notice.ADDED, label=label, link=LINK)
    assert page.count('class="button"') == 1
    assert page.rstrip().endswith("</html>")


def test_the_page_and_its_language_survive_the_outbox_and_older_rows_have_none() -> None:
    letter = from_body(to_body("Ä", "Hej\n", "<p>Hej", "sv"), to="a@b.example", key="k", at=AT)
    assert (letter.html, letter.language) == ("<p>Hej", "sv")
    older = b'{"subject": "x", "text": "y", "html": null}'
    assert from_body(older, to="a@b.example", key="k", at=AT).language is None
