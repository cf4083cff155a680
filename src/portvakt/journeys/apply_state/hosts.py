"""What a state file must not say of guarded hosts: each is one name, and one app's alone."""

import re
from collections.abc import Collection, Iterable, Mapping

from portvakt.journeys.apply_state.document import App
from portvakt.strict_toml import Problems

_LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"(?=[^:]{{1,253}}(?::|$))(?:{_LABEL}\.)+{_LABEL}(?::[1-9][0-9]{{0,4}})?")
"""A name as browsers write it in `Host` (RFC 1123 section 2.1), with a port where it is not 443."""
_MAX_PORT = 65535


def check_hosts(
    apps: Iterable[App], stored: Mapping[str, str], own: Collection[str], problems: Problems
) -> None:
    """Note hosts that are not written as browsers write them, or that two apps would share.

    `stored` says whose each host is as stored; an app that is in the file is judged by the file.
    `own` are our own names: a page there would be in the app's hands, and cookies know no ports.
    """
    apps = tuple(apps)
    here = {app.client_id for app in apps}
    taken = {host: client_id for host, client_id in stored.items() if client_id not in here}
    for number, app in enumerate(apps):
        for at, host in enumerate(app.forward_auth_hosts):
            path = ("apps", number, "forward_auth_hosts", at)
            if (wrong := _wrong_host(host)) or (wrong := _confused(host, here)):
                problems.add(path, wrong)
            elif host.partition(":")[0] in own:
                problems.add(path, f"“{host}” is Portvakt's own: no app stands there")
            elif taken.setdefault(host, app.client_id) != app.client_id:
                problems.add(path, f"“{host}” is guarded for “{taken[host]}” already")
        if app.forward_auth_hosts and app.consent:
            why = "an app whose hosts we guard is the organisation's own: nobody is asked"
            problems.add(("apps", number, "consent"), why)


def _wrong_host(host: str) -> str:
    port = host.partition(":")[2]
    if not _HOST.fullmatch(host) or (port and int(port) > _MAX_PORT):
        return "is not a host name such as wiki.region.example, in small letters"
    if port == "443":
        return "is written without the port of https"
    return ""


def _confused(host: str, clients: Iterable[str]) -> str:
    """Refuse the id of an app as a host: what is signed for one could pass at the other."""
    return f"“{host}” is the id of an app too" if host in clients else ""
