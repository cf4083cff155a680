"""What `[[directories]]` and `[kerberos]` must not say."""

import re
from datetime import timedelta
from pathlib import Path as File
from stat import S_IRWXO

from portvakt.settings.kerberos_structs import Kerberos
from portvakt.settings.structs import Settings, span
from portvakt.strict_toml import Problems
from portvakt.toml_places import Path

_KNOWS_TICKETS = "active_directory"
_SERVICE = re.compile(r"HTTP/[a-z0-9.-]+@[A-Z0-9.-]+", re.ASCII)


_TAKEN_SOURCES = {"self", "hr", "apply", "support", "import", "sync"}
_LEAST_PAUSE = timedelta(minutes=1)
_MOST_GRACE = timedelta(hours=4)


def check_directories(settings: Settings, problems: Problems) -> None:
    """Note names that are taken and times that are too short or too long."""
    names = _TAKEN_SOURCES.copy()
    for at, each in enumerate(settings.directories):
        where: Path = ("directories", at)
        if each.name in names:
            problems.add((*where, "name"), f"“{each.name}” is taken")
        names.add(each.name)
        if span(each.sync_every) < _LEAST_PAUSE:
            problems.add((*where, "sync_every"), "is less than a minute")
        if span(each.grace) > _MOST_GRACE:
            problems.add((*where, "grace"), "is more than 4 hours")


def check_kerberos(settings: Settings, problems: Problems) -> None:
    """Note what would let nobody in, or somebody whom it should not."""
    ours = settings.kerberos
    if ours is None:
        return
    _keytab(File(ours.keytab_file), problems)
    _realms(settings, ours, problems)
    if ours.service is not None and not _SERVICE.fullmatch(ours.service):
        problems.add(("kerberos", "service"), "is written as HTTP/login.example@REALM.EXAMPLE")
    if not ours.networks:
        problems.add(("kerberos", "networks"), "is empty, so no ticket would ever be taken")


def _keytab(file: File, problems: Problems) -> None:
    where: Path = ("kerberos", "keytab_file")
    try:
        mode = file.stat().st_mode
        with file.open("rb"):
            pass
    except OSError as error:
        problems.add(where, f"{file}: {error.strerror}")
        return
    if mode & S_IRWXO:
        problems.add(where, f"{file} can be read by everybody; `chmod o= {file}`")


def _realms(settings: Settings, ours: Kerberos, problems: Problems) -> None:
    if not ours.realms:
        problems.add(("kerberos", "realms"), "names no realm")
    known = {each.name: each for each in settings.directories}
    for realm, name in ours.realms.items():
        where: Path = ("kerberos", "realms", realm)
        directory = known.get(name)
        if realm != realm.upper():
            problems.add(where, "a realm of Active Directory is written in capitals")
        if directory is None:
            problems.add(where, f"there is no directory “{name}”")
        elif directory.kind != _KNOWS_TICKETS:
            problems.add(where, f"“{name}” is not of the kind {_KNOWS_TICKETS}")
        elif not directory.passwords:
            problems.add(where, f"the passwords of “{name}” are not used here, nor can tickets be")
