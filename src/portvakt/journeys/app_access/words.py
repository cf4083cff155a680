"""From what apps hold to what a person can read. Pure."""

from collections.abc import Iterable

from portvakt.core.relying_parties import OFFLINE_ACCESS
from portvakt.journeys.app_access.flow import Access
from portvakt.journeys.app_access.pages import OneApp
from portvakt.records.configuration import Configuration
from portvakt.web.templates import Message

_IN_WORDS = ("openid", "profile", "email", "groups")


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
    if scope in _IN_WORDS:
        return Message(f"app_access.knows_{scope}")
    return Message("app_access.knows_other", {"scope": scope})
