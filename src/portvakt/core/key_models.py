"""Which models of keys an organisation takes, by what their makers and FIDO say of them.

What is known of a model comes from the metadata of the FIDO Alliance (Metadata Service 3), which
the organisation supplies as a file. A key tells its model (AAGUID); only attestation by the model's
maker proves it. No model is taken whose maker's word is worth nothing any more, whoever asks.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final

UNKNOWN_MODEL: Final = "00000000-0000-0000-0000-000000000000"
"""The AAGUID of a key that does not say what it is."""
COMPROMISED: Final = frozenset(
    {
        "REVOKED",
        "ATTESTATION_KEY_COMPROMISE",
        "USER_VERIFICATION_BYPASS",
        "USER_KEY_REMOTE_COMPROMISE",
        "USER_KEY_PHYSICAL_COMPROMISE",
    }
)
"""Statuses after which a model is not taken (MDS 3.1 section 3.1.4, `AuthenticatorStatus`)."""
_LEVELS: Final = {
    "FIDO_CERTIFIED": 0,
    "FIDO_CERTIFIED_L1": 1,
    "FIDO_CERTIFIED_L1plus": 1,
    "FIDO_CERTIFIED_L2": 2,
    "FIDO_CERTIFIED_L2plus": 2,
    "FIDO_CERTIFIED_L3": 3,
    "FIDO_CERTIFIED_L3plus": 3,
}
_LOST: Final = frozenset({"NOT_FIDO_CERTIFIED", "REVOKED"})
ANY_LEVEL: Final = 0


@dataclass(frozen=True, slots=True)
class Report:
    """What FIDO said of a model, from a day on."""

    status: str
    since: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyModel:
    """One model: what it is called, what was said of it, and who vouches for its keys."""

    id: str
    """Its AAGUID; for keys of the old kind (U2F), which have none, `u2f:` and a key identifier."""
    name: str
    reports: tuple[Report, ...] = ()
    roots: tuple[bytes, ...] = field(default=(), repr=False)
    """Certificates (DER) that its keys' attestations lead to."""

    def said(self, today: date) -> tuple[Report, ...]:
        """Return what counts today, in the order that FIDO gave it."""
        return tuple(each for each in self.reports if each.since is None or each.since <= today)

    def trouble(self, today: date) -> str | None:
        """Return why no key of it is taken, in FIDO's words; None where there is no reason.

        What was said once stays: whether a key in somebody's hand has been mended shows nowhere.
        """
        return next((each.status for each in self.said(today) if each.status in COMPROMISED), None)

    def level(self, today: date) -> int | None:
        """Return how far it is certified: 0 without a level, then 1 to 3; None where it is not."""
        best: int | None = None
        for each in self.said(today):
            if each.status in _LOST:
                best = None
            elif each.status in _LEVELS:
                best = max(best or ANY_LEVEL, _LEVELS[each.status])
        return best


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyDemand:
    """What one entry of the organisation asks of a key; all of it must hold."""

    device_bound: bool = False
    level: int | None = None
    """The least level of certification; 0 is any."""
    models: frozenset[str] = frozenset()
    """AAGUIDs and names; empty is every model."""


ANY: Final = "any"
DEVICE_BOUND: Final = "device-bound"
CERTIFIED: Final = {
    "certified": ANY_LEVEL,
    "certified-1": 1,
    "certified-2": 2,
    "certified-3": 3,
}
WORDS: Final = (ANY, DEVICE_BOUND, *CERTIFIED)
"""What may be asked in one word; anything longer is a list of models."""


def read_demand(said: str | Collection[str] | None) -> KeyDemand | None:
    """Return what an entry asks: one of `WORDS`, or models by AAGUID or name. None asks nothing.

    Raises ValueError for another word, and for a list that is empty.
    """
    if said is None or said == ANY:
        return None
    if said == DEVICE_BOUND:
        return KeyDemand(device_bound=True)
    if isinstance(said, str):
        if said not in CERTIFIED:
            raise ValueError(f"“{said}” is none of {', '.join(WORDS)}; models stand in a list")
        return KeyDemand(level=CERTIFIED[said])
    if not said:
        raise ValueError("an empty list takes no key at all: leave passkey out of may_register")
    return KeyDemand(models=frozenset(said))


def written_demand(demand: KeyDemand | None) -> str | list[str] | None:
    """Write what `read_demand` has read."""
    if demand is None:
        return None
    if demand.models:
        return sorted(demand.models)
    if demand.device_bound:
        return DEVICE_BOUND
    return next(word for word, level in CERTIFIED.items() if level == demand.level)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownKey:
    """What is known of a key that was just made."""

    aaguid: str
    copied: bool
    model: KeyModel | None
    """What the metadata says of it."""
    attested: bool
    """Whether the maker of that model has proved it."""


class Unfit(StrEnum):
    """Why a key is not taken."""

    TROUBLE = "trouble"
    """Its model is one that nobody should use any more."""
    UNPROVED = "unproved"
    """Nobody vouches for what it says it is."""
    COPIED = "copied"
    LEVEL = "level"
    MODEL = "model"


class KeyModels:
    """Every model that the metadata knows."""

    def __init__(self, models: Iterable[KeyModel] = ()) -> None:
        """Find them by AAGUID."""
        self._by_id: Mapping[str, KeyModel] = {each.id: each for each in models}

    def __len__(self) -> int:
        return len(self._by_id)

    def get(self, id_: str) -> KeyModel | None:
        """Return the model of an AAGUID, or of `u2f:` and a key identifier."""
        return self._by_id.get(id_)

    def name(self, aaguid: str) -> str:
        """Return what a model is called; nothing where it is not known."""
        found = self._by_id.get(aaguid)
        return "" if found is None else found.name

    def find(self, word: str) -> tuple[KeyModel, ...]:
        """Return the models whose AAGUID this is, or whose name has it in it, by name."""
        wanted = word.casefold().strip()
        found = [
            each
            for each in self._by_id.values()
            if each.id == wanted or wanted in each.name.casefold()
        ]
        return tuple(sorted(found, key=lambda each: (each.name, each.id)))

    def in_trouble(self, today: date) -> dict[str, str]:
        """Return every model that is not taken any more, and why."""
        said = {each.id: each.trouble(today) for each in self._by_id.values()}
        return {id_: why for id_, why in said.items() if why is not None}


NO_MODELS: Final = KeyModels()


def unfit(key: ShownKey, demands: Collection[KeyDemand], today: date) -> Unfit | None:
    """Say whether a key may be registered: None where it may, or the first reason why not.

    `demands` are those of every entry that is for its owner. One more never opens a way.
    """
    if key.model is not None and key.model.trouble(today) is not None:
        return Unfit.TROUBLE
    if demands and not (key.attested and key.model is not None):
        return Unfit.UNPROVED
    return next((why for each in demands if (why := _lacks(key, each, today)) is not None), None)


def _lacks(key: ShownKey, demand: KeyDemand, today: date) -> Unfit | None:
    if demand.device_bound and key.copied:
        return Unfit.COPIED
    model = key.model
    level = None if model is None else model.level(today)
    if demand.level is not None and (level is None or level < demand.level):
        return Unfit.LEVEL
    named = set() if model is None else {model.id, model.name.casefold()}
    if demand.models and named.isdisjoint(each.casefold() for each in demand.models):
        return Unfit.MODEL
    return None
