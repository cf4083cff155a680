"""What texts and mail say, in both languages."""

import re
from datetime import UTC, datetime

import pytest

from portvakt.core.authenticators import AuthenticatorType
from portvakt.gsm7 import in_alphabet, parts, written
from portvakt.mail import Notice, What, Where, Writer, from_body, to_body
from portvakt.sms import CodeText, notice_text
from portvakt.texts import LANGUAGES, Texts

TEXTS = Texts.load()
WRITER = Writer(texts=TEXTS, organisation="Region Exempel", support_phone="026-15 40 00")
CODES = CodeText(texts=TEXTS, organisation="Region Exempel", host="login.region.example")
AT = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
PURPOSES = sorted(
    message.removeprefix("sms.purpose_")
    for message in TEXTS.ids("sv")
    if message.startswith("sms.purpose_")
)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("purpose", PURPOSES)
def test_a027_a_text_names_service_purpose_and_code_and_ends_bound_to_the_host(
    language: str, purpose: str
) -> None:
    text = CODES.code(language, purpose=purpose, digits="012345")
    words = text.rpartition("\n")[0]
    assert words.startswith("Region Exempel: 012345 ")
    assert TEXTS.say(language, f"sms.purpose_{purpose}") in words
    assert text.splitlines()[-1] == "@login.region.example #012345"
    assert not re.search(r"https?:|www\.|\.se\b|/", text)
    assert parts(text) <= 2


def test_a027_the_text_for_signing_in_fits_one_message() -> None:
    for language in LANGUAGES:
        assert parts(CODES.code(language, purpose="sign_in", digits="012345")) == 1


def test_a_notice_by_text_keeps_to_the_alphabet_of_texts() -> None:
    for language in LANGUAGES:
        told = notice_text(
            TEXTS,
            language,
            "number_added",
            organisation="Région – Exempel",
            support_phone="026-15 40 00",
            number="••• 05",
        ).open()
        assert in_alphabet(told)
        assert "*** 05" in told
        assert parts(told) == 1


LONG = "Västra Norrlands och Medelpads gemensamma sjukvårdsförvaltning för akutsjukvård"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("purpose", PURPOSES)
@pytest.mark.parametrize(
    "name", ["Région Łódź – „Öst“ 🏥", "Sjukhuset™", LONG, "Ж" * 30, "A" * 200, "€" * 40]
)
def test_a027_a_name_that_is_long_or_strange_leaves_code_and_last_line_whole(
    language: str, purpose: str, name: str
) -> None:
    codes = CodeText(texts=TEXTS, organisation=name, host="login.region.example")
    text = codes.code(language, purpose=purpose, digits="012345")
    assert in_alphabet(text)
    assert text.endswith("\n\n@login.region.example #012345")
    assert text.count("012345") == 2
    shortest = CodeText(texts=TEXTS, organisation="A" * 12, host=codes.host)
    least = parts(shortest.code(language, purpose=purpose, digits="012345"))
    assert parts(text) == least or parts(text) <= 3


def test_a_long_name_is_cut_after_a_word_so_that_the_text_stays_one_message() -> None:
    codes = CodeText(texts=TEXTS, organisation=LONG, host="login.region.example")
    text = codes.code("sv", purpose="sign_in", digits="012345")
    assert parts(text) == 1
    name = text.partition(":")[0]
    assert LONG.startswith(f"{name} ")
    assert len(name) >= 12


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("Åsa Öström", "Åsa Öström"),
        ("Région", "Région"),
        ("Łódź ’s „Öst“ –", 'Lódz \'s "Öst" -'.replace("ó", "o")),
        ("Ж🏥", ""),
        ("ﬁ…", "fi..."),
        ("a\u00a0b", "a b"),
        ("••• 05", "*** 05"),
    ],
)
def test_signs_outside_the_alphabet_are_written_by_their_likeness(typed: str, sent: str) -> None:
    assert written(typed) == sent
    assert in_alphabet(written(typed))


