"""The headers of every answer, alike on pages, redirects and errors."""

from collections.abc import Iterable

Header = tuple[bytes, bytes]

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
"""No inline script or style exists, so there is no nonce to leak and none to forget."""

_PERMISSIONS = (
    "accelerometer=(), autoplay=(), browsing-topics=(), camera=(), display-capture=(), "
    "encrypted-media=(), fullscreen=(), geolocation=(), gyroscope=(), hid=(), midi=(), "
    "microphone=(), payment=(), serial=(), usb=(), xr-spatial-tracking=()"
)

_TWO_YEARS = 63_072_000

NO_STORE: Header = (b"cache-control", b"no-store")


def security_headers(*, https: bool) -> tuple[Header, ...]:
    """Return the headers that every answer carries.

    `Referrer-Policy` is `same-origin` rather than `no-referrer`, because under the latter browsers
    write `Origin: null` on our own forms, and then nothing tells them from a stranger's.
    """
    always: tuple[Header, ...] = (
        (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"x-frame-options", b"DENY"),
        (b"referrer-policy", b"same-origin"),
        (b"cross-origin-opener-policy", b"same-origin"),
        (b"cross-origin-resource-policy", b"same-origin"),
        (b"permissions-policy", _PERMISSIONS.encode()),
    )
    if not https:
        return always
    hsts = f"max-age={_TWO_YEARS}; includeSubDomains".encode()
    return (*always, (b"strict-transport-security", hsts))


def with_security(given: Iterable[Header], security: tuple[Header, ...]) -> list[Header]:
    """Return an answer's headers with ours added, and `no-store` unless it says otherwise."""
    headers = list(given)
    if not any(name == b"cache-control" for name, _ in headers):
        headers.append(NO_STORE)
    headers.extend(security)
    return headers
