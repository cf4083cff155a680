"""Methods by group in a state file."""

import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.key_models import KeyDemand
from portvakt.core.method_rules import AskedFirst, Campaign, MethodEntry
from portvakt.records import Configuration
from tests import make
from tests.cli import staff
from tests.cli.box import Box
from tests.cli.staff import Row

WHY = {"sv": "Texter kan läsas av andra.", "en": "Others can read texts."}
NO_TEXTS = {
    "id": "no-texts",
    "groups": ["alla"],
    "may_register": ["passkey", "push", "totp"],
    "may_use": {"second_factor": ["passkey", "push", "totp"], "password_reset": []},
    "asked_first": "strongest",
    "reason": WHY,
}


@pytest.fixture
def box(tmp_path: Path, sqlite_url: str) -> Box:
    return Box.make(tmp_path, sqlite_url)


def put(box: Box, *entries: dict[str, Any]) -> Path:
    state = {"groups": [{"id": "alla"}, {"id": "lift"}], "methods": list(entries)}
    return box.write("region.toml", tomli_w.dumps(state))


def stored(box: Box) -> Configuration:
    return box.do(lambda unit: unit.configuration.load())


def problems(box: Box, *entries: dict[str, Any]) -> str:
    answer = box.run("apply", put(box, *entries))
    assert answer.status == 1
    return answer.err


def test_an_entry_is_stored_as_the_file_has_it(box: Box) -> None:
    box.good("apply", put(box, NO_TEXTS))
    kinds = {AuthenticatorType.PASSKEY, AuthenticatorType.PUSH, AuthenticatorType.TOTP}
    assert stored(box).methods == (
        MethodEntry(
            id="no-texts",
            groups=frozenset({make.STAFF}),
            may_register=frozenset(kinds),
            second_factor=frozenset(kinds),
            password_reset=frozenset(),
            asked_first=AskedFirst.STRONGEST,
            reason=WHY,
        ),
    )


def test_what_is_exported_changes_nothing_when_it_is_applied(box: Box) -> None:
    box.good("apply", put(box, NO_TEXTS, {"id": "all", "groups_not": ["lift"], "may_use": {}}))
    before = stored(box)
    written = box.good("export").out
    assert NO_TEXTS in tomllib.loads(written)["methods"]
    answer = box.good("apply", box.write("again.toml", written), "--json").json
    assert answer["changes"] == []
    assert stored(box) == before


def test_a_campaign_is_kept_written_and_brought_back(box: Box) -> None:
    asks = {"register": "passkey", "from": date(2026, 12, 1), "last_day": date(2027, 1, 31)}
    box.good("apply", put(box, {"id": "keys", "campaign": asks}))
    kept = Campaign(
        register=AuthenticatorType.PASSKEY, begins=date(2026, 12, 1), last_day=date(2027, 1, 31)
    )
    assert stored(box).methods == (MethodEntry(id="keys", campaign=kept),)
    written = box.good("export").out
    again = box.good("apply", box.write("again.toml", written), "--json").json
    assert again["changes"] == []
    box.good("apply", put(box), "--prune", "--override-brake")
    box.good("rules", "return", "1", "--reason", "tillbaka")
    assert stored(box).methods == (MethodEntry(id="keys", campaign=kept),)


def test_a_campaign_that_cannot_be_is_refused(box: Box) -> None:
    asks = {"register": "password", "from": date(2026, 12, 1), "last_day": date(2026, 11, 1)}
    said = problems(box, {"id": "keys", "campaign": asks})
    assert "methods[1].campaign.register: “password” is none of passkey, push, totp" in said
    assert "methods[1].campaign.last_day: is before the first" in said


def test_an_entry_that_the_file_lacks_goes_with_prune(box: Box) -> None:
    box.good("apply", put(box, NO_TEXTS, {"id": "none", "may_use": {"password_reset": []}}))
    box.good("apply", put(box, NO_TEXTS), "--prune")
    assert [each.id for each in stored(box).methods] == ["no-texts"]


def test_every_mistake_is_told_with_its_place(box: Box) -> None:
    said = problems(
        box,
        {"id": "a", "groups": ["borta"], "may_register": ["password"]},
        {"id": "a", "groups_not": ["borta"], "may_use": {"passwordless": ["totp"]}},
    )
    assert "methods[1].groups[1]: “borta” is neither in this file nor stored" in said
    assert "methods[2].groups_not[1]: “borta” is neither in this file nor stored" in said
    assert "methods[1].may_register[1]: “password” is none of passkey, push, totp" in said
    assert "“totp” is none of passkey, phone_sign_in" in said
    assert "methods[2].id: “a” is methods[1] already" in said