def test_the_organisations_own_words_take_the_place_of_ours() -> None:
    own = {"sv": {"sign_in": "{code} är koden till {organisation}. Visa den för ingen."}}
    codes = CodeText(texts=TEXTS, organisation="Region {code}", host="x.example", own=own)
    text = codes.code("sv", purpose="sign_in", digits="012345")
    assert text == ("012345 är koden till Region {code}. Visa den för ingen.\n\n@x.example #012345")
    assert codes.code("sv", purpose="bind", digits="012345").startswith("Region {code}: 012345")
    assert codes.code("en", purpose="sign_in", digits="012345").startswith("Region {code}: 0")


def test_each_purpose_reads_differently() -> None:
    for language in LANGUAGES:
        texts = {CODES.code(language, purpose=each, digits="012345") for each in PURPOSES}
        assert len(texts) == len(PURPOSES)


def test_messages_are_counted_as_an_operator_counts_them() -> None:
    assert parts("å" * 160) == 1
    assert parts("å" * 161) == 2
    assert parts("€" * 80) == 1
    assert parts("€" * 81) == 2
    assert parts("ł" * 70) == 1
    assert parts("ł" * 71) == 2


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("notice", Notice)
def test_a_notice_says_what_when_where_and_whom_to_call(language: str, notice: Notice) -> None:
    what = What(notice=notice, method=AuthenticatorType.TOTP, label="Min app", left=7)
    where = Where(address="192.0.2.7", network="Regionens nät")
    subject, text = WRITER.notice(language, "Anna", what, at=AT, where=where)
    assert subject.isprintable()
    assert "2026-11-23 00:30" in text  # in Sweden it is already the next day
    assert "192.0.2.7, Regionens nät" in text
    assert "026-15 40 00" in text
    assert "Region Exempel" in text
    assert "{" not in text
    assert not re.search(r"https?:|www\.", text)


def test_a_notice_tells_each_kind_apart() -> None:
    for language in LANGUAGES:
        subjects = {TEXTS.say(language, f"mail.notice_{each}_subject") for each in Notice}
        assert len(subjects) == len(Notice)


def test_what_a_person_typed_is_one_line_of_a_notice_and_no_part_of_its_subject() -> None:
    label = "min\r\nBcc: x@y.example\n\nfoo\u202e"
    what = What(notice=Notice.ADDED, method=AuthenticatorType.SMS_CODE, label=label)
    subject, text = WRITER.notice("sv", "An\nna", what, at=AT, where=Where())
    assert "Bcc" not in subject
    assert "telefon för sms (min Bcc: x@y.example foo)." in text
    assert text.startswith("Hej An na,")
    assert "okänd plats" in text


def test_an_operators_act_is_said_to_be_the_organisations() -> None:
    _, text = WRITER.notice(
        "en", "Anna", What(notice=Notice.START_CODE), at=AT, where=Where(service=True)
    )
    assert "done by Region Exempel" in text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("phone", ["026-15 40 00", ""])
def test_a047_the_link_of_a_notice_stands_on_a_line_of_its_own(language: str, phone: str) -> None:
    writer = Writer(texts=TEXTS, organisation="X", support_phone=phone)
    link = "https://portvakt.region.example/not-me/abc"
    what = What(notice=Notice.ADDED, method=AuthenticatorType.TOTP)
    _, text = writer.notice(language, "Anna", what, at=AT, where=Where(), link=link)
    assert [line for line in text.splitlines() if "://" in line] == [link]
    assert phone in text


def test_without_a_number_to_call_a_notice_still_says_what_to_do() -> None:
    writer = Writer(texts=TEXTS, organisation="X", support_phone="")
    _, text = writer.notice("sv", "Anna", What(notice=Notice.PASSWORD), at=AT, where=Where())
    assert "Kontakta supporten genast" in text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", ["start_code", "suspended", "number_added", "frozen", "thawed"])
def test_a_text_about_a_change_says_whom_to_call_and_carries_no_code(
    language: str, kind: str
) -> None:
    for phone in ("026-15 40 00", ""):
        text = notice_text(
            TEXTS, language, kind, organisation="R", support_phone=phone, number="••• 05"
        ).open()
        assert phone in text
        assert not re.search(r"[0-9]{6}|https?:|@", text)


def test_a_letter_survives_the_outbox() -> None:
    letter = from_body(to_body("Ämne", "Hej\n"), to="a@b.example", key="k", at=AT)
    assert (letter.subject, letter.text, letter.html) == ("Ämne", "Hej\n", None)
