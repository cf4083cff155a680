"""The fictional region: who works there, and the files that the product reads about it.

Numbers are from the series that the Swedish telecom authority keeps free for fiction
(070-174 06 05 to 070-174 06 99); nobody can ever be called on them.
"""

import json
import secrets
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote

from portvakt.demo.apps import entries

DOMAIN = "region.example"
INSIDE = ("10.20.0.0/16", "2001:db8:20::/48")


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One member of staff, and why the demo has them."""

    id: str
    given_name: str
    family_name: str
    user_name: str
    title: str
    unit: str
    note: str
    work_mobile: str | None = None
    groups: tuple[str, ...] = ("alla",)
    protected: bool = False
    gone: bool = False
    role: str | None = None
    manager: str | None = None
    """The id of the manager."""

    @property
    def name(self) -> str:
        """The name as a person writes it."""
        return f"{self.given_name} {self.family_name}"

    @property
    def email(self) -> str:
        """The address at work."""
        return f"{self.user_name}@{DOMAIN}"


@dataclass(frozen=True, slots=True)
class Shown:
    """What the control page and `demo.json` tell about a person."""

    name: str
    email: str
    user_name: str
    password: str
    work_mobile: str | None
    note: str


PEOPLE = (
    Person(
        id="000017",
        given_name="Anna",
        family_name="Berg",
        user_name="anna.berg",
        title="Sjuksköterska",
        unit="Medicinkliniken",
        note="Har tjänstetelefon, så sms-koder fungerar från första stund.",
        work_mobile="070-174 06 05",
    ),
    Person(
        id="000018",
        given_name="Bo",
        family_name="Åström",
        user_name="bo.astrom",
        title="Lokalvårdare",
        unit="Städservice",
        note="Har ingen telefon hos arbetsgivaren. Följ instruktionen för sms med ett eget nummer.",
    ),
    Person(
        id="000019",
        given_name="Cia",
        family_name="Öhman-Lindqvist",
        user_name="cia.ohman-lindqvist",
        title="Läkare",
        unit="Akutmottagningen",
        note="Har tjänstetelefon. Lägg till ett annat nummer, så har hon två.",
        work_mobile="070-174 06 11",
    ),
    Person(
        id="000020",
        given_name="David",
        family_name="Ek",
        user_name="david.ek",
        title="Undersköterska",
        unit="Ortopeden",
        note="Har ingen telefon hos arbetsgivaren. Följ instruktionen för appen.",
    ),
    Person(
        id="000021",
        given_name="Élodie",
        family_name="Sjödahl",
        user_name="elodie.sjodahl",
        title="Dietist",
        unit="Paramedicin",
        note="Har ingen smartphone. Vägen för henne står på varje steg.",
    ),
    Person(
        id="000022",
        given_name="Fia",
        family_name="Skogh",
        user_name="fia.skogh",
        title="Handläggare",
        unit="Regionkansliet",
        note="Har skyddade uppgifter och syns inte i listor, loggar eller exporter.",
        work_mobile="070-174 06 15",
        protected=True,
    ),
    Person(
        id="000023",
        given_name="Göran",
        family_name="Leander",
        user_name="goran.leander",
        title="Vaktmästare",
        unit="Fastighet",
        note="Har slutat. Hans konto är avstängt.",
        work_mobile="070-174 06 18",
        gone=True,
    ),
    Person(
        id="000024",
        given_name="Harriet",
        family_name="Wijkmark-Cederström af Ugglansvärd",
        user_name="harriet.wijkmark",
        title="Överläkare",
        unit="Barn- och ungdomskliniken",
        note="Har ett långt namn, som ändå ska få plats.",
        work_mobile="070-174 06 22",
        manager="000029",
    ),
    Person(
        id="000025",
        given_name="İsmail",
        family_name="Yıldız",  # noqa: RUF001 - that is his name
        user_name="ismail.yildiz",
        title="Fysioterapeut",
        unit="Rehabcentrum",
        note="Har bokstäver i namnet som inte är svenska.",
        work_mobile="070-174 06 25",
    ),
    Person(
        id="000026",
        given_name="Jonna",
        family_name="Hägg",
        user_name="jonna.hagg",
        title="Konsult",
        unit="Inhyrd",
        note="Är inte med i gruppen «alla» och har därför inga appar.",
        work_mobile="070-174 06 28",
        groups=(),
    ),
    Person(
        id="000027",
        given_name="Kerstin",
        family_name="Ålund",
        user_name="kerstin.alund",
        title="IT-tekniker",
        unit="IT-stöd",
        note="Arbetar i supporten.",
        work_mobile="070-174 06 31",
        role="support",
    ),
    Person(
        id="000028",
        given_name="Lars-Åke",
        family_name="Nyström",
        user_name="lars-ake.nystrom",
        title="Systemförvaltare",
        unit="IT-drift",
        note="Är administratör.",
        work_mobile="070-174 06 34",
        role="administrator",
    ),
    Person(
        id="000029",
        given_name="Marianne",
        family_name="Ek",
        user_name="marianne.ek",
        title="Verksamhetschef",
        unit="Barn- och ungdomskliniken",
        note="Är chef för Harriet, och kan intyga vem hon är när hon har glömt sitt lösenord.",
        work_mobile="070-174 06 37",
    ),
)

_WORDS = (Path(__file__).parent / "words.txt").read_text(encoding="utf-8").split()
_WORDS_IN_A_PASSWORD = 4


def new_password() -> str:
    """Make a password that is easy to read and to type: four words and two digits."""
    words = "-".join(secrets.choice(_WORDS) for _ in range(_WORDS_IN_A_PASSWORD))
    return f"{words}-{secrets.randbelow(90) + 10}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where everything is in this run."""

    portvakt: str
    registration: str
    apps: str
    control: str
    phone: str
    letters: str
    shop: str

    @property
    def authenticator(self) -> str:
        """Where the authenticator app is; it may stand in another window for a phone."""
        return f"{self.portvakt}/authenticator/"

    @property
    def guide(self) -> str:
        """Where the illustrated guide is, once it is made."""
        return f"{self.portvakt}/guide/"

    def links(self) -> tuple[tuple[str, str], ...]:
        """Return what the control page links to."""
        return (
            ("Portvakt", self.portvakt),
            ("Registrera dig", self.registration),
            ("Mina appar", self.apps),
            ("Authenticator-appen", self.authenticator),
            ("Telefonen", self.phone),
            ("Brevlådan", self.letters),
            ("Demobutiken", self.shop),
        )


