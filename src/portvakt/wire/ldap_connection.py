"""One connection to a directory's server, by python-ldap: the only module that imports it.

Nothing here blocks: an operation is a generator, which sends, yields where it needs more of the
server's answer, and returns what the server said. Whatever goes wrong with the connection itself is
a `BrokenError`, after which it is of no more use; what the server answers is a value.
"""

import asyncio
import contextlib
from collections.abc import Generator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final, TypeVar

from portvakt.core.secret import Secret
from portvakt.wire.ldap_line import Line, NoLineError
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
    import ldap.extop
    import ldap.filter
    from ldap.ldapobject import SimpleLDAPObject
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "directories need python-ldap: install portvakt[ldap]"
        " (Debian: gcc, python3-dev, libldap2-dev and libsasl2-dev first)"
    ) from error

T = TypeVar("T")
Steps = Generator[None, None, T]
"""An operation: it yields where it waits for more of the answer."""

PAGED: Final = "1.2.840.113556.1.4.319"  # RFC 2696
PASSWORD_POLICY: Final = "1.3.6.1.4.1.42.2.27.8.5.1"  # noqa: S105 - draft-behera-ldap-password-policy
_WHO_AM_I: Final = "1.3.6.1.4.1.4203.1.11.3"  # RFC 4532
_NO_POLICY: Final = (None, b"", b"\x30\x00")  # the server has nothing to say
_INVALID_CREDENTIALS: Final = 49
_SIZE_LIMIT: Final = 4
_ELSEWHERE: Final = frozenset({51, 52})  # busy, unavailable: another server may do it
_ONE: Final = 0  # LDAP_MSG_ONE: a poll reads one message, so none left means none has come


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

    def __init__(self, server: Server, line: Line) -> None:
        """Take over `line`."""
        self.server = server
        self.line = line
        self.closed = False
        self._ldap = SimpleLDAPObject(f"ldap://{server.host}", fileno=line.end.detach())
        for option, value in (
            (ldap.OPT_REFERRALS, 0),  # never followed: our password would go along
            (ldap.OPT_DEREF, 0),
            (ldap.OPT_SIZELIMIT, 0),  # not what ldap.conf says: each search says its own
            (ldap.OPT_TIMELIMIT, 0),
            (ldap.OPT_RESTART, 1),
        ):
            self._ldap.set_option(option, value)

    async def run(self, steps: Steps[T], within: float) -> T:
        """Take an operation to its end, for at most so many seconds. Raises `BrokenError`.

        Afterwards the connection is closed, unless the operation came to its end.
        """
        whole = False
        try:
            async with asyncio.timeout(within):
                while True:
                    next(steps)
                    self.line.send()
                    await self.line.receive()
        except StopIteration as done:
            whole = True
            answer: T = done.value
            return answer
        except TimeoutError as error:
            raise BrokenError("no answer in time") from error
        except NoLineError as error:
            raise BrokenError(str(error)) from error
        finally:
            if not whole:
                self.close()

    def close(self) -> None:
        """Say goodbye, once."""
        if self.closed:
            return
        self.closed = True
        with contextlib.suppress(ldap.LDAPError):  # the other side was faster
            self._ldap.unbind_ext()
        self.line.hang_up()

    def bind(
        self, dn: str, password: Secret, controls: Sequence[Control] = ()
    ) -> Steps[Bound | BadCredentials | Refused]:
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
            yield
            _, _, answered, _ = yield from self._result(number)
        except ldap.LDAPError as error:
            refused = self._refused(error)
            if refused.code == _INVALID_CREDENTIALS:
                return BadCredentials(sub_code(refused.text), refused.policy)
            return refused
        return Bound(self.server, _policy(answered))

    def search(self, query: Query, most: int) -> Steps[Found | Refused]:
        """Search for at most `most` objects. Raises `BrokenError`."""
        entries: list[Entry] = []
        references = 0
        try:
            number = self._search(query, most + 1, ())
            yield
            while True:
                kind, data, answered, _ = yield from self._result(number, _ONE)
                if kind == ldap.RES_SEARCH_RESULT:
                    return Found(entries, True, self.server, answered)  # noqa: FBT003 - its name is `complete`
                found = _entries(data)
                entries += found
                references += not found
                if len(entries) > most or references > most:
                    self.close()  # what still comes would be in the way of the next answer
                    return Found(entries[:most], False, self.server)  # noqa: FBT003 - as above
        except ldap.SIZELIMIT_EXCEEDED:
            return Found(entries, False, self.server)  # noqa: FBT003 - as above
        except ldap.LDAPError as error:
            return self._refused(error)

    def page(self, query: Query, size: int, cookie: bytes) -> Steps[tuple[Page, bytes] | Refused]:
        """Read one page, and what to ask the next one with. Raises `BrokenError`."""
        paged = ldap.controls.SimplePagedResultsControl(True, size=size, cookie=cookie)  # noqa: FBT003 - as above
        entries: list[Entry] = []
        try:
            number = self._search(query, 0, [paged])
            yield
            while True:
                kind, data, answered, _ = yield from self._result(number, _ONE)
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

    def write(self, write: Write) -> Steps[Done | Refused]:
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
            yield
            _, _, answered, _ = yield from self._result(number)
        except ldap.LDAPError as error:
            return self._refused(error)
        return Done(self.server, answered)

    def who_am_i(self) -> Steps[str | Refused]:
        """Ask who this connection is (RFC 4532). Raises `BrokenError`."""
        try:
            number = self._ldap.extop(ldap.extop.ExtendedRequest(_WHO_AM_I, None))
            yield
            _, _, _, said = yield from self._result(number)
        except ldap.LDAPError as error:
            return self._refused(error)
        return (said or b"").decode("utf-8", "replace")

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
        self, number: int, everything: int = 1
    ) -> Steps[tuple[int, list[tuple[str | None, Any]], list[Control], bytes | None]]:
        """Take an answer when it is there: kind, objects, controls, an extension's value."""
        while True:
            try:
                kind, data, _, controls, _, value = self._ldap.result4(
                    number, everything, 0, add_extop=1, resp_ctrl_classes=_ANY
                )
            except UnicodeDecodeError as error:
                raise BrokenError("an answer that is not UTF-8") from error
            if kind is not None:
                break
            yield
        raw = [Control(each.controlType, bool(each.criticality), each.value) for each in controls]
        return kind, data or [], raw, value

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
