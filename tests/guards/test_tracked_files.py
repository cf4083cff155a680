"""What stands in the repository would be right in anybody's copy of it."""

import re

import pytest

from tests.guards.tree import TOP, shown, tracked

BINARY = {".png", ".jpg", ".ico", ".woff2", ".pdf", ".webm"}

# Each pattern is written so that it does not find itself.
FOREIGN = {
    "a download address": r"https?://(files|registry|index|static|deb|pypi|security|archive)\.[a-z]",
    "a registry's host": r"\b(pypi|npmjs|crates|debian|ubuntu|pythonhosted)\.(org|io|com|net)\b",
    "an index address": r"--(extra-)?index[-]url|\"resolved[\"]:|find[-]links",
    "a path of one machine": r"(?<![\w.])/(work|root|farm|home/\w+|Users/\w+)/",
    "a private key": r"-----BEGIN (RSA |EC |OPENSSH )?PRIVATE[ ]KEY-----",
    "a merge left half done": r"^(<{7}|>{7}) ",
    "an editor's leftover": r"\bTO[D]O\b|\bFIX[M]E\b",
}


def texts() -> dict[str, str]:
    return {
        shown(path): path.read_text(encoding="utf-8")
        for path in tracked()
        if path.suffix not in BINARY
    }


@pytest.mark.parametrize("kind", FOREIGN)
def test_no_tracked_file_holds(kind: str) -> None:
    pattern = re.compile(FOREIGN[kind], re.MULTILINE)
    found = {
        f"{name}:{text[: hit.start()].count(chr(10)) + 1}": hit.group()
        for name, text in texts().items()
        for hit in pattern.finditer(text)
    }
    assert not found


def test_lock_files_carry_a_hash_for_each_package() -> None:
    for name in ("runtime", "guide", "dev"):
        lock = (TOP / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
        packages = re.findall(r"^[a-z0-9][\w.-]*==\S+(.*)$", lock, re.MULTILINE)
        assert len(packages) > 20
        assert all(rest.endswith("\\") for rest in packages), "a package without hashes"
        assert not (TOP / "uv.lock").exists() or "uv.lock" in (TOP / ".gitignore").read_text()


def test_the_commands_can_be_run() -> None:
    for name in ("demo", "test", ".ci/run"):
        assert (TOP / name).stat().st_mode & 0o100, f"{name} has no run bit"
