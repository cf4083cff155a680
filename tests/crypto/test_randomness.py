import ast
import base64
import itertools
import re
import string
from collections import Counter
from pathlib import Path

import pytest

import portvakt
from portvakt.crypto.randomness import BASE32_ALPHABET, SystemRandom

SOURCE = Path(portvakt.__file__).parent
ELSEWHERE = {"random", "uuid", "secrets", "numpy"}


def test_a021_twenty_thousand_codes_are_uniform_in_each_place() -> None:
    random = SystemRandom()
    codes = [random.digits(6) for _ in range(20_000)]
    assert all(len(code) == 6 and code.isascii() and code.isdigit() for code in codes)
    for place in range(6):
        seen = Counter(code[place] for code in codes)
        chi_square = sum((seen[digit] - 2_000) ** 2 / 2_000 for digit in string.digits)
        assert chi_square < 39.0  # p = 0.00001 at nine degrees of freedom, six places


def test_a021_leading_zeros_are_kept() -> None:
    random = SystemRandom()
    starts = Counter(random.digits(6)[0] for _ in range(2_000))
    assert starts["0"] > 0


def test_a021_no_code_follows_from_the_one_before() -> None:
    """Pairs of neighbours fill a table of last digits evenly, and few codes come twice."""
    random = SystemRandom()
    codes = [random.digits(6) for _ in range(20_000)]
    pairs = Counter((a[-1], b[-1]) for a, b in itertools.pairwise(codes))
    expected = (len(codes) - 1) / 100
    chi_square = sum(
        (pairs[(x, y)] - expected) ** 2 / expected for x in string.digits for y in string.digits
    )
    assert chi_square < 170.0  # p = 0.00001 at 99 degrees of freedom
    assert len(set(codes)) > 19_600  # about 199 repeats are to be expected of 20 000 in a million


def test_a021_one_module_draws_and_only_with_secrets() -> None:
    """The demo and the phone at the command line are no part of the service, and draw their own."""
    for file in sorted(SOURCE.rglob("*.py")):
        draws = file.name == "randomness.py" or file.parent.name in {"demo", "phone"}
        allowed = {"secrets"} if draws else set()
        assert _imports(file) & ELSEWHERE <= allowed, file
        assert "urandom" not in file.read_text(encoding="utf-8"), file


def _reads_only(node: ast.ImportFrom) -> bool:
    """`UUID` reads and writes ids that directories made; the module's functions make them."""
    return node.module == "uuid" and [name.name for name in node.names] == ["UUID"]


def _imports(file: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not _reads_only(node):
            found.add(node.module.partition(".")[0])
    return found


def test_an_id_is_26_lower_case_base32_characters_and_128_bits() -> None:
    random = SystemRandom()
    drawn = {random.id() for _ in range(1_000)}
    assert len(drawn) == 1_000
    for each in drawn:
        assert len(each) == 26
        assert len(base64.b32decode(each.upper() + "======")) == 16


@pytest.mark.parametrize("count", [0, 1, 2, 5_000])
def test_ids_in_order_are_as_many_different_ids_smallest_first(count: int) -> None:
    drawn = list(SystemRandom().ids_in_order(count))
    assert len(set(drawn)) == count
    assert drawn == sorted(drawn)
    assert all(re.fullmatch("[a-z2-7]{26}", each) for each in drawn)


def test_ids_in_order_use_every_letter_evenly_in_every_place() -> None:
    drawn = list(SystemRandom().ids_in_order(32_000))
    for place in range(26):
        seen = Counter(each[place] for each in drawn)
        assert len(seen) == 32
        assert sum((many - 1_000) ** 2 / 1_000 for many in seen.values()) < 90.0, place


def test_a_secret_is_43_base64url_characters_and_256_bits() -> None:
    secret = SystemRandom().secret()
    assert len(secret) == 43
    assert len(base64.urlsafe_b64decode(secret + "=")) == 32


def test_a_printed_code_uses_the_whole_alphabet_evenly() -> None:
    seen = Counter(SystemRandom().base32(32_000))
    assert set(seen) == set(BASE32_ALPHABET)
    assert sum((seen[letter] - 1_000) ** 2 / 1_000 for letter in seen) < 80.0  # p = 0.000004
