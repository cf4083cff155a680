"""Whether the rules ask for anything, name what there is, and can be told where people are."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from portvakt.commands.doctor_lines import DAY, Line, ok, warn, wrong
from portvakt.core.policy import RuleSet, RuleState, asks_for_more
from portvakt.core.signals import Risk
from portvakt.locations import Locations
from portvakt.records import Unit
from portvakt.risk_settings import risk_policy
from portvakt.settings import Settings

_CHECK: Final = "rules"
_COUNTRIES: Final = "countries"
_RISK: Final = "risk"
_NEEDS: Final = {
    Risk.LEAKED_PASSWORD: "password_rules.breached_file",
    Risk.NEW_COUNTRY: "[locations] database",
    Risk.IMPOSSIBLE_TRAVEL: "[locations] database",
}
_OLD: Final = 90 * DAY
"""Addresses move between countries; those who make such databases make one each month or week."""
_MOST: Final = 3
"""Rules that are named."""


async def rule_lines(unit: Unit, settings: Settings, now: datetime) -> list[Line]:
    """Look at the rules by themselves, and at what finds out countries for them."""
    configuration = await unit.configuration.load()
    rules, made_ready = configuration.rules, configuration.rule_set
    asking = sum(asks_for_more(each) for each in rules)
    if not asking:
        said = "none that is on asks for a second factor, so a password is enough for everything"
        lines = [warn(_CHECK, said, "portvakt apply, with a rule that requires multifactor")]
    else:
        lines = [ok(_CHECK, f"{asking} of {len(rules)} ask for a second factor")]
    return [
        *lines,
        *_broken(made_ready),
        *_countries(made_ready, settings, now),
        *_risks(made_ready, settings),
    ]


def _broken(rules: RuleSet) -> Iterator[Line]:
    """Tell of rules that name what does not exist: those hold for everybody, everywhere."""
    on = {each.id for each in rules.rules if each.state is RuleState.ON}
    for rule, gone in rules.broken.items():
        follows = "it holds for everybody" if rule in on else "it would hold for everybody"
        mend = "portvakt apply, with the rule as it is meant, or with what it names"
        yield warn(_CHECK, f"{rule}: {gone}, so {follows}", mend)


def _countries(rules: RuleSet, settings: Settings, now: datetime) -> Iterator[Line]:
    asking = [
        each.id
        for each in rules.rules
        if (each.when.countries or each.when.countries_not) and each.id not in rules.broken
    ]
    if not asking:
        return
    named = ", ".join(asking[:_MOST]) + (" and others" if len(asking) > _MOST else "")
    file, mend = settings.locations.database, "a newer file at [locations] database, and restart"
    if not file:
        said = f"{named} asks for countries, and no database tells them: it holds in every one"
        yield warn(_COUNTRIES, said, "set [locations] database (networks-and-rules.md#countries)")
        return
    try:
        made = Locations.read(Path(file)).made_at
    except ValueError as error:
        yield wrong(_COUNTRIES, f"{error}", mend)
        return
    said = f"the database is of {made:%Y-%m-%d}"
    if now - made > _OLD:
        yield warn(_COUNTRIES, f"{said}: {(now - made) // DAY} days old", mend)
    else:
        yield ok(_COUNTRIES, said)


def _risks(rules: RuleSet, settings: Settings) -> Iterator[Line]:
    """Tell of rules that name what nobody looks for: they never hold for that."""
    policy = risk_policy(settings)
    there = {
        Risk.LEAKED_PASSWORD: settings.password_rules.breached_file is not None,
        Risk.NEW_COUNTRY: bool(settings.locations.database),
        Risk.IMPOSSIBLE_TRAVEL: bool(settings.locations.database),
    }
    for each in rules.rules:
        for risk in sorted(each.when.risks):
            if not policy.looks_for(risk):
                mend = f"[risk] {risk} in the settings, or another rule (risk.md)"
                yield warn(_RISK, f"{each.id} names {risk}, which is switched off", mend)
            elif not there.get(risk, True):
                said = f"{each.id} names {risk}, which nothing here could find"
                yield warn(_RISK, said, f"set {_NEEDS[risk]} (risk.md)")
