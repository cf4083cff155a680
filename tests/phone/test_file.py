"""The file of a phone: whole, its owner's alone, and never printed."""

import json
import os
from pathlib import Path

import pytest

from portvakt.phone.acts import Identity
from portvakt.phone.answers import Totp
from portvakt.phone.errors import PhoneFileError
from portvakt.phone.file import Kept, load, make_room, place, save
from portvakt.phone.keys import Key
from portvakt.phone.screen_lock import ScreenLock
from tests.phone.service import ORIGIN, SECRET

TOTP = Totp(secret=SECRET, digits=6, period=30, algorithm="SHA1")


def kept(**more: object) -> Kept:
    identity = Identity(ORIGIN, "p1", Key.made(), TOTP, ScreenLock.made(ORIGIN))
    return Kept(identity, **more)  # type: ignore[arg-type]  # a test's own words


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new" / "phone.json"


def test_what_is_saved_is_loaded(path: Path) -> None:
    phone = kept(offset=-7, ca="/etc/ca.pem")
    save(path, phone)
    found = load(path)
    assert (found.offset, found.ca, found.gone) == (-7, "/etc/ca.pem", False)
    assert found.identity.key.jwk() == phone.identity.key.jwk()
    assert found.identity.totp == TOTP
    assert found.identity.lock is not None
    assert phone.identity.lock is not None
    assert found.identity.lock.id == phone.identity.lock.id
    assert found.identity.lock.key.jwk() == phone.identity.lock.key.jwk()


def test_a_phone_without_codes_and_lock_is_one_too(path: Path) -> None:
    save(path, Kept(Identity(ORIGIN, "p1", Key.made())))
    found = load(path).identity
    assert (found.totp, found.lock) == (None, None)


def test_the_file_says_that_there_is_no_real_screen_lock(path: Path) -> None:
    save(path, kept())
    assert "no real screen lock" in json.loads(path.read_text())["about"]


def test_the_file_is_its_owner_s_alone_whatever_the_umask(path: Path) -> None:
    before = os.umask(0)
    try:
        save(path, kept())
        save(path, kept())
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert [each.name for each in path.parent.iterdir()] == ["phone.json"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_file_that_others_may_read_is_refused(path: Path, mode: int) -> None:
    save(path, kept())
    path.chmod(mode)
    with pytest.raises(PhoneFileError, match="chmod 600"):
        load(path)


@pytest.mark.parametrize(
    "change", [{"key": "x"}, {"surprise": 1}, {"version": 2}, {"screen_lock": {"id": "*"}}]
)
def test_a_file_that_is_no_phone_s_is_refused_without_repeating_it(
    path: Path, change: dict[str, object]
) -> None:
    save(path, kept())
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(PhoneFileError, match=r"is not the file of a phone$"):
        load(path)


def test_a_missing_file_says_how_to_pair(path: Path) -> None:
    with pytest.raises(PhoneFileError, match="`portvakt phone pair`"):
        load(path)


def test_a_phone_is_not_written_over_unless_it_is_gone(path: Path) -> None:
    make_room(path)
    save(path, kept())
    with pytest.raises(PhoneFileError, match="there is a phone in"):
        make_room(path)
    save(path, kept(gone=True))
    make_room(path)


def test_a_place_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for act in (make_room, lambda path: save(path, kept())):
        with pytest.raises(PhoneFileError) as refused:
            act(tmp_path / "file" / "phone.json")
        assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("environ", "found"),
    [
        ({"PORTVAKT_PHONE": "/p/x", "XDG_DATA_HOME": "/d"}, "/p/x"),
        ({"XDG_DATA_HOME": "/d", "HOME": "/h"}, "/d/portvakt/phone.json"),
        ({"HOME": "/h"}, "/h/.local/share/portvakt/phone.json"),
    ],
)
def test_where_a_phone_is_kept(environ: dict[str, str], found: str) -> None:
    assert str(place(environ)) == found
