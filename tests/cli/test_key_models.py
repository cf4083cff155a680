"""`portvakt key-models`, and what doctor and serve say of the file that it reads."""

from pathlib import Path

import pytest

from portvakt.core.ids import AccountId
from portvakt.core.key_models import KeyDemand
from portvakt.core.method_rules import MethodEntry
from portvakt.records import Unit
from tests import make
from tests.cli import staff
from tests.cli.box import Answer, Box
from tests.cli.staff import Row
from tests.cli.test_doctor import found, say, well
from tests.key_makers import AAGUID, HOST, NAME, OTHER, Fido, Maker, entry
from tests.records import a_key

REST = """
[passkeys]
metadata = "{folder}/fido.jwt"
metadata_root = "{folder}/root.pem"
metadata_signer = "{host}"
"""
GOOD, BAD = entry(Maker(), "FIDO_CERTIFIED_L2"), entry(Maker(aaguid=OTHER), "REVOKED", name="Förra")
NEW = "2030-01-01"


@pytest.fixture
def box(tmp_path: Path, sqlite_url: str) -> Box:
    return well(tmp_path, sqlite_url)


@pytest.fixture
def fido(box: Box) -> Fido:
    made = Fido()
    box.write("root.pem", made.trusted)
    box.write("fido.jwt", made.blob(GOOD, BAD, next_update=NEW))
    say(box, REST.format(folder=box.folder, host=HOST))
    return made


def a_person(box: Box, *rows: Row) -> AccountId:
    """Somebody from HR, with a key of the model that nobody should have."""
    box.good("import-staff", box.write("staff.csv", staff.export(*(rows or (Row(),)))))
    account = box.person("000017").account.id

    async def act(unit: Unit) -> None:
        await unit.authenticators.bind(
            make.bound(make.PASSKEY, id=a_key.ID, account_id=account, label="På knippan")
        )
        await a_key.add(unit, account, aaguid=OTHER)

    box.do(act)
    return account


@pytest.mark.usefixtures("fido")
def test_it_shows_how_much_is_known_and_how_old_it_is(box: Box) -> None:
    told = {"number": 7, "models": 2, "not_taken": 1, "next_update": NEW}
    assert box.good("key-models", "--json").json == told
    assert "2030-01-01" in box.good("key-models").out


@pytest.mark.usefixtures("fido")
@pytest.mark.parametrize("word", [AAGUID, "modell 5", AAGUID.upper()])
def test_a_model_is_found_by_number_and_name(box: Box, word: str) -> None:
    assert NAME in box.good("key-models", word).out
    (told,) = box.good("key-models", word, "--json").json
    assert (told["id"], told["level"], told["trouble"]) == (AAGUID, 2, None)


@pytest.mark.usefixtures("fido")
def test_a_model_that_nobody_should_use_says_why(box: Box) -> None:
    assert "REVOKED" in box.good("key-models", "förra").out
    answer = box.run("key-models", "unheard of")
    assert (answer.status, answer.out) == (1, "")
    assert "no model is “unheard of”" in answer.err


@pytest.mark.usefixtures("fido")
def test_whoever_has_a_key_of_such_a_model_is_listed(box: Box) -> None:
    assert box.good("key-models", "--holders", "--json").json == []
    a_person(box)
    answer = box.run("key-models", "--holders", "--json")
    assert answer.status == 1
    assert answer.json == [
        {
            "user_name": "anna.berg",
            "method": a_key.ID,
            "label": "På knippan",
            "model": "Förra",
            "trouble": "REVOKED",
        }
    ]
    assert "anna.berg" in box.run("key-models", "--holders").out


@pytest.mark.usefixtures("fido")
def test_somebody_with_protected_identity_is_listed_on_leave_and_that_is_recorded(box: Box) -> None:
    a_person(box, Row(protected="J"))
    assert box.good("key-models", "--holders", "--json").json == []
    assert box.run("key-models", "--holders", "--include-protected").status == 1
    assert "people.protected_seen" in [each.name for each in box.events()]


def test_without_a_file_it_says_so(box: Box) -> None:
    assert "set [passkeys] metadata" in box.run("key-models").err
    assert found(box, "key models", "ok") == []


def test_doctor_says_what_the_file_knows_and_whether_it_is_old(box: Box, fido: Fido) -> None:
    [(said, _)] = found(box, "key models", "ok")
    assert said == "number 7 knows 2, next due 2030-01-01"
    box.write("fido.jwt", fido.blob(GOOD, next_update="2026-01-01"))
    [(said, mend)] = found(box, "key models", "warn")
    assert "next due 2026-01-01" in said
    assert "newer file" in mend


@pytest.mark.usefixtures("fido")
def test_doctor_says_that_somebody_has_a_bad_key(box: Box) -> None:
    a_person(box)
    [(said, mend)] = found(box, "key models", "warn")
    assert said == "1 keys are of models that cannot be trusted any more"
    assert mend == "portvakt key-models --holders"


@pytest.mark.usefixtures("fido")
def test_a_file_that_is_not_signed_as_it_should_be_is_told_everywhere(box: Box) -> None:
    box.write("fido.jwt", Fido().blob(GOOD))
    [(said, _)] = found(box, "key models")
    assert "not signed by" in said
    for words in (("key-models",), ("serve",)):
        answer: Answer = box.run(*words)
        assert answer.status == 1
        assert "not signed by" in answer.err


@pytest.mark.usefixtures("fido")
def test_an_older_edition_than_was_taken_before_is_refused(box: Box) -> None:
    box.do(lambda unit: unit.meta.set("key_metadata_number", "8"))
    answer = box.run("serve")
    assert answer.status == 1
    assert "has the number 7, and 8 was taken before" in answer.err
    [(said, _)] = found(box, "key models")
    assert "8 was taken before" in said


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('metadata = "x"', "“metadata_root”"),
        ('metadata_root = "x"', "“metadata”"),
        ('metadata = "/no/file"\nmetadata_root = "/no/root"', "there is no file /no/file"),
        ('metadata_signer = "https://x"', "is not a host name"),
        ("refuse_compromised = true", "is of no use without “metadata”"),
    ],
)
def test_settings_that_cannot_be_meant_are_told(box: Box, lines: str, said: str) -> None:
    say(box, f"[passkeys]\n{lines}\n")
    answer = box.run("check-config")
    assert answer.status == 1
    assert said in answer.out + answer.err


def test_doctor_says_that_an_entry_asks_what_nothing_tells(box: Box) -> None:
    box.do(
        lambda unit: unit.configuration.put_methods(
            [MethodEntry(id="it", keys=KeyDemand(level=1))], "apply"
        )
    )
    [(said, mend)] = found(box, "key models", "warn")
    assert said == "it asks what a key is, and nothing tells: none can be added"
    assert "[passkeys] metadata" in mend
