"""People of a directory become accounts, and stay what the directory says: against real servers."""

from pathlib import Path
from typing import Any

import pytest

from portvakt.core.authenticators import AuthenticatorType, is_work_phone
from portvakt.core.people import Account, AccountState
from portvakt.crypto.digests import lookup_hash
from portvakt.records import Standing, Unit
from tests import make
from tests.cli.box import Box
from tests.directories.people.branches import NAME, Branch

pytestmark = pytest.mark.slow
SMS = AuthenticatorType.SMS_CODE


def sync(box: Box, *words: str) -> dict[str, Any]:
    (told,) = box.good("sync", "--json", *words).json
    found: dict[str, Any] = told
    assert found["outcome"] == "synced"
    return found


def changes(box: Box) -> dict[str, Any]:
    """Follow what changed, and nothing more."""
    told = sync(box)
    assert not told["whole"]
    return told


def find(box: Box, user_name: str) -> Standing | None:
    """Find whom the name signs in."""

    async def act(unit: Unit) -> Standing | None:
        return await unit.people.find(user_name)

    found = box.do(act)
    return found if found is not None and found.account.usable else None


def known(box: Box, user_name: str) -> Standing:
    found = find(box, user_name)
    assert found is not None
    return found


def account(box: Box, user_name: str) -> Account:
    return known(box, user_name).account


def numbers(box: Box, user_name: str) -> list[tuple[str, str]]:
    return [
        (each.detail, each.source)
        for each in known(box, user_name).authenticators
        if each.type is SMS
    ]


def events(box: Box, user_name: str) -> list[str]:
    return [each.name for each in box.events(account(box, user_name).id)]


def test_everything_about_a_person_comes_along(branch: Branch, box: Box) -> None:
    chef = branch.add("berit.chef", title="Enhetschef", unit="Akuten")
    asa = branch.add(
        "asa.oberg",
        givenName="Åsa",
        sn="Öberg",
        title="Sjuksköterska",
        unit="Röntgen",
        mobile="+46 (0)70-174 06 05",
        manager=chef,
    )
    branch.group("alla", asa)
    told = sync(box)
    assert (told["whole"], told["created"], told["people"]) == (True, 2, 2)
    found = account(box, "asa.oberg")
    assert (found.given_name, found.family_name) == ("Åsa", "Öberg")
    assert (found.title, found.unit) == ("Sjuksköterska", "Röntgen")
    assert found.email == "asa.oberg@region.example"
    assert found.source == NAME
    assert found.groups == {"alla"}
    assert found.manager == account(box, "berit.chef").external_id
    assert numbers(box, "asa.oberg") == [("+46701740605", NAME)]


def test_a_work_phone_can_get_codes_at_once_and_says_where_it_is_from(
    branch: Branch, box: Box
) -> None:
    branch.add("asa.oberg", mobile="070-174 06 05")
    sync(box)
    (phone,) = known(box, "asa.oberg").active(SMS)
    assert phone.authenticator.label == "Tjänstetelefon från katalogen"
    assert is_work_phone(phone.authenticator)
    assert phone.authenticator.created_at == box.now


def test_the_password_is_the_directorys_and_nothing_of_it_is_stored(
    branch: Branch, box: Box
) -> None:
    branch.add("asa.oberg")
    sync(box)
    (password,) = known(box, "asa.oberg").active(AuthenticatorType.PASSWORD)
    assert password.authenticator.source == NAME
    assert password.verifier is None


def test_running_it_again_changes_nothing(branch: Branch, box: Box) -> None:
    branch.add("asa.oberg", mobile="070-174 06 05")
    branch.group("alla", branch.add("bo.ek"))
    sync(box)
    before = len(box.events())
    for words in ((), ("--full",)):
        told = sync(box, *words)
        assert (told["created"], told["changed"], told["disabled"]) == (0, 0, 0)
    assert len(box.events()) == before + 1  # the full run says that it was


def test_a_field_that_changes_is_followed_without_reading_everybody(
    branch: Branch, box: Box
) -> None:
    for number in range(6):
        branch.add(f"nummer{number}")
    asa = branch.add("asa.oberg", title="Sjuksköterska")
    sync(box)
    branch.change(asa, "title", "Barnmorska")
    told = changes(box)
    assert told["changed"] == 1
    assert told["people"] < 7
    assert account(box, "asa.oberg").title == "Barnmorska"
    branch.change(asa, "title", None)
    assert changes(box)["changed"] == 1
    assert account(box, "asa.oberg").title == ""


