"""The tables of `docs/operators/networks-and-rules.md`, held against what decides."""

import re
import tomllib
from datetime import timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from portvakt.core.asking import AllOf, AnyOf, Ask, Own, Require
from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.conditions import KINDS
from portvakt.core.roles import GIVEN
from portvakt.core.signals import Action, ClientKind, Device, Platform, Risk
from tests import make
from tests.core.ruling import UNKNOWN, decide, opens
from tests.make import NOW

PAGE = Path(__file__).parents[2] / "docs" / "operators" / "networks-and-rules.md"
NO_TEXTS = Own("no-texts", frozenset({AuthenticatorType.PUSH, AuthenticatorType.TOTP}))
ALWAYS, MET = "always known", "counts as met"
CLOSED = {
    "roles": set(GIVEN),
    "actions": set(Action),
    "devices": set(Device),
    "platforms": set(Platform),
    "client_kinds": set(ClientKind),
    "risks": set(Risk) - {Risk.UNKNOWN},
}


def table(heading: str) -> list[list[str]]:
    """Read the first table under a heading, cell by cell."""
    _, _, text = PAGE.read_text(encoding="utf-8").partition(f"\n### {heading}\n")
    rows = [line for line in text.partition("\n### ")[0].splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


def asked(cell: str) -> Ask:
    """Read what a cell asks for, as a file would say it."""

    def ask(value: Any) -> Ask:
        if isinstance(value, str):
            return NO_TEXTS if value == NO_TEXTS.name else Require(value)
        [(joint, of)] = value.items()
        parts = tuple(map(ask, of))
        return AnyOf(parts) if joint == "any" else AllOf(parts)

    return ask(tomllib.loads(f"require = {cell.strip('`')}")["require"])


PAIRS = [tuple(row) for row in table("Two rules at once")]


@pytest.mark.parametrize(("one", "other", "together"), PAIRS)
def test_two_rules_ask_together_for_what_is_published(one: str, other: str, together: str) -> None:
    """Whatever somebody shows, on whichever device: both rules open where the third one does."""
    days = timedelta(days=30)
    both = [
        make.rule(asked(one), id="one", remember=days),
        make.rule(asked(other), id="other", remember=days),
    ]
    alone = [make.rule(asked(together), id="together", remember=days)]
    kinds = list(AuthenticatorType)
    for device in Device:
        for known in (None, timedelta(days=1)):
            signals = make.signals(device=device, known_for=known)
            joined, published = decide(both, signals), decide(alone, signals)
            assert decide(both[::-1], signals) == joined
            for many in range(4):
                for types in combinations(kinds, many):
                    shown = [make.evidence(each, at=NOW) for each in types]
                    assert opens(joined, shown) is opens(published, shown), types


def test_every_word_is_published_and_stands_in_the_table_of_pairs() -> None:
    words = {row[0].strip("`") for row in table("What a rule asks for")}
    assert words == {*Require, "a strength's `id"}
    pairs = " ".join(cell for row in PAIRS for cell in row)
    assert set(Require) <= set(re.findall(r'"([a-z_-]+)"', pairs))


def test_every_kind_is_published_with_its_names_and_what_unknown_does() -> None:
    rows = {row[0].strip("`"): row[1:] for row in table("When a rule holds")}
    assert set(rows) == {each.name for each in KINDS} | {"times"}
    for kind, (names, unknown) in rows.items():
        assert unknown == (MET if kind in UNKNOWN else ALWAYS), kind
        if kind in CLOSED:
            assert set(re.findall(r"`([a-z_]+)`", names)) == CLOSED[kind], kind
