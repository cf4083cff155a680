import copy
import json
import pickle
from collections.abc import Callable

import pytest

from portvakt.core.secret import Secret


def test_a_secret_opens_by_name() -> None:
    assert Secret("hemligt").open() == "hemligt"


@pytest.mark.parametrize("shown", [repr, str, "{}".format, "{:>20}".format, "{!r}".format])
def test_a_secret_is_never_shown(shown: Callable[[Secret], str]) -> None:
    assert shown(Secret("hemligt")) == "Secret(…)"


@pytest.mark.parametrize("kept", [pickle.dumps, copy.copy, copy.deepcopy, json.dumps, hash])
def test_a_secret_is_never_written_copied_or_hashed(kept: Callable[[Secret], object]) -> None:
    with pytest.raises(TypeError):
        kept(Secret("hemligt"))


def test_two_secrets_are_equal_by_what_is_in_them() -> None:
    assert Secret("åäö") == Secret("åäö")
    assert Secret("åäö") != Secret("aao")
    assert Secret("\udcff") == Secret("\udcff")
    assert Secret("a") != "a"