def test_who_comes_is_there_and_who_is_deleted_is_disabled(branch: Branch, box: Box) -> None:
    asa = branch.add("asa.oberg")
    branch.add("bo.ek")
    sync(box)
    branch.add("carl.ny", mobile="070-174 06 07")
    branch.delete(asa)
    told = changes(box)
    assert (told["created"], told["disabled"]) == (1, 1)
    assert numbers(box, "carl.ny") == [("+46701740607", NAME)]
    assert find(box, "asa.oberg") is None
    assert find(box, "bo.ek") is not None


def test_somebody_renamed_or_moved_stays_the_same_account(branch: Branch, box: Box) -> None:
    asa = branch.add("asa.oberg", mobile="070-174 06 05")
    sync(box)
    before = account(box, "asa.oberg").id
    asa = branch.rename(asa, "asa.lind")
    assert changes(box)["changed"] == 1
    assert account(box, "asa.lind").id == before
    assert account(box, "asa.oberg@region.example").id == before
    asa = branch.move(asa)
    told = changes(box)
    assert (told["created"], told["disabled"]) == (0, 0)
    assert account(box, "asa.lind").id == before
    branch.move_out(asa)
    assert changes(box)["disabled"] == 1


def test_who_has_a_manager_keeps_them_when_only_one_of_them_changes(
    branch: Branch, box: Box
) -> None:
    chef = branch.add("berit.chef")
    asa = branch.add("asa.oberg", manager=chef)
    sync(box)
    branch.change(asa, "title", "Barnmorska")
    changes(box)
    assert account(box, "asa.oberg").manager == account(box, "berit.chef").external_id


def test_groups_within_groups_are_followed_also_in_circles(branch: Branch, box: Box) -> None:
    asa, bo = branch.add("asa.oberg"), branch.add("bo.ek")
    ward = branch.group("avdelning", asa)
    clinic = branch.group("klinik", ward)
    region = branch.group("regionen", clinic, bo)
    branch.join(ward, region)
    sync(box)
    everything = {"avdelning", "klinik", "regionen"}
    assert account(box, "asa.oberg").groups == everything
    assert account(box, "bo.ek").groups == everything
    branch.leave(ward, region)
    assert changes(box)["changed"] == 1
    assert account(box, "bo.ek").groups == {"regionen"}
    branch.leave(region, clinic)
    changes(box)
    assert account(box, "asa.oberg").groups == {"avdelning", "klinik"}
    branch.join(ward, bo)
    changes(box)
    assert account(box, "bo.ek").groups == everything


def test_only_the_groups_of_the_settings_count(
    branch: Branch, tmp_path: Path, sqlite_url: str
) -> None:
    asa = branch.add("asa.oberg")
    inner = branch.group("inre", asa)
    outer = branch.group("yttre", inner)
    more = f'groups = {{ "{outer.upper()}" = "personal" }}'
    box = Box.make(tmp_path, sqlite_url, branch.settings(tmp_path, more))
    sync(box)
    assert account(box, "asa.oberg").groups == {"personal"}


def test_a117_who_is_disabled_there_is_out_everywhere_here(branch: Branch, box: Box) -> None:
    asa = branch.add("asa.oberg")
    sync(box)
    before = known(box, "asa.oberg").account

    async def sign_in(unit: Unit) -> None:
        await unit.sessions.open(make.session(account_id=before.id), lookup_hash("s"))

    box.do(sign_in)
    branch.off(asa)
    assert changes(box)["disabled"] == 1

    async def look(unit: Unit) -> tuple[Standing | None, object]:
        return await unit.people.load(before.id), await unit.sessions.of(before.id)

    after, sessions = box.do(look)
    assert after is not None
    assert after.account.state is AccountState.DISABLED
    assert not sessions
    assert find(box, "asa.oberg") is None
    branch.on(asa)
    assert changes(box)["changed"] == 1
    assert account(box, "asa.oberg").id == before.id


