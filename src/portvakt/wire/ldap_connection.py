"""One connection to a directory's server, by python-ldap: the only module that imports it.

Everything here blocks, and is called in a thread. Whatever goes wrong with the connection itself is
a `BrokenError`, after which it is of no more use; what the server answers is a value.
"""

import select
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final, TypeVar

from portvakt.core.secret import Secret
from portvakt.wire.ldap_line import Line
from portvakt.wire.ldap_values import (
    BadCredentials,
    Bound,
    Control,
    Done,
    Entry,
    Found,
    ModifyPassword,
    Page,
    Policy,
    PolicyError,
    Query,
    Refused,
    Server,
    Why,
    Write,
    sub_code,
)

try:
    import ldap
    import ldap.controls
    import ldap.controls.ppolicy
    import ldap.dn
    import ldap.filter
    from ldap.ldapobject import SimpleLDAPObject
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "directories need python-ldap: install portvakt[ldap]"
        " (Debian: gcc, python3-dev, libldap2-dev and libsasl2-dev first)"
    ) from error

T = TypeVar("T")

PAGED: Final = "1.2.840.113556.1.4.319"  # RFC 2696
PASSWORD_POLICY: Final = "1.3.6.1.4.1.42.2.27.8.5.1"  # noqa: S105 - draft-behera-ldap-password-policy
_NO_POLICY: Final = (None, b"", b"\x30\x00")  # the server has nothing to say
_INVALID_CREDENTIALS: Final = 49
_SIZE_LIMIT: Final = 4
_ELSEWHERE: Final = frozenset({51, 52})  # busy, unavailable: another server may do it
_RECEIVED: Final = 2  # LDAP_MSG_RECEIVED: what has come so far


class BrokenError(Exception):
    """The connection is of no more use; the message says why, in words for the log."""


class _Raw(ldap.controls.ResponseControl):  # type: ignore[misc]  # python-ldap has no types
    """A control of an answer, as it came."""

    value: bytes | None

    def decodeControlValue(self, encodedControlValue: bytes | None) -> None:  # noqa: N802, N803 - python-ldap's names
        self.value = encodedControlValue


class _AnyControl(dict[str, type[_Raw]]):
    """Makes python-ldap hand over every control, also those that it does not know."""

    def __missing__(self, oid: str) -> type[_Raw]:
        return _Raw


_ANY: Final = _AnyControl({"": _Raw})


def escape_filter(value: str) -> str:
    """Make a value safe inside a search filter (RFC 4515 §3): `*` finds a star and nothing else."""
    return str(ldap.filter.escape_filter_chars(_writable(value)))


def escape_dn(value: str) -> str:
    """Make a value safe inside a name of an object (RFC 4514 §2.4)."""
    return str(ldap.dn.escape_dn_chars(_writable(value)))


def _writable(value: str) -> str:
    """Put U+FFFD for what no name holds: half a character, and the zero that Samba stops at."""
    whole = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\0", "\ufffd")


