"""Methods by group in a state file: what an entry says wrongly, what it is, how it is written."""

from collections.abc import Collection, Iterable
from typing import Any, Final

from portvakt.core.authenticators import SECOND_FACTORS, AuthenticatorType
from portvakt.core.ids import GroupId
from portvakt.core.key_models import read_demand, written_demand
from portvakt.core.method_rules import ALONE, NAMEABLE, AskedFirst, Campaign, MethodEntry, Types
from portvakt.journeys.apply_state import document
from portvakt.strict_toml import Problems
from portvakt.toml_places import Path

USES: Final = {
    "second_factor": SECOND_FACTORS,
    "passwordless": ALONE,
    "password_reset": SECOND_FACTORS,
}
"""What may be named for each use."""
ASKED_FOR: Final = frozenset(
    {
        AuthenticatorType.PASSKEY,
        AuthenticatorType.PUSH,
        AuthenticatorType.TOTP,
        AuthenticatorType.SMS_CODE,
        AuthenticatorType.RECOVERY_CODE,
    }
)
"""What a campaign may ask for: what everybody can register without being handed anything."""
_ORDER: Final = tuple(AuthenticatorType)


def entry_of(entry: document.Methods) -> MethodEntry:
    """Return an entry of the file."""
    reason = {"sv": entry.reason.sv, "en": entry.reason.en}
    return MethodEntry(
        id=entry.id,
        groups=frozenset(GroupId(each) for each in entry.groups),
        groups_not=frozenset(GroupId(each) for each in entry.groups_not),
        may_register=_types(entry.may_register),
        second_factor=_types(entry.may_use.second_factor),
        passwordless=_types(entry.may_use.passwordless),
        password_reset=_types(entry.may_use.password_reset),
        asked_first=entry.asked_first,
        keys=read_demand(entry.passkeys.attestation),
        campaign=_campaign(entry.campaign),
        reason={language: text for language, text in reason.items() if text},
    )


def methods_entry(entry: MethodEntry) -> dict[str, Any]:
    """Return the entry as a file writes it. What says nothing is left out; an empty list is not."""
    uses = {name: _listed(getattr(entry, name)) for name in USES}
    asked = "" if entry.asked_first is AskedFirst.CHOSEN else entry.asked_first.value
    keys = written_demand(entry.keys)
    written = {
        "id": entry.id,
        "groups": sorted(entry.groups) or None,
        "groups_not": sorted(entry.groups_not) or None,
        "may_register": _listed(entry.may_register),
        "may_use": {name: types for name, types in uses.items() if types is not None} or None,
        "passkeys": None if keys is None else {"attestation": keys},
        "asked_first": asked or None,
        "campaign": None if entry.campaign is None else _campaign_entry(entry.campaign),
        "reason": dict(entry.reason) or None,
    }
    return {name: value for name, value in written.items() if value is not None}


def check_methods(
    entries: Iterable[document.Methods], groups: Collection[str], problems: Problems
) -> None:
    """Note groups that nobody knows, methods that are none, and entries that say nothing."""
    for at, entry in enumerate(entries):
        path = ("methods", at)
        for key in ("groups", "groups_not"):
            for place, name in enumerate(getattr(entry, key)):
                if name not in groups:
                    problems.add(
                        (*path, key, place), f"“{name}” is neither in this file nor stored"
                    )
        _named((*path, "may_register"), entry.may_register, NAMEABLE, problems)
        for use, may in USES.items():
            _named((*path, "may_use", use), getattr(entry.may_use, use), may, problems)
        _says_something(path, entry, problems)
        if entry.campaign is not None:
            _check_campaign((*path, "campaign"), entry.campaign, problems)
        for language in ("sv", "en"):
            if not (getattr(entry.reason, language) or " ").isprintable():
                problems.add((*path, "reason", language), "must be one line")


def _campaign(entry: document.CampaignEntry | None) -> Campaign | None:
    if entry is None:
        return None
    return Campaign(
        register=entry.register,
        begins=entry.begins,
        last_day=entry.last_day,
        snooze_days=entry.snooze_days,
    )


def _campaign_entry(campaign: Campaign) -> dict[str, Any]:
    last = {} if campaign.last_day is None else {"last_day": campaign.last_day.isoformat()}
    begins = campaign.begins.isoformat()
    days = {"snooze_days": campaign.snooze_days}
    return {"register": campaign.register.value, "from": begins} | last | days


def _check_campaign(path: Path, entry: document.CampaignEntry, problems: Problems) -> None:
    if entry.register not in ASKED_FOR:
        known = ", ".join(each for each in _ORDER if each in ASKED_FOR)
        problems.add((*path, "register"), f"“{entry.register}” is none of {known}")
    if entry.last_day is not None and entry.last_day < entry.begins:
        problems.add((*path, "last_day"), "is before the first")


def _named(
    path: Path, named: Iterable[AuthenticatorType] | None, may: Types, problems: Problems
) -> None:
    for at, kind in enumerate(named or ()):
        if kind not in may:
            known = ", ".join(each for each in _ORDER if each in may)
            problems.add((*path, at), f"“{kind}” is none of {known}")


def _says_something(path: Path, entry: document.Methods, problems: Problems) -> None:
    uses = [getattr(entry.may_use, use) for use in USES]
    silent = entry.asked_first is AskedFirst.CHOSEN and entry.campaign is None
    silent = silent and entry.passkeys.attestation is None
    if silent and all(each is None for each in (entry.may_register, *uses)):
        problems.warn(path, "takes nothing away: it says neither “may_register” nor “may_use”")


def _types(named: Iterable[AuthenticatorType] | None) -> Types | None:
    return None if named is None else frozenset(named)


def _listed(types: Types | None) -> list[str] | None:
    return None if types is None else [each.value for each in _ORDER if each in types]
