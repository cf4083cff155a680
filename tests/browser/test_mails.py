"""Every mail as a phone shows it, in both languages, by day and by night."""

from typing import Literal

import pytest
from playwright.sync_api import Browser

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.freezing import Change
from portvakt.mail import Notice, What, Where, Writer
from portvakt.texts import LANGUAGES, Texts
from tests import make
from tests.browser.looking import axe_findings, too_wide

WRITER = Writer(texts=Texts.load(), organisation="Region Exempel", support_phone="026-15 40 00")
LINKED = {Notice(each) for each in Change if each is not Change.SIGN_IN}
LINK = "https://login.region.example/not-me/" + "kQ3" * 14 + "x"
LOOKED_AT = {Notice.ADDED, Notice.FROZEN}


def page_of(language: str, notice: Notice) -> str:
    what = What(notice=notice, method=AuthenticatorType.SMS_CODE, label="En lång telefon", left=3)
    where = Where(address="2001:db8:1234:5678:9abc:def0:1234:5678", network="Regionens nät")
    link = LINK if notice in LINKED else ""
    subject, text = WRITER.notice(language, "Anna", what, at=make.NOW, where=where, link=link)
    return WRITER.html(language, subject, text, link)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390])
def test_every_mail_fits_a_phone_and_can_be_read_by_everybody(
    chromium: Browser, scheme: Literal["light", "dark"], width: int
) -> None:
    page = chromium.new_page(viewport={"width": width, "height": 640}, color_scheme=scheme)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for language in LANGUAGES:
        for notice in Notice:
            page.set_content(page_of(language, notice))
            assert not too_wide(page), (language, notice)
            assert page.locator("a.button").count() == (1 if notice in LINKED else 0)
            if notice in LOOKED_AT:
                assert axe_findings(page) == [], (language, notice)
    assert asked == []
    page.close()
