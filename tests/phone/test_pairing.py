"""What a person may type or paste to pair a phone, and what is refused before anything is sent."""

import pytest

from portvakt.phone.errors import MisusedError
from portvakt.phone.pairing import Invitation, invitation, origin_of, pair
from tests.phone.hand import hand
from tests.phone.service import CODE, ORIGIN, SHORT

PAIRING = f"{ORIGIN}/authenticator/#pair={CODE}"


def test_an_address_says_everything() -> None:
    assert invitation(f" {PAIRING}\n") == Invitation(ORIGIN, code=CODE)


def test_a_long_code_needs_the_service() -> None:
    assert invitation(CODE, url=f"{ORIGIN}/") == Invitation(ORIGIN, code=CODE)
    with pytest.raises(MisusedError, match="--url"):
        invitation(CODE)


@pytest.mark.parametrize("typed", [SHORT, SHORT.lower(), "MFRG GZDF", "mfrg-gzdf"])
def test_a_short_code_is_typed_as_people_type(typed: str) -> None:
    found = invitation(typed, url=ORIGIN, account="anna")
    assert found == Invitation(ORIGIN, short=SHORT, account="anna")


async def test_a_short_code_pairs_too() -> None:
    async with hand() as it:
        identity, said = await pair(
            it.line, invitation(SHORT, url=ORIGIN, account="anna"), "Telefon"
        )
        assert identity.phone == said.phone


@pytest.mark.parametrize(
    ("text", "url", "account"),
    [
        (f"{ORIGIN}/authenticator/", None, None),
        (f"{ORIGIN}/authenticator/#pair=", None, None),
        (f"{ORIGIN}/authenticator/#pair={CODE}x", None, None),
        (f"{ORIGIN}/authenticator/?pair={CODE}", None, None),
        (f"{ORIGIN}/authenticator/?a=b#pair={CODE}", None, None),
        (f"{ORIGIN}/sign-in#pair={CODE}", None, None),
        (f"http://auth.region.example/authenticator/#pair={CODE}", None, None),
        (f"https://anna@auth.region.example/authenticator/#pair={CODE}", None, None),
        (f"ftp://auth.region.example/authenticator/#pair={CODE}", None, None),
        (f"https://auth.region.example:port/authenticator/#pair={CODE}", None, None),
        (PAIRING, ORIGIN, None),
        (PAIRING, None, "anna"),
        (SHORT, ORIGIN, None),
        ("MFRGGZD", ORIGIN, "anna"),
        ("MFRGGZD1", ORIGIN, "anna"),
        (CODE, f"{ORIGIN}/path", None),
        (CODE, "auth.region.example", None),
    ],
)
def test_what_cannot_be_right_is_refused_and_never_repeated(
    text: str, url: str | None, account: str | None
) -> None:
    with pytest.raises(MisusedError) as refused:
        invitation(text, url, account)
    assert CODE not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://Auth.Region.Example:443/", "https://auth.region.example"),
        ("https://auth.region.example:8443", "https://auth.region.example:8443"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://127.0.0.1", "http://127.0.0.1"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_an_origin_has_one_spelling(url: str, origin: str) -> None:
    assert origin_of(url) == origin
