"""What the settings say of texts, as those who count and write them take it."""

from typing import Final
from urllib.parse import urlsplit

from portvakt.phone_numbers import country_prefix
from portvakt.proving.text_limits import TextLimits
from portvakt.settings import Settings
from portvakt.settings.text_checks import own_words
from portvakt.sms import CodeText
from portvakt.texts import Texts

FOREIGN_SHARE: Final = 20
"""A prefix abroad gets one part in so many of the day's texts, where no setting says another."""


def text_limits(settings: Settings) -> TextLimits:
    """Return how many texts the settings allow; foreign prefixes get a little of the day each."""
    ours, home = settings.texts, country_prefix(settings.organisation.country)
    foreign = {
        prefix: max(1, ours.per_day // FOREIGN_SHARE)
        for sms in settings.sms
        for prefix in sms.allowed_prefixes
        if not prefix.startswith(home) and not home.startswith(prefix)
    }
    return TextLimits(
        per_day=ours.per_day,
        per_prefix=foreign | ours.per_prefix,
        per_address=ours.per_address,
        per_address_inside=ours.per_address_inside,
    )


def code_text_of(settings: Settings, texts: Texts) -> CodeText:
    """Return who writes texts with codes, with the organisation's own words where it has any."""
    return CodeText(
        texts=texts,
        organisation=settings.organisation.name,
        host=urlsplit(settings.public_url).hostname or "",
        own=own_words(settings),
    )
