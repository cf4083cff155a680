"""A slip of the operator's hand: strangers become insiders, or nobody is asked for anything (F70).

What lets people in with less than before happens when somebody has said that it is meant, and is
an alarm in the trail. Everything else in the file waits with it.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from portvakt.core.assurance import Aal
from portvakt.core.events import SignInSucceeded
from portvakt.core.ids import NetworkId, SessionId
from portvakt.core.policy import Require
from portvakt.records import Unit
from tests import make
from tests.cli.box import Box
from tests.journeys.apply_state.test_apply import State, configuration, put, region

ALARM = "alarm.protection_lowered"


@pytest.fixture
def box(tmp_path: Path, sqlite_url: str) -> Box:
    """An installation with one network and the rule that asks for a second factor outside it."""
    return _laid_out(tmp_path, sqlite_url)


@pytest.fixture
def either(tmp_path: Path, database_url: str) -> Box:
    """The same on both databases."""
    return _laid_out(tmp_path, database_url)


def _laid_out(folder: Path, url: str) -> Box:
    box = Box.make(folder, url)
    for file in folder.glob("portvakt.db*"):
        file.chmod(0o600)
    box.good("apply", put(box, region()))
    return box


def alarms(box: Box) -> list[list[str]]:
    return [each.detail["what"] for each in box.events() if each.name == ALARM]


def is_stopped(box: Box, state: State, why: str, *words: str) -> None:
    """Nothing of the file happens, whatever else is said, until the one word is."""
    before, events = configuration(box), len(box.events())
    for more in ((), ("--dry-run",), ("--override-brake",)):
        answer = box.run("apply", put(box, state), *words, *more)
        assert answer.status == 1, more
        assert f"stopped: {why} (--allow-weaker goes on)" in answer.err
    assert (configuration(box), len(box.events())) == (before, events)
    box.good("apply", put(box, state), *words, "--allow-weaker", "--override-brake")
    assert alarms(box) == [[why]]
    box.good("apply", put(box, state), *words)  # what was said once is not asked again
    assert len(alarms(box)) == 1


@pytest.mark.parametrize("wide", ["0.0.0.0/0", "128.0.0.0/1", "192.0.0.0/7", "::/0", "2000::/3"])
def test_f70_a_network_that_takes_in_strangers_takes_somebodys_word(box: Box, wide: str) -> None:
    state = region()
    state["networks"][0]["addresses"] = ["10.20.0.0/16", wide]
    is_stopped(box, state, f"network lan would take in strangers with {wide}")


@pytest.mark.parametrize("fine", ["10.0.0.0/8", "fc00::/7", "192.168.0.0/16", "2001:db8::/32"])
def test_f70_the_largest_network_that_somebody_may_have_is_no_slip(box: Box, fine: str) -> None:
    state = region()
    state["networks"][0]["addresses"] = [fine]
    box.good("apply", put(box, state))
    assert alarms(box) == []


def _off(rule: dict[str, Any]) -> None:
    rule["state"] = "off"


def _only_reporting(rule: dict[str, Any]) -> None:
    rule["state"] = "report_only"


def _a_password_is_enough(rule: dict[str, Any]) -> None:
    rule["require"] = "password"


@pytest.mark.parametrize("slip", [_off, _only_reporting, _a_password_is_enough])
def test_f70_the_last_rule_that_asks_for_a_second_factor_takes_somebodys_word(
    box: Box, slip: Callable[[dict[str, Any]], None]
) -> None:
    state = region()
    slip(state["rules"][0])
    is_stopped(box, state, "no rule would ask for a second factor any more")


def test_f70_a_file_that_has_lost_its_rules_takes_somebodys_word(either: Box) -> None:
    is_stopped(
        either, region(rules=[]), "no rule would ask for a second factor any more", "--prune"
    )


def test_f70_one_of_two_rules_may_go_without_a_word(box: Box) -> None:
    state = region()
    second = state["rules"][0] | {"id": "second", "require": "phishing_resistant"}
    box.good("apply", put(box, state | {"rules": [*state["rules"], second]}))
    box.good("apply", put(box, state), "--prune")
    assert [each.require for each in configuration(box).rules] == [Require.MULTIFACTOR]
    assert alarms(box) == []


@pytest.mark.parametrize("wide", ["0.0.0.0/0", "0.0.0.0/1", "::/0"])
def test_f70_proxies_that_are_everybody_stop_the_start(box: Box, wide: str) -> None:
    box.config.write_text(f'{box.config.read_text()}\n[proxies]\ntrusted = ["{wide}"]\n')
    answer = box.run("check-config")
    assert answer.status == 1
    assert f"“{wide}” would let anybody choose their own address" in answer.out + answer.err


def checked(box: Box, check: str) -> list[tuple[str, str]]:
    lines = box.run("doctor", "--json").json["checks"]
    return [(each["level"], each["said"]) for each in lines if each["check"] == check]


def test_f70_doctor_tells_of_what_somebody_has_let_through(either: Box) -> None:
    assert checked(either, "rules") == [("ok", "1 of 1 ask for a second factor")]
    state = region()
    state["networks"][0]["addresses"] = ["0.0.0.0/0"]
    _off(state["rules"][0])
    either.good("apply", put(either, state), "--allow-weaker")
    assert len(alarms(either)[0]) == 2
    [(level, said)] = checked(either, "networks")
    assert (level, said.startswith("lan holds more addresses")) == ("wrong", True)
    [(level, said)] = checked(either, "rules")
    assert (level, "a password is enough for everything" in said) == ("warn", True)


@pytest.mark.parametrize(
    ("inside", "outside", "unknown", "level"),
    [
        (0, 19, 0, "ok"),
        (10, 10, 0, "ok"),
        (20, 0, 5, "ok"),
        (0, 20, 0, "warn"),
        (20, 0, 0, "warn"),
        (0, 0, 20, "wrong"),
    ],
)
def test_f53_doctor_tells_of_a_proxy_that_hides_where_people_are(
    box: Box, inside: int, outside: int, unknown: int, level: str
) -> None:
    """As `wrong` where no address came through at all, as `warn` where all are of one kind."""
    lan = (NetworkId("lan"),)
    came: list[tuple[str | None, tuple[NetworkId, ...]]] = [("10.20.1.1", lan)] * inside
    came += [("203.0.113.5", ())] * outside + [(None, ())] * unknown

    async def act(unit: Unit) -> None:
        await unit.audit.write_many(
            SignInSucceeded(
                at=box.now,
                address=address,
                session_id=SessionId("s"),
                app=None,
                methods=(make.PASSWORD,),
                aal=Aal.ONE,
                rules=(),
                networks=networks,
                known_browser=False,
            )
            for address, networks in came
        )

    box.do(act)
    [(found, said)] = checked(box, "places")
    assert found == level, said
    box.move(hours=25)
    assert checked(box, "places")[0][0] == "ok", "of yesterday there is nothing to tell"
