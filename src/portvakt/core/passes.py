"""What a start code may be used for: one use now, or a temporary pass with terms of its own.

A plain start code is used once, from when it is made, and binds whatever its owner may have. A pass
may begin later, be used several times, and bind some methods only; whatever was opened with it ends
when it does.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from portvakt.core.assurance import Evidence
from portvakt.core.authenticators import SECOND_FACTORS, Authenticator, AuthenticatorType

SHORTEST = 13
"""Base32 characters: 65 bits (ASVS 6.4.1 asks for 64)."""
LONGEST = 48
LIVES = timedelta(hours=8)
"""How long one may be usable, from its beginning: a day at work."""
AHEAD = timedelta(days=30)
"""How far ahead the beginning of one may lie."""
MOST_USES = 20
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MARK = "pass"
_VOUCHED = "vouched"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How a start code may be used."""

    length: int = SHORTEST
    uses: int = 1
    starts_at: datetime | None = None
    """None: from when it was made."""
    binds: frozenset[AuthenticatorType] | None = None
    """What may be bound in a session that it opened; None: whatever its owner may have."""
    vouched: bool = False
    """It was not handed to anybody: people stood up for its owner, which stands in place of the
    best that they have, once (`core.new_phone`)."""

    def begun(self, now: datetime) -> bool:
        """Whether it may be used yet."""
        return self.starts_at is None or now >= self.starts_at


PLAIN = Terms()
"""The terms of a start code about which nothing was said."""


def detail_of(terms: Terms) -> str:
    """Write terms for `Authenticator.detail`; nothing for a plain start code."""
    if terms == PLAIN:
        return ""
    starts = "-" if terms.starts_at is None else str((terms.starts_at - _EPOCH) // _MS)
    binds = "*" if terms.binds is None else ",".join(sorted(terms.binds))
    mark = _VOUCHED if terms.vouched else _MARK
    return f"{mark} {terms.length} {terms.uses} {starts} {binds}"


_MS = timedelta(milliseconds=1)


def terms_of(code: Authenticator) -> Terms:
    """Read them back. Raises ValueError for what `detail_of` did not write."""
    if not code.detail:
        return PLAIN
    mark, length, uses, starts, binds = code.detail.split(" ")
    return Terms(
        length=int(length),
        uses=int(uses),
        starts_at=None if starts == "-" else _EPOCH + int(starts) * _MS,
        binds=None if binds == "*" else frozenset(map(AuthenticatorType, binds.split(","))),
        vouched=mark == _VOUCHED,
    )


def until(code: Authenticator) -> datetime | None:
    """Say when what was opened with this ends; None for a plain start code, which only begins."""
    return code.expires_at if code.detail else None


def bindable(
    evidence: Iterable[Evidence], bound: Iterable[Authenticator]
) -> frozenset[AuthenticatorType]:
    """Pick what may be offered to be bound in a session with this evidence."""
    shown, held = tuple(evidence), tuple(bound)
    return frozenset(each for each in SECOND_FACTORS if may_bind(each, shown, held))


def may_bind(
    kind: AuthenticatorType, evidence: Iterable[Evidence], bound: Iterable[Authenticator]
) -> bool:
    """Say whether a session with this evidence may bind a method of this kind.

    It may bind what every pass that was shown in it binds. A pass that is gone binds nothing.
    """
    codes = {each.id: each for each in bound if each.type is AuthenticatorType.START_CODE}
    for each in evidence:
        if each.type is not AuthenticatorType.START_CODE or each.until is None:
            continue
        code = codes.get(each.authenticator_id)
        binds = frozenset[AuthenticatorType]() if code is None else terms_of(code).binds
        if binds is not None and kind not in binds:
            return False
    return True


def vouched_by(
    evidence: Iterable[Evidence], bound: Iterable[Authenticator]
) -> Authenticator | None:
    """Find what people gave who stood up for somebody: shown here beside a password, and not spent.

    None where the password was not shown, where nobody stood up, and once something was bound by
    it: it is taken away then.
    """
    shown = tuple(evidence)
    if all(each.type is not AuthenticatorType.PASSWORD or each.stale for each in shown):
        return None
    ids = {each.authenticator_id for each in shown if each.type is AuthenticatorType.START_CODE}
    codes = (each for each in bound if each.type is AuthenticatorType.START_CODE)
    return next((each for each in codes if each.id in ids and terms_of(each).vouched), None)
