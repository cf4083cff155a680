"""An installation with people of its own, of whom nothing may be seen in its guide."""

from pathlib import Path
from typing import Any

import msgspec

from portvakt.settings import Settings

REAL_PERSON = "rut.riktig"
ACCENT = "#0B5A8A"


def settings(folder: Path, public_url: str = "https://mfa.region.example", **more: Any) -> Settings:
    """The settings of an ordinary installation; what it names in `folder` is not there."""
    table = {
        "public_url": public_url,
        "database_url": "postgresql://portvakt@database.region.example/portvakt",
        "keys": {"master_file": str(folder / "no-such-key")},
        "organisation": {"name": "Region Exempel", "support_phone": "070-174 06 99"},
        "hosts": {
            "registration": ["mfaregistrering.region.example"],
            "apps": ["myapps.region.example"],
            "authenticator": "app.region.example",
        },
        "registration": {"first": "welcome_window"},
        "sms": [{"gateway": "http_form", "options": {"url": "https://operator.example/"}}],
        "mail": {"gateway": "smtp", "options": {"host": "mail.region.example"}},
        "audit": {"head_file": str(folder / "real-heads")},
    }
    return msgspec.convert(table | more, Settings)


def exported() -> dict[str, Any]:
    """What `portvakt export` wrote there."""
    return {
        "groups": [{"id": "alla"}],
        "people": [
            {
                "id": "000001",
                "user_name": REAL_PERSON,
                "email": f"{REAL_PERSON}@region.example",
                "given_name": "Rut",
                "family_name": "Riktig",
                "groups": ["alla"],
            }
        ],
        "networks": [{"id": "lan", "name": "Regionens nät", "addresses": ["10.20.0.0/16"]}],
        "apps": [
            {
                "client_id": "loner",
                "client_name": "Lönespecifikationen",
                "redirect_uris": ["https://lon.region.example/back"],
                "initiate_login_uri": "https://lon.region.example/in",
                "groups": ["alla", "chefer-i-katalogen"],
            }
        ],
        "rules": [
            {
                "id": "outside",
                "require": "multifactor",
                "when": {"networks_not": ["lan"], "people_not": [REAL_PERSON]},
                "reason": {"sv": "Du är utanför regionens nät.", "en": "You are outside."},
            },
            {"id": "hers", "require": "block", "when": {"people": [REAL_PERSON]}},
        ],
    }
