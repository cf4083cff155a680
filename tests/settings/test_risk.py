"""What `[risk]` says becomes what is looked for, and nothing longer than it is kept."""

from datetime import timedelta
from pathlib import Path

import pytest

from portvakt.core.policy import RuleState
from portvakt.core.risk import RiskPolicy
from portvakt.core.signals import Risk
from portvakt.risk_settings import risk_policy
from portvakt.settings import Settings
from portvakt.settings.structs import Keys, Organisation
from portvakt.settings.structs import Risk as RiskSettings
from tests.settings.test_settings import LEAST, errors


def settings(**risk: object) -> Settings:
    return Settings(
        public_url="https://login.example",
        database_url="sqlite:////var/lib/portvakt.db",
        keys=Keys(master_file="/master.key"),
        organisation=Organisation(country="NO"),
        risk=RiskSettings(**risk),  # type: ignore[arg-type]  # one per test
    )


def test_what_is_not_set_is_the_published_policy() -> None:
    found, published = risk_policy(settings()), RiskPolicy(home="NO")
    assert found == published
    assert dict(found.states) == dict.fromkeys(published.states, RuleState.ON)


def test_each_kind_is_switched_by_its_name_and_numbers_are_taken_over() -> None:
    found = risk_policy(settings(spray="off", new_country="report_only", guesses_within="90m"))
    assert found.state(Risk.SPRAY) is RuleState.OFF
    assert found.state(Risk.NEW_COUNTRY) is RuleState.REPORT_ONLY
    assert found.state(Risk.GUESSING) is RuleState.ON
    assert found.guesses_within == timedelta(minutes=90)


@pytest.mark.parametrize("name", ["spray_within", "guesses_within", "refused_within"])
def test_nothing_is_looked_back_on_for_longer_than_it_is_kept(tmp_path: Path, name: str) -> None:
    [said] = errors(tmp_path, LEAST + f'[risk]\n{name} = "25h"\n')
    assert "is more than 24 hours" in said
    assert errors(tmp_path, LEAST + f'[risk]\n{name} = "24h"\n') == []
