"""`portvakt tokens`: files of devices, and whose each one is."""

import base64
import io
from pathlib import Path

import pytest
from pskc import PSKC

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.ids import AuthenticatorId
from portvakt.crypto.sealing import Sealer, read_master_keys
from portvakt.records import Unit
from portvakt.records.hardware_tokens import StoredToken
from tests import make
from tests.cli import staff
from tests.cli.box import Box
from tests.cli.staff import Row

SECRET = bytes(range(20))
BASE32 = base64.b32encode(SECRET).decode()
HEAD = "upn,serial number,secret key,time interval,manufacturer,model\n"
FILE = f"{HEAD}anna.berg,1001,{BASE32},30,Feitian,c200\n,1002,{BASE32},60,Feitian,c200\n"
TOKEN = AuthenticatorType.HARDWARE_TOKEN


@pytest.fixture
def box(tmp_path: Path, database_url: str) -> Box:
    box = Box.make(tmp_path, database_url)
    box.good("import-staff", box.write("staff.csv", staff.export(Row())))
    return box


def stored(box: Box, serial: str) -> StoredToken | None:
    async def act(unit: Unit) -> StoredToken | None:
        return await unit.hardware_tokens.find(serial)

    return box.do(act)


def in_use(box: Box) -> AuthenticatorId:
    """Let Anna take 1002 into use."""
    anna, mine = box.person("000017").account.id, AuthenticatorId("device")
    spare = stored(box, "1002")
    assert spare is not None

    async def act(unit: Unit) -> None:
        device = make.bound(TOKEN, id=mine, account_id=anna, detail="x", label="1002")
        await unit.authenticators.bind(device, sealed=b"x")
        assert await unit.hardware_tokens.take(spare.id, anna, mine, 7, box.now)

    box.do(act)
    return mine


def test_a_file_fills_the_pool_and_again_changes_nothing(box: Box) -> None:
    file = box.write("tokens.csv", FILE)
    assert box.good("tokens", "import", file, "--dry-run", "--json").json["created"] == 2
    assert box.good("tokens", "list", "--json").json == []
    assert box.good("tokens", "import", file).out == "created    2\nunchanged  0\n"
    again = box.good("tokens", "import", file, "--json").json
    assert (again["created"], again["unchanged"], again["rows"]) == (0, 2, [])
    kept, spare = box.good("tokens", "list", "--json").json
    assert (kept["serial"], kept["standing"], kept["user_name"]) == ("1001", "kept", "anna.berg")
    assert (spare["serial"], spare["standing"], spare["period"]) == ("1002", "spare", 60)
    assert [each["serial"] for each in box.good("tokens", "list", "--spare", "--json").json] == [
        "1002"
    ]
    assert "1002    spare             Feitian c200  totp sha1, 6 digits, 60 s" in (
        box.good("tokens", "list").out
    )


def test_a_secret_is_sealed_and_never_shown(box: Box) -> None:
    box.good("tokens", "import", box.write("tokens.csv", FILE))
    token = stored(box, "1001")
    assert token is not None
    place = {"table": "hardware_tokens", "column": "sealed", "row": token.id}
    assert Sealer(read_master_keys(box.key)).open(token.sealed, **place) == SECRET
    assert SECRET not in token.sealed
    shown = box.good("tokens", "list", "--json").out + repr(token) + str(box.events())
    assert BASE32 not in shown
    assert SECRET.hex() not in shown


def test_lines_that_cannot_be_used_are_told_and_the_others_are_taken(box: Box) -> None:
    more = f"nobody.here,1003,{BASE32},30,m,n\n,1002,{BASE32},30,m,n\n,1004,{BASE32},45,m,n\n"
    answer = box.good("tokens", "import", box.write("tokens.csv", FILE + more))
    assert answer.out.splitlines() == [
        "created    2",
        "unchanged  0",
        "row 4: upn: nobody has this name",
        "row 5: serial number: stands in the file twice",
        "row 6: time interval: is neither 30 nor 60 seconds",
    ]
    assert box.run("tokens", "import", box.write("bad.csv", HEAD + more[:40])).status == 1


