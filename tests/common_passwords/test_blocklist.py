"""Lists of passwords: what is in them is found, and nothing else is."""

import hashlib
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portvakt.common_passwords.blocklist import Blocklist, BrokenListError, digest, write
from portvakt.common_passwords.importing import hashes, plain

SOME = [f"lösenord nummer {number}" for number in range(1000)]


def pwned(passwords: list[str], seen: str = ":7") -> list[str]:
    """As lists of leaked passwords are given out: sorted, in capitals, with how often."""
    return sorted(hashlib.sha1(each.encode()).hexdigest().upper() + seen for each in passwords)  # noqa: S324  # the format


@given(st.sets(st.text(max_size=30).filter(lambda text: text.isprintable())))
def test_all_that_is_in_a_list_is_found(passwords: set[str]) -> None:
    made = Blocklist.of(passwords)
    assert made.count == len(passwords)
    assert all(each in made for each in passwords)
    assert "inte med i listan" not in made
    assert 17 not in made


def test_a_list_is_the_same_from_a_file(tmp_path: Path) -> None:
    target = tmp_path / "breached.list"
    assert write(target, sorted(map(digest, SOME))) == 1000
    made = Blocklist.open(target)
    assert all(each in made for each in SOME)
    assert not any(f"{each}!" in made for each in SOME)
    assert target.stat().st_size == 16 + 8 * 1000
    assert [each.name for each in tmp_path.iterdir()] == ["breached.list"]


def test_a_large_list_is_written_in_parts(tmp_path: Path) -> None:
    many = [struct.pack(">Q", number * 3) for number in range(20_000)]
    assert write(tmp_path / "many", [*many, many[-1]]) == 20_000
    made = Blocklist.open(tmp_path / "many")
    assert made.count == 20_000


def test_an_empty_list_holds_nothing(tmp_path: Path) -> None:
    assert write(tmp_path / "none", []) == 0
    assert "hemligt" not in Blocklist.open(tmp_path / "none")
    assert "hemligt" not in Blocklist.of([])


def test_f69_hashes_that_are_not_sorted_leave_the_old_list_as_it_was(tmp_path: Path) -> None:
    target = tmp_path / "list"
    write(target, [digest("hemligt")])
    with pytest.raises(BrokenListError, match="not sorted"):
        write(target, sorted(map(digest, SOME), reverse=True))
    assert "hemligt" in Blocklist.open(target)
    assert [each.name for each in tmp_path.iterdir()] == ["list"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda whole: whole[:-1], "cut off"),
        (lambda whole: whole + b"x", "cut off"),
        (lambda whole: whole[:9], "no list"),
        (lambda whole: whole[:0], "no list"),
        (lambda whole: b"GIF8" + whole[4:], "no list"),
        (lambda whole: whole[:4] + b"\x02" + whole[5:], "this version"),
    ],
)
def test_f69_a_damaged_file_is_refused(tmp_path: Path, change: object, said: str) -> None:
    target = tmp_path / "list"
    write(target, sorted(map(digest, SOME)))
    assert callable(change)
    target.write_bytes(change(target.read_bytes()))
    with pytest.raises(BrokenListError, match=said):
        Blocklist.open(target)


def test_a_file_of_hashes_is_read_with_how_often_they_were_seen(tmp_path: Path) -> None:
    source = tmp_path / "pwned.txt"
    lines = sorted([*pwned(SOME[:5], ":3"), *pwned(SOME[5:7], ":20"), *pwned(SOME[7:8], "")])
    source.write_text("\r\n".join(lines) + "\r\n\r\n", encoding="ascii")
    assert sorted(each[:8] for each in hashes(source)) == sorted(map(digest, SOME[:8]))
    often = {each[:8] for each in hashes(source, least=10)}
    assert often == set(map(digest, SOME[5:7]))


def test_a_folder_of_files_named_by_five_digits_is_the_same_list(tmp_path: Path) -> None:
    folder, target = tmp_path / "ranges", tmp_path / "list"
    folder.mkdir()
    for line in pwned(SOME):
        with (folder / f"{line[:5].lower()}.txt").open("a", encoding="ascii") as file:
            file.write(line[5:] + "\n")
    assert write(target, hashes(folder)) == 1000
    assert all(each in Blocklist.open(target) for each in SOME)


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BrokenListError, match="holds no files"):
        list(hashes(tmp_path))
    (tmp_path / "readme.txt").write_text("", encoding="ascii")
    with pytest.raises(BrokenListError, match=r"readme\.txt is not named"):
        list(hashes(tmp_path))


@pytest.mark.parametrize(
    "line", ["hemligt", "ABCDEF:3", pwned(SOME[:1])[0] + "x", "å" * 40, "0" * 40 + ":", "0" * 9000]
)
def test_a_line_that_is_no_hash_is_told_with_its_number(tmp_path: Path, line: str) -> None:
    source = tmp_path / "pwned.txt"
    source.write_text(f"{pwned(SOME[:1])[0]}\n{line}\n", encoding="utf-8")
    if line.endswith("0:"):  # no number is as good as one
        assert len(list(hashes(source))) == 2
    else:
        with pytest.raises(BrokenListError, match="line 2: not a SHA-1 hash"):
            list(hashes(source))


def test_plain_passwords_are_brought_to_the_form_in_which_they_are_looked_up(
    tmp_path: Path,
) -> None:
    source, target = tmp_path / "own.txt", tmp_path / "list"
    decomposed = "blåbärsgröt".encode().replace("å".encode(), "a\u030a".encode())
    source.write_bytes(decomposed + b"\r\n\n\xff\xfe\nmed blank \n" + b"x" * 2000)
    assert write(target, plain(source)) == 2
    made = Blocklist.open(target)
    assert "blåbärsgröt" in made
    assert "med blank " in made
