"""The stage is the installation's own, without its people and without a way out."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from portvakt.guide.cast import cast_of, domain_of, e164
from portvakt.guide.errors import GuideError
from portvakt.guide.mailbox import Mailbox
from portvakt.guide.stage import stage
from portvakt.guide.stage_settings import TEXTS, settings_on_stage
from portvakt.guide.stage_state import place_of, without_people
from portvakt.guide.steps import Person, Place
from tests.guide.an_installation import REAL_PERSON, exported, settings


async def test_nobody_of_the_installation_is_on_the_stage(tmp_path: Path) -> None:
    async with (
        stage(settings(tmp_path), exported(), tmp_path) as made,
        made.scene(Person.WORK_PHONE) as scene,
    ):
        records = scene.house.records
        there = await records.read(lambda unit: unit.people.listed(include_protected=True))
        rules = await records.read(lambda unit: unit.configuration.load())
    assert {each.user_name for each in there} == {each.user_name for each in made.cast.everybody()}
    assert {each.family_name for each in there} == {"Exempel"}
    assert [each.id for each in rules.rules] == ["outside"]
    assert len(files(tmp_path)) > 1
    assert not [file for file in files(tmp_path) if REAL_PERSON.encode() in file.read_bytes()]


def files(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file()]


async def test_each_scene_begins_anew(tmp_path: Path) -> None:
    async with stage(settings(tmp_path), exported(), tmp_path) as made:
        async with made.scene(Person.WITH_APP) as scene:
            await scene.house.records.write(lambda unit: unit.meta.set("left", "behind"))
        async with made.scene(Person.WITH_APP) as scene:
            assert await scene.house.records.read(lambda unit: unit.meta.get("left")) is None


async def test_people_are_told_the_installations_own_addresses(tmp_path: Path) -> None:
    async with stage(settings(tmp_path), None, tmp_path) as made:
        assert made.address(Place.REGISTRATION) == "https://mfaregistrering.region.example"
        assert made.address(Place.RESET) == "https://mfa.region.example/reset"
        assert made.address(Place.AUTHENTICATOR) == "https://app.region.example/authenticator/"
        assert set(made.names) == {
            "mfa.region.example",
            "mfaregistrering.region.example",
            "myapps.region.example",
            "app.region.example",
        }
        with pytest.raises(GuideError, match="not_me has no address"):
            made.address(Place.NOT_ME)


async def test_names_lead_to_the_stage_and_apps_to_what_stands_for_them(tmp_path: Path) -> None:
    state = exported() | {
        "links": [{"id": "news", "name": "Nyheter", "address": "http://localhost:81/today"}]
    }
    async with stage(settings(tmp_path), state, tmp_path) as made:
        assert made.tiles == {
            "https://lon.region.example/in": "Lönespecifikationen",
            "https://lon.region.example/back": "Lönespecifikationen",
            "http://localhost:81/today": "Nyheter",
        }
        http, https = (f"127.0.0.1:{made.ports[each]}" for each in ("http", "https"))
        assert set(made.resolved()) == {
            f"MAP lon.region.example:443 {https}",
            f"MAP localhost:81 {http}",
            *(f"MAP {name} {https}" for name in made.names),
        }


async def test_a_state_that_cannot_be_applied_is_said(tmp_path: Path) -> None:
    with pytest.raises(GuideError, match=r"cannot be put on the stage.*nowhere"):
        async with stage(
            settings(tmp_path),
            {"rules": [{"id": "x", "require": "multifactor", "when": {"networks": ["nowhere"]}}]},
            tmp_path,
        ):
            pass


def test_nothing_of_the_settings_leads_out(tmp_path: Path) -> None:
    on_stage = settings_on_stage(settings(tmp_path), tmp_path / "stage", tmp_path / "stage" / "db")
    written = msgspec.json.encode(on_stage).decode()
    for outside in ("operator.example", "mail.region.example", "database.region", "real-heads"):
        assert outside not in written
    assert on_stage.organisation.name == "Region Exempel"
    assert on_stage.registration.first == "welcome_window"
    assert [each.gateway for each in on_stage.sms] == ["console"]
    assert on_stage.sms[0].allowed_prefixes == ("+467",)


def test_an_installation_without_texts_has_none_on_its_stage(tmp_path: Path) -> None:
    on_stage = settings_on_stage(settings(tmp_path, sms=[]), tmp_path, tmp_path / "db")
    assert on_stage.sms == ()


def test_rules_for_named_people_are_left_out_and_their_exceptions_too() -> None:
    table = without_people(exported())
    assert "people" not in table
    assert [(each["id"], each["when"]) for each in table["rules"]] == [
        ("outside", {"networks_not": ["lan"]})
    ]


def test_outside_is_in_no_network_and_inside_is_in_one() -> None:
    state = exported()
    assert place_of(state, outside=True) == "203.0.113.7"
    state["networks"].append({"id": "odd", "name": "Odd", "addresses": ["203.0.113.0/24"]})
    assert place_of(state, outside=True) == "198.51.100.7"
    assert place_of(state, outside=False).startswith("10.20.")
    with pytest.raises(GuideError, match="nobody can be shown inside"):
        place_of({}, outside=False)


@pytest.mark.parametrize(
    ("address", "domain"),
    [
        ("https://mfa.region.se", "region.se"),
        ("https://region.se", "region.se"),
        ("http://localhost:8000", "region.example"),
        ("https://192.0.2.1", "region.example"),
    ],
)
def test_people_have_mail_where_the_installation_is(address: str, domain: str) -> None:
    assert domain_of(address) == domain


def test_numbers_are_of_those_that_are_kept_free_for_fiction() -> None:
    cast = cast_of("https://mfa.region.se", ["a", "b", "c", "d"])
    numbers = [each.work_mobile for each in cast.everybody() if each.work_mobile is not None]
    assert numbers
    assert all(e164(each).startswith("+467017406") for each in numbers)


@contextmanager
def texts(folder: Path, *lines: str) -> Iterator[Mailbox]:
    (folder / TEXTS).write_text("".join(lines))
    yield Mailbox(folder)


async def test_a_text_is_read_once_and_a_half_written_one_not_yet(tmp_path: Path) -> None:
    whole = '{"to": "+46701740652", "text": "Kod 123456", "key": "1"}\n'
    with texts(tmp_path, whole, '{"to": "+46701740652", "te') as mailbox:
        assert await mailbox.code("+46701740652") == "123456"
        assert mailbox.texts("+46701740652") == ["Kod 123456"]
        assert mailbox.texts("+46700000000") == []
