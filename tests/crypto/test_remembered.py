from pathlib import Path

from portvakt.crypto.key_file import WatchedKeys, prepare, promote, retire
from portvakt.crypto.remembered import MOST, Remembered
from portvakt.crypto.sealing import Sealer, SealError, make_master_key_file
from tests.make import NOW

PLACE = {"table": "grants", "column": "forward_auth", "row": "wiki"}


class Opening:
    """Opens an envelope, and counts how often."""

    def __init__(self, sealer: Sealer, envelope: bytes) -> None:
        self.times = 0
        self._sealer, self._envelope = sealer, envelope

    def __call__(self) -> bytes | None:
        self.times += 1
        try:
            return self._sealer.open(self._envelope, **PLACE)
        except SealError:
            return None


def keys_in(folder: Path) -> tuple[Path, Sealer]:
    file = folder / "master.key"
    make_master_key_file(file)
    return file, Sealer(WatchedKeys(file))


def test_the_same_text_is_opened_once(tmp_path: Path) -> None:
    _, sealer = keys_in(tmp_path)
    known: Remembered[bytes] = Remembered(sealer)
    opening = Opening(sealer, sealer.seal(b"one", **PLACE))
    assert [known.of("text", opening) for _ in range(3)] == [b"one"] * 3
    assert opening.times == 1


def test_another_text_is_looked_at_by_itself_and_what_does_not_open_never_counts(
    tmp_path: Path,
) -> None:
    _, sealer = keys_in(tmp_path)
    known: Remembered[bytes] = Remembered(sealer)
    assert known.of("text", Opening(sealer, sealer.seal(b"one", **PLACE))) == b"one"
    forged = Opening(sealer, b"nothing of ours")
    assert known.of("texT", forged) is None
    assert known.of("texT", forged) is None
    assert forged.times == 2


def test_what_a_key_opened_is_forgotten_with_the_key(tmp_path: Path) -> None:
    file, sealer = keys_in(tmp_path)
    known: Remembered[bytes] = Remembered(sealer)
    prepare(file, NOW.date())
    promote(file)
    opening = Opening(sealer, sealer.seal(b"one", **PLACE))
    assert known.of("text", opening) == b"one"
    prepare(file, NOW.date())
    promote(file)
    assert known.of("text", opening) == b"one"
    assert opening.times == 2
    retire(file, "k2")
    assert known.of("text", opening) is None


def test_no_more_is_kept_than_there_is_room_for(tmp_path: Path) -> None:
    _, sealer = keys_in(tmp_path)
    known: Remembered[bytes] = Remembered(sealer)
    opening = Opening(sealer, sealer.seal(b"one", **PLACE))
    for number in range(MOST + 1):
        known.of(str(number), opening)
    known.of(str(MOST), opening)
    assert opening.times == MOST + 1
    known.of("0", opening)
    assert opening.times == MOST + 2
