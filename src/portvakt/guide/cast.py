"""The fictional people of the stage: what a guide shows is never of anybody real.

Their numbers are from the series that the Swedish telecom authority keeps free for fiction.
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from urllib.parse import urlsplit

from portvakt.guide.steps import Person

FAMILY_NAME: Final = "Exempel"
UNIT: Final = "Exempelkliniken"
MANAGER: Final = "guide-manager"
OWN_MOBILE: Final = "070-174 06 52"
"""A number that no directory has, as people type it."""
_DOMAIN: Final = "region.example"
_LABELS_OF_A_SITE: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One fictional member of staff."""

    id: str
    given_name: str
    title: str
    domain: str
    password: str
    work_mobile: str | None = None
    manager: str | None = MANAGER

    @property
    def name(self) -> str:
        """The name as a person writes it."""
        return f"{self.given_name} {FAMILY_NAME}"

    @property
    def user_name(self) -> str:
        """The name to sign in with."""
        plain = self.given_name.lower().translate(str.maketrans("åäöé", "aaoe"))
        return f"{plain}.{FAMILY_NAME.lower()}"

    @property
    def email(self) -> str:
        """The address at work."""
        return f"{self.user_name}@{self.domain}"

    def entry(self, *, password_hash: str, groups: tuple[str, ...], today: date) -> dict[str, Any]:
        """Return the person as a state file has them; a welcome window opens `today`."""
        entry: dict[str, Any] = {
            "id": self.id,
            "user_name": self.user_name,
            "email": self.email,
            "given_name": self.given_name,
            "family_name": FAMILY_NAME,
            "title": self.title,
            "unit": UNIT,
            "groups": list(groups),
            "start_date": today,
            "password_hash": password_hash,
        }
        if self.work_mobile is not None:
            entry["work_mobile"] = self.work_mobile
        if self.manager is not None:
            entry["manager"] = self.manager
        return entry


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody on the stage: who acts, and who is their manager."""

    acting: Mapping[Person, Member]
    manager: Member

    def everybody(self) -> tuple[Member, ...]:
        """Return all of them."""
        return (*self.acting.values(), self.manager)


def cast_of(public_url: str, passwords: "list[str]") -> Cast:
    """Return who is on the stage of an installation at this address; one password for each."""
    domain = domain_of(public_url)
    first, second, third, last = passwords
    return Cast(
        {
            Person.WITHOUT_PHONE: Member(
                id="guide-without-phone",
                given_name="Björn",
                title="Undersköterska",
                domain=domain,
                password=first,
            ),
            Person.WORK_PHONE: Member(
                id="guide-work-phone",
                given_name="Anna",
                title="Sjuksköterska",
                domain=domain,
                password=second,
                work_mobile="070-174 06 55",
            ),
            Person.WITH_APP: Member(
                id="guide-with-app",
                given_name="David",
                title="Läkare",
                domain=domain,
                password=third,
                work_mobile="070-174 06 58",
            ),
        },
        Member(
            id=MANAGER,
            given_name="Marianne",
            title="Verksamhetschef",
            domain=domain,
            password=last,
            work_mobile="070-174 06 61",
            manager=None,
        ),
    )


def domain_of(public_url: str) -> str:
    """Return what stands after the @: the installation's own domain, or that of nobody."""
    host = urlsplit(public_url).hostname or ""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        labels = host.split(".")
        if len(labels) >= _LABELS_OF_A_SITE and labels[-1] != "localhost":
            return ".".join(labels[-2:] if len(labels) == _LABELS_OF_A_SITE else labels[1:])
    return _DOMAIN


def e164(number: str) -> str:
    """Return a Swedish number as gateways write it."""
    return "+46" + "".join(filter(str.isdigit, number))[1:]