class Connection:
    """An open connection that belongs to one caller at a time."""

    def __init__(self, server: Server, line: Line, answer_within: float) -> None:
        """Take over `line`."""
        self.server = server
        self.line = line
        self.busy = False
        """A thread is at work with it."""
        self.closed = False
        self._left = False
        self._within = answer_within
        self._descriptor = line.end.fileno()
        self._ldap = SimpleLDAPObject(f"ldap://{server.host}", fileno=line.end.detach())
        for option, value in (
            (ldap.OPT_REFERRALS, 0),  # never followed: our password would go along
            (ldap.OPT_DEREF, 0),
            (ldap.OPT_SIZELIMIT, 0),  # not what ldap.conf says: each search says its own
            (ldap.OPT_TIMELIMIT, 0),
            (ldap.OPT_RESTART, 1),
            (ldap.OPT_TIMEOUT, answer_within),
        ):
            self._ldap.set_option(option, value)

    def is_stale(self) -> bool:
        """Say whether the server has hung up, or said something unasked, since the last use."""
        waiting = select.poll()
        waiting.register(self._descriptor, select.POLLIN)
        return bool(waiting.poll(0))

    def close(self) -> None:
        """Say goodbye, at once or when the thread that is at work with it has ended."""
        self._left = True
        if self.busy or self.closed:
            return
        self.closed = True
        try:
            self._ldap.unbind_ext()
        except ldap.LDAPError:  # the other side was faster
            return

    def guarded(self, work: "Callable[[Connection], T]") -> T:
        """Do something in this thread, and leave no connection that could be used by mistake."""
        try:
            answer = work(self)
        except BaseException:
            self.busy = False
            self.close()
            raise
        self.busy = False
        if self._left:
            self.close()
        return answer

    def bind(
        self, dn: str, password: Secret, controls: Sequence[Control] = ()
    ) -> Bound | BadCredentials | Refused:
        """Try a name and a password; the connection is theirs afterwards, or nobody's.

        Raises `BrokenError`, also where the server says that it cannot answer now.
        """
        if not password.open():  # a server would say yes to it (RFC 4513 §5.1.2)
            return BadCredentials(Why.EMPTY)
        try:
            secret = password.open().encode()
        except UnicodeEncodeError:
            return BadCredentials(Why.WRONG)  # no client can have set it
        try:
            number = self._ldap.simple_bind(dn, secret, serverctrls=_request(controls))
            _, _, _, answered = self._result(number)
        except ldap.LDAPError as error:
            refused = self._refused(error)
            if refused.code == _INVALID_CREDENTIALS:
                return BadCredentials(sub_code(refused.text), refused.policy)
            return refused
        return Bound(self.server, _policy(answered))

    def search(self, query: Query, most: int) -> Found | Refused:
        """Search for at most `most` objects. Raises `BrokenError`."""
        entries: list[Entry] = []
        references = 0
        try:
            number = self._search(query, most + 1, ())
            while True:
                kind, data, _, answered = self._result(number, 0)
                if kind == ldap.RES_SEARCH_RESULT:
                    return Found(entries, True, self.server, answered)  # noqa: FBT003 - its name is `complete`
                found = _entries(data)
                entries += found
                references += not found
                if len(entries) > most or references > most:
                    self._ldap.abandon_ext(number)
                    return Found(entries[:most], False, self.server)  # noqa: FBT003 - as above
        except ldap.SIZELIMIT_EXCEEDED:
            return Found(entries, False, self.server)  # noqa: FBT003 - as above
        except ldap.LDAPError as error:
            return self._refused(error)

    def page(
        self, query: Query, size: int, cookie: bytes, within: float
    ) -> tuple[Page, bytes] | Refused:
        """Read one page, and what to ask the next one with. Raises `BrokenError`."""
        paged = ldap.controls.SimplePagedResultsControl(True, size=size, cookie=cookie)  # noqa: FBT003 - as above
        entries: list[Entry] = []
        try:
            number = self._search(query, 0, [paged])
            while True:
                kind, data, _, answered = self._result(number, _RECEIVED, within)
                entries += _entries(data)
                if len(entries) > size:
                    raise BrokenError(f"a page of {size} has more")
                if kind == ldap.RES_SEARCH_RESULT:
                    break
        except ldap.LDAPError as error:
            return self._refused(error)
        rest = next((each.value for each in answered if each.oid == PAGED), None)
        paged.decodeControlValue(rest or b"\x30\x05\x02\x01\x00\x04\x00")
        following = bytes(paged.cookie)
        return Page(entries, not following, self.server, answered), following

    def write(self, write: Write) -> Done | Refused:
        """Change something. Raises `BrokenError`: nobody knows whether it was done."""
        controls = _request(write.controls)
        try:
            if isinstance(write, ModifyPassword):
                old = None if write.old is None else write.old.open().encode()
                new = write.new.open().encode()
                number = self._ldap.passwd(write.dn, old, new, serverctrls=controls)
            else:
                # no values at all: the whole attribute goes
                changes = [
                    (each.change.value, each.attribute, list(each.values) or None)
                    for each in write.modifications
                ]
                number = self._ldap.modify_ext(write.dn, changes, serverctrls=controls)
            _, _, _, answered = self._result(number)
        except ldap.LDAPError as error:
            return self._refused(error)
        return Done(self.server, answered)

    def who_am_i(self) -> str | Refused:
        """Ask who this connection is (RFC 4532). Raises `BrokenError`."""
        try:
            return str(self._ldap.whoami_s())
        except ldap.LDAPError as error:
            return self._refused(error)

    def _search(self, query: Query, most: int, more: Sequence[Any]) -> int:
        number: int = self._ldap.search_ext(
            query.base,
            query.scope.value,
            query.filter,
            list(query.attributes) or None,
            serverctrls=[*_request(query.controls), *more],
            sizelimit=most,
        )
        return number

    def _result(
        self, number: int, everything: int = 1, within: float | None = None
    ) -> tuple[int, list[tuple[str | None, Any]], int, list[Control]]:
        """Wait for an answer, as long as one may take."""
        limit = self._within if within is None else within
        try:
            kind, data, answered, controls, _, _ = self._ldap.result4(
                number, everything, limit, resp_ctrl_classes=_ANY
            )
        except UnicodeDecodeError as error:
            raise BrokenError("an answer that is not UTF-8") from error
        if kind is None:
            raise BrokenError("no answer in time")
        raw = [Control(each.controlType, bool(each.criticality), each.value) for each in controls]
        return kind, data or [], answered, raw

    def _refused(self, error: ldap.LDAPError) -> Refused:
        """Tell an answer of the server's from trouble with the connection. Raises `BrokenError`."""
        told: Mapping[str, Any] = (
            error.args[0] if error.args and isinstance(error.args[0], dict) else {}
        )
        code = told.get("result")
        if code is None or code < 0 or code in _ELSEWHERE:  # below zero: libldap's own troubles
            raise BrokenError(str(told.get("desc") or type(error).__name__)) from error
        controls = [
            Control(oid, bool(critical), value) for oid, critical, value in told.get("ctrls") or ()
        ]
        text = str(told.get("info") or told.get("desc") or "")
        return Refused(int(code), text, self.server, _policy(controls), controls)


def _request(controls: Sequence[Control]) -> list[Any]:
    return [ldap.controls.RequestControl(each.oid, each.critical, each.value) for each in controls]


def _entries(data: list[tuple[str | None, Any]]) -> list[Entry]:
    """Take the objects; a reference to another server has no name."""
    return [
        Entry(dn, {name.lower(): values for name, values in attributes.items()})
        for dn, attributes in data
        if dn is not None
    ]


def _policy(controls: Sequence[Control]) -> Policy | None:
    value = next((each.value for each in controls if each.oid == PASSWORD_POLICY), None)
    if value in _NO_POLICY:
        return None
    told = ldap.controls.ppolicy.PasswordPolicyControl()
    told.decodeControlValue(value)
    seconds = told.timeBeforeExpiration
    return Policy(
        error=None if told.error is None else PolicyError(told.error),
        expires_in=None if seconds is None else timedelta(seconds=seconds),
        grace_left=told.graceAuthNsRemaining,
    )
