"""Whether a person moves to a page of an app, or a program asks for something. Pure."""

from collections.abc import Iterable

from portvakt.web.forwarded import Forwarded

_TOLD = (b"sec-fetch-mode", b"sec-fetch-dest", b"accept", b"upgrade", b"x-requested-with")


def navigates(said: Forwarded, headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Say whether a redirect would take a person anywhere.

    It would for GET of a page that the browser shows as a whole. A script that asks for data, a
    form, a frame and a web socket get a plain no: they could do nothing with our sign-in page.
    Browsers say which it is (Fetch Metadata); of older ones, whoever takes HTML is a person.
    """
    if said.method != "GET":
        return False
    told: dict[bytes, list[bytes]] = {name: [] for name in _TOLD}
    for name, value in headers:
        if name in told:
            told[name].append(value.lower())
    if told[b"upgrade"] or told[b"x-requested-with"]:
        return False
    mode, dest = told[b"sec-fetch-mode"], told[b"sec-fetch-dest"]
    if mode or dest:
        return mode == [b"navigate"] and dest in ([], [b"document"])
    return any(b"text/html" in value for value in told[b"accept"])
