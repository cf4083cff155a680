"""What pages call the scopes that an app asks for, when a person is to say yes or no."""

from collections.abc import Collection
from typing import Final

from portvakt.core.messages import MessageId

WORDED: Final = {
    "openid": "device_page.gets_openid",
    "profile": "device_page.gets_profile",
    "https://id.oidc.se/scope/naturalPersonInfo": "device_page.gets_profile",
    "email": "device_page.gets_email",
    "groups": "device_page.gets_groups",
    "offline_access": "device_page.gets_offline_access",
}


def in_words(scopes: Collection[str]) -> tuple[list[MessageId], list[str]]:
    """Return what the scopes are called, each once; and those that have no words, as they are.

    Nothing that is given goes unsaid.
    """
    told = dict.fromkeys(MessageId(words) for scope, words in WORDED.items() if scope in scopes)
    return list(told), [each for each in scopes if each not in WORDED]