def test_an_entry_that_takes_nothing_away_is_warned_of(box: Box) -> None:
    assert "takes nothing away" in box.good("apply", put(box, {"id": "a"})).err


def test_a_former_version_brings_its_entries_back(box: Box) -> None:
    box.good("apply", put(box, NO_TEXTS), "--reason", "inga texter")
    box.good("apply", put(box), "--prune", "--override-brake")
    assert stored(box).methods == ()
    assert "methods" in box.good("rules", "diff", "1", "2").out
    box.good("rules", "return", "1", "--reason", "tillbaka")
    assert [each.id for each in stored(box).methods] == ["no-texts"]


def with_phones(box: Box) -> None:
    rows = [
        Row(mobile="070-174 06 05"),
        Row(number="000018", user="bo.astrom", mobile="070-174 06 11", groups="lift"),
        Row(number="000022", user="fia.skogh", mobile="070-174 06 52", protected="J"),
        Row(number="000023", user="eva.lund"),
    ]
    box.good("import-staff", box.write("staff.csv", staff.export(*rows)))


def test_a_file_that_leaves_people_with_nothing_stops_and_says_whom(box: Box) -> None:
    """By number, and by some names; never of somebody with protected identity."""
    box.good("apply", put(box))
    with_phones(box)
    for words in ((), ("--dry-run",)):
        answer = box.run("apply", put(box, NO_TEXTS), *words)
        assert answer.status == 1
        said = "2 people would have no second factor that they may use: anna.berg and 1 more"
        assert said in answer.err
        assert "fia.skogh" not in answer.err + answer.out
        assert stored(box).methods == ()
    box.good("apply", put(box, NO_TEXTS), "--allow-left-out")
    assert len(stored(box).methods) == 1
    box.good("apply", put(box, NO_TEXTS))  # they have nothing already


def test_an_entry_that_gives_back_leaves_nobody_out(box: Box) -> None:
    box.good("apply", put(box))
    with_phones(box)
    box.good("apply", put(box, NO_TEXTS), "--allow-left-out")
    box.good("apply", put(box, {"id": "none", "may_use": {"password_reset": []}}), "--prune")
    found = box.good("apply", put(box, {"id": "none", "groups": ["lift"]}), "--json").json
    assert found["left_out"] is None


def test_people_are_looked_at_page_by_page(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    box.good("apply", put(box))
    with_phones(box)
    monkeypatch.setattr("portvakt.journeys.apply_state.left_out.PAGE", 1)
    monkeypatch.setattr("portvakt.journeys.apply_state.left_out.NAMED", 0)
    answer = box.run("apply", put(box, NO_TEXTS))
    assert "2 people would have no second factor that they may use (" in answer.err


def test_what_if_says_what_may_be_used_and_by_which_entries(box: Box) -> None:
    box.good("apply", put(box))
    with_phones(box)
    draft = put(box, NO_TEXTS)
    asked = ("what-if", "anna.berg")
    assert box.good(*asked, "--json").json["methods"]["entries"] == []
    told = box.good(*asked, "--draft", draft, "--json").json["methods"]
    assert told["entries"] == ["no-texts"]
    assert told["second_factor"] == ["passkey", "push", "totp"]
    assert told["password_reset"] == []
    out = box.good(*asked, "--draft", draft).out
    assert "second factor: passkey, push, totp (by no-texts)" in out
    assert "password reset: nothing (by no-texts)" in out


def test_what_a_passkey_must_be_is_stored_and_written_as_the_file_has_it(box: Box) -> None:
    asked = ["certified-2", "device-bound", ["Modell 5", "5ca1ab1e-0000-4000-8000-00000000cafe"]]
    entries = [{"id": f"e{at}", "passkeys": {"attestation": each}} for at, each in enumerate(asked)]
    box.good("apply", put(box, *entries))
    assert stored(box).methods[0].keys == KeyDemand(level=2)
    written = tomllib.loads(box.good("export").out)["methods"]
    found = [each["passkeys"]["attestation"] for each in written]
    assert found == [*asked[:2], sorted(asked[2])]


def test_a_word_that_asks_nothing_known_of_a_passkey_is_told_with_its_place(box: Box) -> None:
    wrongs: tuple[Any, ...] = ("certified-9", [])
    for wrong in wrongs:
        said = problems(box, {"id": "a", "passkeys": {"attestation": wrong}})
        assert "methods[1].passkeys.attestation: " in said