def test_a_container_opens_with_its_pass_phrase_or_key_from_a_file(box: Box) -> None:
    for number, how in enumerate(("phrase", "key"), 1):
        made = PSKC()
        made.add_key(
            id="k",
            serial=f"P{number}",
            secret=SECRET,
            algorithm="urn:ietf:params:xml:ns:keyprov:pskc:hotp",
            counter=42,
            response_length=6,
        )
        if how == "key":
            made.encryption.setup_preshared_key(key=bytes(16))
        else:
            made.encryption.setup_pbkdf2("hemligt ord")
        out = io.BytesIO()
        made.write(out)
        file = box.write(f"{how}.xml", out.getvalue().decode())
        assert "does not open" in box.run("tokens", "import", file).err
        wrong = box.write("wrong", "fel")
        assert box.run("tokens", "import", file, "--pass-phrase-file", wrong).status == 1
        given = box.write(how, bytes(16).hex() if how == "key" else "hemligt ord\n")
        option = "--key-file" if how == "key" else "--pass-phrase-file"
        box.good("tokens", "import", file, option, given)
        token = stored(box, f"P{number}")
        assert token is not None
        assert token.last_step == 41


def test_a_device_is_kept_for_one_person_and_taken_back(box: Box) -> None:
    box.good("tokens", "import", box.write("tokens.csv", FILE))
    answer = box.good("tokens", "assign", "1002", "anna.berg")
    assert answer.out == "1002 is kept for anna.berg\n"
    assert box.good("tokens", "unassign", "1002", "--json").json["standing"] == "spare"
    token = stored(box, "1002")
    assert token is not None
    assert token.account_id is None
    names = [each.name for each in box.events()]
    assert names.count("hardware_token.kept") == names.count("hardware_token.returned") == 1


def test_a_device_that_is_taken_back_stops_working_and_its_owner_is_told(box: Box) -> None:
    box.good("tokens", "import", box.write("tokens.csv", FILE))
    mine = in_use(box)
    refused = box.run("tokens", "assign", "1002", "anna.berg")
    assert (refused.status, "in use" in refused.err) == (1, True)
    box.good("tokens", "unassign", "1002")
    assert mine not in {each.id for each in box.person("000017").authenticators}
    token = stored(box, "1002")
    assert token is not None
    assert (token.account_id, token.authenticator_id, token.last_step) == (None, None, 7)
    assert any("koddosa" in body for channel, _, body in box.outbox() if channel == "mail")


def test_a_lost_device_opens_nothing_and_is_kept_for_nobody(box: Box) -> None:
    box.good("tokens", "import", box.write("tokens.csv", FILE))
    mine = in_use(box)
    assert box.good("tokens", "lost", "10-02").out == "10-02 is lost, and opens nothing\n"
    assert mine not in {each.id for each in box.person("000017").authenticators}
    assert "is lost" in box.run("tokens", "assign", "1002", "anna.berg").err
    box.good("tokens", "unassign", "1002")
    token = stored(box, "1002")
    assert token is not None
    assert not token.lost


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("import",), "which one? FILE"),
        (("assign", "1"), "for whom? PERSON"),
        (("lost", "1", "anna.berg"), "takes no PERSON"),
        (("list", "1"), "takes nothing more"),
        (("list", "--dry-run"), "does not read a file"),
        (("import", "f", "--key-file", "k", "--pass-phrase-file", "p"), "not both"),
    ],
)
def test_a_command_that_is_called_wrongly_says_how(
    words: tuple[str, ...], said: str, box: Box
) -> None:
    answer = box.run("tokens", *words)
    assert answer.status == 2
    assert said in answer.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("import", "/nowhere.csv"), "cannot be read"),
        (("lost", "4711"), "no device with the serial number '4711'"),
        (("assign", "4711", "nobody"), "nobody called"),
    ],
)
def test_what_there_is_not_is_told_in_one_line(words: tuple[str, ...], said: str, box: Box) -> None:
    answer = box.run("tokens", *words)
    assert answer.status == 1
    assert said in answer.err


def test_nobody_who_is_disabled_is_given_one(box: Box) -> None:
    box.good("tokens", "import", box.write("tokens.csv", FILE))

    async def off(unit: Unit) -> None:
        found = await unit.people.by_external_id("hr", "000017")
        assert found is not None
        await unit.people.disable_many([found], box.now)

    box.do(off)
    assert "is disabled" in box.run("tokens", "assign", "1002", "anna.berg").err