def test_a118_a_new_person_with_an_old_name_gets_nothing_of_the_old_one(
    branch: Branch, tmp_path: Path, sqlite_url: str
) -> None:
    # OpenLDAP without `refint` leaves the old name in its groups; only `memberOf` tells them apart.
    more = 'group_pattern = "*"' + ('\nmembership = "memberOf"' if branch.kind == "ldap" else "")
    box = Box.make(tmp_path, sqlite_url, branch.settings(tmp_path, more))
    asa = branch.add("asa.oberg", mobile="070-174 06 05")
    branch.group("chefer", asa)
    sync(box)
    old = account(box, "asa.oberg")
    assert old.groups == {"chefer"}
    branch.delete(asa)
    branch.add("asa.oberg")
    told = changes(box)
    assert (told["created"], told["disabled"], told["refused"]) == (1, 1, 0)
    new = known(box, "asa.oberg")
    assert new.account.id != old.id
    assert new.account.groups == set()
    assert not new.active(SMS)
    branch.change(asa, "mobile", "070-174 06 05")
    changes(box)
    assert numbers(box, "asa.oberg") == [("+46701740605", NAME)]


def test_a029_a_number_that_changed_stops_and_everybody_hears(branch: Branch, box: Box) -> None:
    asa = branch.add("asa.oberg", mobile="070-174 06 05")
    sync(box)
    box.outbox()
    box.move(minutes=10)
    branch.change(asa, "mobile", "070-174 06 06")
    changes(box)
    (phone,) = known(box, "asa.oberg").active(SMS)
    assert phone.authenticator.detail == "+46701740606"
    assert phone.authenticator.changed_at == box.now
    told = {(channel, to) for channel, to, _ in box.outbox()}
    assert ("sms", "+46701740605") in told
    assert ("mail", "asa.oberg@region.example") in told
    assert {"method.removed", "method.number_registered"} <= set(events(box, "asa.oberg"))
    box.move(minutes=10)
    branch.change(asa, "mobile", None)
    changes(box)
    assert numbers(box, "asa.oberg") == []


def test_a_number_that_two_people_have_is_for_neither(branch: Branch, box: Box) -> None:
    branch.add("asa.oberg", mobile="070-174 06 05")
    bo = branch.add("bo.ek")
    sync(box)
    branch.change(bo, "mobile", "+46701740605")
    assert changes(box)["shared_mobile"] == 2
    assert numbers(box, "asa.oberg") == []
    assert numbers(box, "bo.ek") == []


def test_a_name_goes_from_one_person_to_another(branch: Branch, box: Box) -> None:
    asa = branch.add("asa.oberg", mail="chefen@region.example")
    bo = branch.add("bo.ek")
    sync(box)
    branch.change(asa, "mail", "asa.oberg@region.example")
    branch.change(bo, "mail", "chefen@region.example")
    assert changes(box)["changed"] == 2
    assert account(box, "chefen@region.example").user_name == "bo.ek"


def test_a_dry_run_says_by_person_and_field_what_would_change(branch: Branch, box: Box) -> None:
    asa = branch.add("asa.oberg", mobile="070-174 06 05")
    bo = branch.add("bo.ek")
    sync(box)
    before = len(box.events())
    branch.change(asa, "title", "Barnmorska")
    branch.change(asa, "mobile", "070-174 06 06")
    branch.delete(bo)
    told = {each["person"]: each for each in sync(box, "--dry-run")["changes"]}
    assert told["asa.oberg"]["fields"] == {
        "title": ["", "Barnmorska"],
        "work_mobile": ["••• 05", "••• 06"],
    }
    assert told["bo.ek"]["kind"] == "disabled"
    said = box.good("sync", "--dry-run").out
    assert "region: asa.oberg: changed\n    title: - → Barnmorska\n" in said
    assert len(box.events()) == before
    assert account(box, "asa.oberg").title == ""


def test_what_somebody_added_is_never_touched(branch: Branch, box: Box) -> None:
    asa = branch.add("asa.oberg", mobile="070-174 06 05")
    sync(box)
    found = known(box, "asa.oberg")
    (work,) = found.active(SMS)

    async def bind(unit: Unit) -> None:
        from dataclasses import replace  # noqa: PLC0415 - one caller

        own = replace(
            work.authenticator, id=type(work.authenticator.id)("own"), source="self",
            detail="+46701740699",
        )  # fmt: skip
        assert await unit.authenticators.bind(own)

    box.do(bind)
    branch.change(asa, "mobile", None)
    changes(box)
    assert numbers(box, "asa.oberg") == [("+46701740699", "self")]


def test_a_command_finds_somebody_by_name_and_by_the_directorys_id(
    branch: Branch, box: Box
) -> None:
    branch.add("asa.oberg", mobile="070-174 06 05")
    sync(box)
    shown = box.good("person", "show", "asa.oberg", "--json").json
    assert shown["source"] == NAME
    assert box.good("person", "show", shown["id"], "--json").json == shown
