"""Whether our own devices can be known: the authority, and the lists of those that are gone."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from portvakt.commands.doctor_lines import DAY, Line, ok, warn, wrong
from portvakt.crypto.device_certificates import BadListError, DeviceAuthority
from portvakt.proving.our_devices import as_read, asks_whose
from portvakt.records import Unit
from portvakt.records.revocation_lists import ListState
from portvakt.settings import Settings
from portvakt.settings.structs import span

_CHECK: Final = "devices"
_ENDS_SOON: Final = 60 * DAY
_PUBLISH: Final = "have the authority publish it anew, and see that `portvakt work` runs"
_MOST: Final = 3
"""Rules that are named."""


async def device_lines(unit: Unit, settings: Settings, now: datetime) -> list[Line]:
    """Tell why no device, or none of an authority's, is ours now."""
    ours = settings.devices
    configuration = await unit.configuration.load()
    asking = [each.id for each in configuration.rule_set.rules if asks_whose(each)]
    if ours.authority_file is None:
        if not asking:
            return []
        said = f"{', '.join(asking[:_MOST])} asks whose device it is, and none is known as ours"
        return [warn(_CHECK, said, "set [devices] and [hosts] device (our-devices.md)")]
    authority = _read(ours.authority_file)
    lines = [*_authority(authority, now)]
    if not asking:
        lines.append(warn(_CHECK, "no rule asks whose device it is", "our-devices.md, step 6"))
    states = {each.place: each for each in await unit.revocation_lists.states()}
    for place in ours.revocation_lists:
        state = states.get(place)
        content = None if state is None else await unit.revocation_lists.content(place)
        lines.append(_list(authority, place, state, content, span(ours.lists_count_for), now))
    return lines


def _read(file: str) -> DeviceAuthority:
    return DeviceAuthority.read(Path(file).read_bytes())


def _authority(authority: DeviceAuthority, now: datetime) -> Iterator[Line]:
    ends = authority.ends()
    said = f"an issuer's own certificate ends {ends:%Y-%m-%d}"
    mend = "put the authority's new certificate into authority_file, beside the old one"
    if ends <= now:
        yield wrong(_CHECK, said.replace("ends", "ended"), mend)
    elif ends - now < _ENDS_SOON:
        yield warn(_CHECK, said, mend)


def _list(
    authority: DeviceAuthority,
    place: str,
    state: ListState | None,
    content: bytes | None,
    lives: timedelta,
    now: datetime,
) -> Line:
    if state is None or state.read_at is None or content is None:
        why = "nobody has tried" if state is None or not state.trouble else state.trouble
        return wrong(_CHECK, f"{place} was never read: {why}", _PUBLISH)
    try:
        found = authority.read_list(content)
    except BadListError as error:
        return wrong(_CHECK, f"{place}: what is kept of it {error}", _PUBLISH)
    kept = as_read(found, state.read_at, lives)
    trouble = f"; the last time it could not be read: {state.trouble}" if state.trouble else ""
    if kept is None or not kept.counts(now):
        said = f"{place} counts no more, so none of its issuer's devices is ours{trouble}"
        return wrong(_CHECK, said, _PUBLISH)
    said = f"{place} names {len(found.serials)}, and counts until {kept.ends:%Y-%m-%d %H:%M} UTC"
    return warn(_CHECK, said + trouble, _PUBLISH) if trouble else ok(_CHECK, said)
