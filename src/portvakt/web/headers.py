"""The headers of every answer, alike on pages, redirects and errors."""

from collections.abc import Iterable

Header = tuple[bytes, bytes]

_POLICY = b"content-security-policy"

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
"""No inline script or style exists, so there is no nonce to leak and none to forget."""


def policy_for_posting_to(scheme: str) -> str:
    """Return the policy of a page whose form posts to an app: to `scheme`, "https" or "http".

    Browsers hold every redirect after a form against `form-action`, so the app's address alone
    would stop apps that lead on to another host of theirs.
    """
    return CONTENT_SECURITY_POLICY.replace("form-action 'self'", f"form-action 'self' {scheme}:")


APP = "/authenticator/"
"""Where the authenticator app lives. It is a program, so it may do what pages may not."""

GUARDED = "/.portvakt/"
"""What an app's proxy passes on to us from the app's own host. It is for the app to say whether
that host, and all below it, is reached by https alone."""

APP_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; manifest-src 'self'; worker-src 'self'; media-src 'self' blob:; "
    "form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
)
"""The app sends no form and needs a camera, a manifest and a service worker; all of it is ours."""

GUIDE_SECURITY_POLICY = f"{CONTENT_SECURITY_POLICY}; media-src 'self'"
"""The guide has films."""

_PERMISSIONS = (
    "accelerometer=(), autoplay=(), browsing-topics=(), camera=(), display-capture=(), "
    "encrypted-media=(), fullscreen=(), geolocation=(), gyroscope=(), hid=(), midi=(), "
    "microphone=(), payment=(), serial=(), usb=(), xr-spatial-tracking=()"
)

_APP_PERMISSIONS = _PERMISSIONS.replace("camera=()", "camera=(self)") + (
    ", publickey-credentials-create=(self), publickey-credentials-get=(self)"
)

_GUIDE_PERMISSIONS = _PERMISSIONS.replace("fullscreen=()", "fullscreen=(self)")

_TWO_YEARS = 63_072_000

NO_STORE: Header = (b"cache-control", b"no-store")


def security_headers(
    *, https: bool, app: bool = False, guide: bool = False, devices: str | None = None
) -> tuple[Header, ...]:
    """Return the headers that every answer carries.

    `app` is for those of the authenticator app, `guide` for those of the illustrated guide.
    `devices` is the origin that a page asks whether its device is ours, if there is one.

    `Referrer-Policy` is `same-origin` rather than `no-referrer`, because under the latter browsers
    write `Origin: null` on our own forms, and then nothing tells them from a stranger's.
    """
    policy = CONTENT_SECURITY_POLICY
    permissions = _PERMISSIONS
    if app:
        policy, permissions = APP_SECURITY_POLICY, _APP_PERMISSIONS
    elif guide:
        policy, permissions = GUIDE_SECURITY_POLICY, _GUIDE_PERMISSIONS
    if devices is not None and not app:
        policy = policy.replace("connect-src 'self'", f"connect-src 'self' {devices}")
    always: tuple[Header, ...] = (
        (_POLICY, policy.encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"x-frame-options", b"DENY"),
        (b"referrer-policy", b"same-origin"),
        (b"cross-origin-opener-policy", b"same-origin"),
        (b"cross-origin-resource-policy", b"same-origin"),
        (b"permissions-policy", permissions.encode()),
    )
    if not https:
        return always
    hsts = f"max-age={_TWO_YEARS}; includeSubDomains".encode()
    return (*always, (b"strict-transport-security", hsts))


def with_security(given: Iterable[Header], security: tuple[Header, ...]) -> list[Header]:
    """Return an answer's headers with ours added, and `no-store` unless it says otherwise.

    An answer that brings a policy of its own (`policy_for_posting_to`) has that and not ours.
    """
    headers = list(given)
    names = [name for name, _ in headers]
    if b"cache-control" not in names:
        headers.append(NO_STORE)
    if _POLICY in names:
        security = tuple(each for each in security if each[0] != _POLICY)
    headers.extend(security)
    return headers
