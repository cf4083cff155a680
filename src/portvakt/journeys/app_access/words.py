"""From what apps hold to what a person can read. Pure."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from portvakt.core.relying_parties import OFFLINE_ACCESS
from portvakt.journeys.app_access.flow import Access
from portvakt.journeys.app_access.pages import OneApp
from portvakt.records.configuration import Configuration
from portvakt.web.templates import Message

IN_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "openid": "app_access.knows_openid",
        "profile": "app_access.knows_profile",
        "email": "app_access.knows_email",
        "groups": "app_access.knows_groups",
        "https://id.oidc.se/scope/naturalPersonInfo": "app_access.knows_name",
    }
)
"""What each scope is called. Another one is an app's own, and is called what the app calls it."""


def told(found: Iterable[Access], configuration: Configuration) -> tuple[OneApp, ...]:
    """Tell what each app may know, by what it is called now; one that is gone by its id."""
    apps = [_one(each, configuration) for each in found]
    return tuple(sorted(apps, key=lambda each: each.name.casefold()))


def _one(access: Access, configuration: Configuration) -> OneApp:
    known = configuration.app(access.client_id)
    return OneApp(
        client_id=access.client_id,
        name=access.client_id if known is None else known.client_name,
        told=tuple(_what(each) for each in access.scope if each != OFFLINE_ACCESS),
        services=access.services,
        since=access.since,
        until=access.until,
        offline=access.offline,
        agreed_at=access.agreed_at,
    )


def _what(scope: str) -> Message:
    known = IN_WORDS.get(scope)
    return Message("app_access.knows_other", {"scope": scope}) if known is None else Message(known)
