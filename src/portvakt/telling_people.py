"""Puts together who tells people what was done to their account, from the settings."""

from portvakt.crypto.randomness import Random, SystemRandom
from portvakt.crypto.sealing import Sealer
from portvakt.mail import Writer
from portvakt.proving.notices import Notices
from portvakt.settings import Settings
from portvakt.texts import Texts


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
    )
    return Notices(
        writer=writer,
        sealer=sealer,
        random=random or SystemRandom(),
        public_url=settings.public_url,
    )
