"""Groups within groups, to any depth and in circles, and what they are called with us."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from hashlib import sha256

from portvakt.core.seen_people import DirectoryBrokeOffError
from portvakt.wire.ldap_values import Entry

_ESCAPED = re.compile(r"(?:\\[0-9A-Fa-f]{2})+|\\.")
_TOGETHER = 1_000
"""Combinations of groups that are kept."""
_AROUND = re.compile(r"\s*([,=+])\s*")


def place_of(dn: str) -> str:
    """Bring a name of an object (RFC 4514) to one form, to compare it with others."""
    if "\\" in dn:
        dn = _ESCAPED.sub(_spelled, dn)
    if ", " in dn or " ," in dn or " =" in dn or "= " in dn or "+" in dn:
        dn = _AROUND.sub(r"\1", dn)
    return dn.casefold()


def _spelled(escaped: re.Match[str]) -> str:
    """Spell an escaped character in one of its ways; what separates stays told apart."""
    text = escaped.group()
    if len(text) > len("\\x"):
        letters = bytes.fromhex(text.replace("\\", "")).decode("utf-8", "replace")
    else:
        letters = text[1:]
    return "".join(f"\\{ord(each):x};" if each in ",=+" else each for each in letters)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which of the directory's groups become ours."""

    by_name: Mapping[str, str]
    """DN in the directory: id with us."""
    pattern: str = ""
    """Groups whose `cn` is like this (`*` and `?`) become ours by that name."""

    @property
    def any(self) -> bool:
        """Say whether groups are looked at at all."""
        return bool(self.by_name or self.pattern)


@dataclass(slots=True)
class Groups:
    """All the groups of a directory, added one by one; then `settle`."""

    wanted: Wanted
    by_members: bool
    """True: a group's `member` tells. False: everybody's own `memberOf` does."""
    _ours: dict[str, set[str]] = field(default_factory=dict)
    _parents: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _alike: dict[tuple[str, ...], tuple[str, ...]] = field(default_factory=dict)
    """Each combination of parents once, however many have it."""
    _stamps: list[str] = field(default_factory=list)
    _above: dict[str, frozenset[str]] = field(default_factory=dict)
    _named: dict[str, str] = field(default_factory=dict)
    _written: dict[str, str] = field(default_factory=dict)
    _together: dict[tuple[str, ...], tuple[str, ...]] = field(default_factory=dict)
    """What being in several means, as far as it was asked: most people are in the same ones."""

    def __post_init__(self) -> None:
        self._named = {place_of(dn): ours for dn, ours in self.wanted.by_name.items()}
        self._written = {place_of(dn): dn for dn in self.wanted.by_name}

    def add(self, entry: Entry, stamp: str) -> None:
        """Take in one group. `stamp` changes whenever the group does."""
        place = place_of(entry.dn)
        self._stamps.append(f"{place}\n{stamp}")
        ours = self._ours.setdefault(place, set())
        if place in self._named:
            ours.add(self._named[place])
        name = (entry.text("cn") or "").casefold()
        if self.wanted.pattern and fnmatchcase(name, self.wanted.pattern.casefold()):
            ours.add(name)
        if self.by_members:
            for attribute in ("member", "uniquemember"):
                for member in entry.texts(attribute):
                    below = place_of(member)
                    parents = (*self._parents.get(below, ()), place)
                    self._parents[below] = self._alike.setdefault(parents, parents)
        else:
            self._parents[place] = tuple(place_of(each) for each in entry.texts("memberof"))

    def settle(self) -> str:
        """Work out what each group means, and return a mark of the state they are in.

        Raises `DirectoryBrokeOffError` where a group of the settings is not there: that everybody
        has left it is not to be believed.
        """
        missing = [dn for place, dn in self._written.items() if place not in self._ours]
        if missing:
            raise DirectoryBrokeOffError(f"there is no group {missing[0]!r} below group_base")
        self._above = {place: self._reached(place) for place in self._ours}
        return sha256("\n\n".join(sorted(self._stamps)).encode()).hexdigest()[:32]

    def of(self, entry: Entry) -> tuple[str, ...]:
        """Say which of our groups somebody is in, directly or through others."""
        if self.by_members:
            direct = self._parents.get(place_of(entry.dn), ())
        else:
            direct = tuple(place_of(each) for each in entry.texts("memberof"))
        known = self._together.get(direct)
        if known is None:
            known = tuple(sorted({our for place in direct for our in self._above.get(place, ())}))
            if len(self._together) < _TOGETHER:
                self._together[direct] = known
        return known

    def _reached(self, start: str) -> frozenset[str]:
        """Collect our names of a group and of all that it is in, however they go round."""
        visited, waiting, found = {start}, [start], set[str]()
        while waiting:
            place = waiting.pop()
            found |= self._ours.get(place, set())
            for parent in self._parents.get(place, ()):
                if parent not in visited:
                    visited.add(parent)
                    waiting.append(parent)
        return frozenset(found)
