"""Whether tickets of computers can be taken: keys, and the networks that they come from."""

from datetime import datetime

from portvakt.commands.doctor_lines import Line, ok, warn, wrong
from portvakt.known_directories import open_ticket_reader
from portvakt.plugins import AdapterSettingsError
from portvakt.records import Unit
from portvakt.settings import Settings

_CHECK = "kerberos"
_KEYS = "have a domain controller write the keys anew (kerberos.md, step 1)"


async def kerberos_lines(unit: Unit, settings: Settings, _now: datetime) -> list[Line]:
    """Tell why no ticket would be taken, or none from one of the networks."""
    ours = settings.kerberos
    if ours is None:
        return []
    networks = {each.id: each for each in (await unit.configuration.load()).networks}
    lines = [_keys(settings)]
    for name in ours.networks:
        network = next((each for id_, each in networks.items() if id_ == name), None)
        if network is None:
            lines.append(wrong(_CHECK, f"there is no network {name}", "portvakt apply, with it"))
        elif network.shared:
            said = f"{name} is of shared computers, where no ticket is taken"
            lines.append(warn(_CHECK, said, "take it out of [kerberos] networks"))
    return lines


def _keys(settings: Settings) -> Line:
    """Look for a key of at least one of our names: forests that trust each other need only one."""
    try:
        found = open_ticket_reader(settings).examine()
    except AdapterSettingsError as error:
        return wrong(_CHECK, str(error), "pip install 'portvakt[kerberos]'")
    usable = [name for name, trouble in found.items() if not trouble]
    if usable:
        return ok(_CHECK, f"there are keys for {', '.join(usable)}")
    return wrong(_CHECK, "; ".join(f"{name}: {said}" for name, said in found.items()), _KEYS)
