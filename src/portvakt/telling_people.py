"""Puts together who writes to people, from the settings: notices, and warnings."""

from portvakt.crypto.randomness import Random, SystemRandom
from portvakt.crypto.sealing import Sealer
from portvakt.mail import Shade, Writer
from portvakt.proving.notices import Notices
from portvakt.settings import Settings
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
    return Notices(
        writer=writer_of(settings, texts),
        sealer=sealer,
        random=random or SystemRandom(),
        public_url=settings.public_url,
        operators=settings.break_glass.alarm,
    )


def writer_of(settings: Settings, texts: Texts | None = None) -> Writer:
    """Return who writes mail in the organisation's name and colours."""
    organisation = settings.organisation
    return Writer(
        texts=texts or Texts.load(),
        organisation=organisation.name,
        support_phone=organisation.support_phone,
        accent=_shade(accent_on_light(organisation.colour)),
        night=_shade(accent_on_dark(organisation.colour)),
    )


def _shade(accent: Accent) -> Shade:
    return Shade(accent.colour, accent.on)
