"""Where a browser may be sent: only to paths of our own, read once and never repaired."""

import re

DEFAULT_PATH = "/apps"

_LONGEST = 8192
"""As long as a request line may be: an app's whole request travels to the sign-in page as `to`."""

# One slash, a path, a query, and nothing that a browser reads in another way than we do: no
# backslash (browsers treat it as a slash), no control character or space (browsers drop tabs and
# line breaks, so that "/\t/evil" becomes "//evil"), no colon or at-sign right after the slash, no
# percent-sign that is not followed by two hexadecimal digits.
# What was taken is never given back (`++`, `*+`): in a long address that is most of the time.
_PLAIN = r"A-Za-z0-9\-._~!$&'()*+,;="
_HEX = "%[0-9A-Fa-f]{2}"
_LOCAL = re.compile(
    rf"/(?:(?:[{_PLAIN}]|{_HEX})(?:[{_PLAIN}:@/]++|{_HEX})*+)?(?:\?(?:[{_PLAIN}:@/?]++|{_HEX})*+)?"
)

# Written in percent-encoding these would change what the path is for whoever decodes it later.
_DISGUISED = re.compile(r"%(?:2f|5c|0[0-9a-f]|1[0-9a-f]|7f|25)", re.IGNORECASE)


def is_local_path(to: str) -> bool:
    """Say whether a browser that follows `to` surely stays with us."""
    if len(to) > _LONGEST or _LOCAL.fullmatch(to) is None:
        return False
    path = to.partition("?")[0]
    return not (
        "//" in path
        or _DISGUISED.search(path)
        or any(segment in (".", "..") for segment in _segments(path))
    )


def _segments(path: str) -> list[str]:
    """Return the path's segments with encoded dots read as dots, which browsers do as well."""
    return path.replace("%2e", ".").replace("%2E", ".").split("/")


def local_path(to: str | None) -> str:
    """Return `to` where it is a path of ours, and the portal where it is anything else.

    Nothing is repaired: what is not written as we write it is not followed (RFC 9700 section 4.11).
    """
    return to if to is not None and is_local_path(to) else DEFAULT_PATH
