"""`portvakt doctor` says which rules hold for everybody because of what is not there."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from portvakt.core.asking import Require
from portvakt.core.policy import Rule, RuleState
from portvakt.core.signals import Risk
from portvakt.records import Unit
from tests import make
from tests.cli.box import Box
from tests.cli.test_doctor import found, say, well
from tests.settings.test_locations import write

SWEDEN = frozenset({"SE"})
ABROAD = make.rule(Require.BLOCK, id="abroad", countries_not=SWEDEN)


@pytest.fixture
def box(tmp_path: Path, sqlite_url: str) -> Box:
    return well(tmp_path, sqlite_url)


def put(box: Box, *rules: Rule) -> None:
    async def act(unit: Unit) -> None:
        await unit.configuration.put_rules(rules, "apply")

    box.do(act)


@pytest.mark.parametrize(
    ("when", "gone"),
    [
        ({"groups": {"hr"}}, "group hr"),
        ({"networks_not": {"ward"}}, "network ward"),
        ({"apps": {"journal"}}, "app journal"),
        ({"people": {"anna"}}, "person anna"),
    ],
)
@pytest.mark.parametrize(
    ("state", "follows"),
    [
        (RuleState.ON, "it holds for everybody"),
        (RuleState.REPORT_ONLY, "it would hold for everybody"),
    ],
)
def test_a_rule_that_names_what_is_not_there_is_told(
    box: Box, when: dict[str, Any], gone: str, state: RuleState, follows: str
) -> None:
    rule = make.rule(id="one", state=state)
    put(box, replace(rule, when=replace(rule.when, **when)))
    said, mend = found(box, "rules", "warn")[-1]
    assert said == f"one: {gone} does not exist, so {follows}"
    assert "portvakt apply" in mend


def test_rules_that_are_off_or_name_what_there_is_are_not_told(box: Box) -> None:
    put(box, make.rule(id="off", state=RuleState.OFF, groups={"hr"}), make.rule(id="all"))
    assert found(box, "rules", "warn") == []
    assert found(box, "countries", "ok") == found(box, "countries", "warn") == []


def test_countries_without_a_database_are_told(box: Box) -> None:
    put(box, ABROAD)
    [(said, mend)] = found(box, "countries", "warn")
    assert said == "abroad asks for countries, and no database tells them: it holds in every one"
    assert "[locations] database" in mend


@pytest.mark.parametrize(("days", "level"), [(89, "ok"), (91, "warn")])
def test_an_old_database_is_told(box: Box, days: int, level: str) -> None:
    put(box, ABROAD)
    say(box, f'\n[locations]\ndatabase = "{write(box.folder / "countries.mmdb")}"\n')
    box.now = datetime.now(UTC) + timedelta(days=days)
    [(said, _)] = found(box, "countries", level)
    assert said.startswith("the database is of ")
    assert ("91 days old" in said) is (level == "warn")


def test_a_rule_that_names_a_risk_which_nobody_finds_is_told(box: Box) -> None:
    put(box, make.rule(id="careful", risks={Risk.NEW_COUNTRY, Risk.GUESSING, Risk.SPRAY}))
    [(said, mend)] = found(box, "risk", "warn")
    assert said == "careful names new_country, which nothing here could find"
    assert "[locations] database" in mend
    say(box, f'\n[locations]\ndatabase = "{write(box.folder / "countries.mmdb")}"\n')
    assert found(box, "risk", "warn") == []
    say(box, '\n[risk]\nspray = "off"\n')
    [(said, mend)] = found(box, "risk", "warn")
    assert said == "careful names spray, which is switched off"
    assert "[risk] spray" in mend
