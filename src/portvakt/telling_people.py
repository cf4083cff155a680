"""Puts together who writes to people, from the settings: notices, and texts with codes."""

from urllib.parse import urlsplit

from portvakt.crypto.randomness import Random, SystemRandom
from portvakt.crypto.sealing import Sealer
from portvakt.mail import Shade, Writer
from portvakt.proving.notices import Notices
from portvakt.settings import Settings
from portvakt.settings.text_checks import own_words
from portvakt.sms import CodeText
from portvakt.texts import Texts
from portvakt.web.colours import Accent, accent_on_dark, accent_on_light


def notices_of(
    settings: Settings,
    sealer: Sealer,
    *,
    random: Random | None = None,
    texts: Texts | None = None,
) -> Notices:
    """Return it; with `texts` that are loaded already, where there are any."""
    organisation = settings.organisation
    writer = Writer(
        texts=texts or Texts.load(),
        organisation=organisation.name,
        support_phone=organisation.support_phone,
        accent=_shade(accent_on_light(organisation.colour)),
        night=_shade(accent_on_dark(organisation.colour)),
    )
    return Notices(
        writer=writer,
        sealer=sealer,
        random=random or SystemRandom(),
        public_url=settings.public_url,
    )


def code_text_of(settings: Settings, texts: Texts) -> CodeText:
    """Return who writes texts with codes, with the organisation's own words where it has any."""
    return CodeText(
        texts=texts,
        organisation=settings.organisation.name,
        host=urlsplit(settings.public_url).hostname or "",
        own=own_words(settings),
    )


def _shade(accent: Accent) -> Shade:
    return Shade(accent.colour, accent.on)
