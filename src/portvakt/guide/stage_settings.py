"""The settings of the stage: the installation's own, without anything that reaches outside.

What people see stays: name, colour, logo, support, hosts, who may register what, password rules.
"""

from pathlib import Path
from urllib.parse import quote

import msgspec

from portvakt.guide.cast import OWN_MOBILE, e164
from portvakt.settings import Settings
from portvakt.settings.guide_structs import Guide
from portvakt.settings.structs import (
    Audit,
    BreakGlass,
    Devices,
    Keys,
    Locations,
    Log,
    Mail,
    Metrics,
    Outgoing,
    Proxies,
    Server,
    Sms,
)

PROXY = "127.0.0.1"
"""Who says where somebody is: nobody else can reach the stage."""
TEXTS = "texts.jsonl"
LETTERS = "letters.jsonl"
HEADS = "heads"
"""Of the audit trail: each scene has one of its own."""
_FICTIONAL = e164(OWN_MOBILE)[:4]


def settings_on_stage(settings: Settings, folder: Path, database: Path) -> Settings:
    """Return the installation's settings with database, key and mailbox in `folder`.

    No directory, no ticket, no push, no gateway, no revocation list: nothing leaves this machine.
    """
    return msgspec.structs.replace(
        settings,
        database_url=f"sqlite:///{quote(str(database))}",
        keys=Keys(master_file=str(folder / "master.key")),
        server=Server(),
        proxies=Proxies(trusted=(f"{PROXY}/32",)),
        hosts=msgspec.structs.replace(settings.hosts, device=None),
        devices=Devices(),
        sms=_texts(settings, folder),
        texts=msgspec.structs.replace(settings.texts, warn=()),
        mail=_mail(settings, folder),
        wake=None,
        directories=(),
        kerberos=None,
        audit=Audit(head_file=str(folder / HEADS)),
        metrics=Metrics(),
        outgoing=Outgoing(),
        locations=Locations(),
        break_glass=BreakGlass(),
        log=Log(),
        guide=Guide(),  # pictures are alike whether there is an older guide or not
    )


def _texts(settings: Settings, folder: Path) -> tuple[Sms, ...]:
    """Write texts to a file, where the installation sends any; fictional numbers get them, too."""
    if not settings.sms:
        return ()
    allowed = [prefix for each in settings.sms for prefix in each.allowed_prefixes]
    return (
        Sms(
            "console",
            allowed_prefixes=tuple(dict.fromkeys([*allowed, _FICTIONAL])),
            options={"file": str(folder / TEXTS)},
        ),
    )


def _mail(settings: Settings, folder: Path) -> Mail | None:
    if settings.mail is None:
        return None
    return Mail("console", settings.mail.sender, {"file": str(folder / LETTERS)})
