"""The names that this installation answers at itself, so that nobody else is given them."""

from urllib.parse import urlsplit

from portvakt.settings.structs import Settings


def own_hosts(settings: Settings) -> frozenset[str]:
    """Return the host of `public_url` and the names in `[hosts]`: small letters, no ports."""
    hosts = settings.hosts
    named = [*hosts.registration, *hosts.reset, *hosts.apps, hosts.authenticator or ""]
    ours = {urlsplit(settings.public_url).hostname or "", *(each.lower() for each in named)}
    return frozenset(each.partition(":")[0] for each in ours if each)