def settings(
    *, data: Path, public_url: str, product_port: int, gateway: str, mail_port: int, host: str
) -> dict[str, Any]:
    """Return `portvakt.toml`: an ordinary installation behind one trusted proxy."""
    return {
        "public_url": public_url,
        "database_url": f"sqlite:///{quote(str(data / 'portvakt.db'))}",
        "server": {"listen": f"127.0.0.1:{product_port}"},
        "proxies": {"trusted": ["127.0.0.1/32"]},
        "hosts": {
            "registration": [f"mfaregistrering.{host}"],
            "apps": [f"myapps.{host}"],
        },
        "registration": {"first": "welcome_window"},
        "keys": {"master_file": str(data / "master.key")},
        "organisation": {"name": "Region Exempel", "support_phone": "070-174 06 99"},
        "log": {"format": "text", "level": "warning"},
        "sms": [
            {
                "gateway": "http_form",
                "url": f"{gateway}/send",
                "body": "to={to}&text={text}",
                "allowed_prefixes": ["+467"],
            }
        ],
        "mail": {"gateway": "smtp", "host": "127.0.0.1", "port": mail_port, "tls": "none"},
        "guide": {
            "folder": str(data / "guide"),
            "groups": ["alla"],
            "number": "06-1234567",
            "version": "1",
            "owner": "IT-stöd, Region Exempel",
        },
    }


def state(*, shop: str, hashes: Mapping[str, str], today: date) -> dict[str, Any]:
    """Return `region.toml`: groups, people, networks, apps, links, and the rules."""
    return {
        "groups": [{"id": "alla"}],
        "people": [_as_applied(person, hashes[person.user_name], today) for person in PEOPLE],
        "networks": [{"id": "lan", "name": "Regionens nät", "addresses": list(INSIDE)}],
        **entries(shop),
        "rules": [
            {
                "id": "second-factor-outside",
                "state": "on",
                "when": {"networks_not": ["lan"]},
                "require": "multifactor",
                "reason": {
                    "sv": "Du är utanför regionens nät.",
                    "en": "You are outside the region's network.",
                },
            },
            {
                "id": "pay-takes-two-steps",
                "state": "on",
                "when": {"apps": ["loner"]},
                "require": "multifactor",
                "reason": {
                    "sv": "Lönespecifikationen kräver alltid två steg.",
                    "en": "The pay slip always takes two steps.",
                },
            },
        ],
    }


def _as_applied(person: Person, password_hash: str, today: date) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "id": person.id,
        "user_name": person.user_name,
        "email": person.email,
        "given_name": person.given_name,
        "family_name": person.family_name,
        "title": person.title,
        "unit": person.unit,
        "groups": list(person.groups),
        "start_date": today,  # so that a welcome window is open, however old the folder
        "password_hash": password_hash,
    }
    if person.work_mobile is not None:
        fields["work_mobile"] = person.work_mobile
    if person.manager is not None:
        fields["manager"] = person.manager
    if person.protected:
        fields["protected"] = True
    if person.gone:
        fields["state"] = "disabled"
    return fields


def known_hashes(file: Path) -> dict[str, str]:
    """Return the password hashes of an earlier run by user name; nothing where there is none."""
    if not file.exists():
        return {}
    people: Iterable[Mapping[str, Any]] = tomllib.loads(file.read_text(encoding="utf-8"))["people"]
    return {person["user_name"]: person["password_hash"] for person in people}


def known_passwords(file: Path) -> dict[str, str]:
    """Return the passwords of an earlier run by user name; nothing where there is none."""
    if not file.exists():
        return {}
    people = json.loads(file.read_text(encoding="utf-8"))["people"]
    return {person["user_name"]: person["password"] for person in people}


def shown(person: Person, password: str) -> Shown:
    """Return what is told about a person."""
    return Shown(
        person.name, person.email, person.user_name, password, person.work_mobile, person.note
    )


def owners() -> dict[str, str]:
    """Return whose work phone a number (E.164) is, for the page of the phones."""
    return {
        "+46" + "".join(filter(str.isdigit, person.work_mobile))[1:]: person.name
        for person in PEOPLE
        if person.work_mobile is not None
    }
