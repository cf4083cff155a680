"""What is wrong with `[devices]`, and with the host name that belongs to it."""

from datetime import timedelta
from pathlib import Path as File
from typing import Final

from portvakt.crypto.device_certificates import DeviceAuthority
from portvakt.settings.structs import Settings, span
from portvakt.strict_toml import Problems
from portvakt.toml_places import Path
from portvakt.wire.addresses import BadDestinationError, Destination

LONGEST_SHOWN: Final = timedelta(hours=8)


def check_devices(settings: Settings, problems: Problems) -> None:
    """Note it."""
    ours = settings.devices
    if ours.authority_file is None:
        if settings.hosts.device is not None:
            problems.add(("hosts", "device"), "needs devices.authority_file")
        elif ours.revocation_lists:
            problems.add(("devices", "revocation_lists"), "needs devices.authority_file")
        return
    if settings.hosts.device is None:
        problems.add(("devices", "authority_file"), "needs a host name in hosts.device")
    if not settings.proxies.trusted:
        problems.add(
            ("devices", "authority_file"),
            "needs proxies.trusted: a certificate counts from a trusted proxy only",
        )
    _authority(ours.authority_file, problems)
    _lists(ours.revocation_lists, problems)
    if span(ours.shown_for) > LONGEST_SHOWN:
        problems.add(("devices", "shown_for"), "is more than 8 hours")
    if span(ours.fetch_every) >= span(ours.lists_count_for):
        problems.add(("devices", "fetch_every"), "is not shorter than lists_count_for")


def is_address(place: str) -> bool:
    """Say whether a list is fetched, and not a file."""
    return place.startswith(("http://", "https://"))


def _authority(file: str, problems: Problems) -> None:
    where: Path = ("devices", "authority_file")
    try:
        DeviceAuthority.read(File(file).read_bytes())
    except OSError as error:
        problems.add(where, f"{file} cannot be read: {error.strerror}")
    except ValueError as error:
        problems.add(where, f"{file}: {error}")


def _lists(places: tuple[str, ...], problems: Problems) -> None:
    where: Path = ("devices", "revocation_lists")
    if not places:
        problems.warn(where, "is empty: a stolen computer is ours until its certificate ends")
    for at, place in enumerate(places):
        if place in places[:at]:
            problems.add((*where, at), f"“{place}” stands here twice")
        elif not is_address(place):
            if not File(place).is_absolute():
                problems.add((*where, at), f"“{place}” is neither a whole path nor http(s)")
            continue
        try:
            Destination.of_url(place, private=True)
        except BadDestinationError as error:
            problems.add((*where, at), f"“{place}”: {error}")
