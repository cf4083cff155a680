"""What the settings may say about a directory, and what is safe to put into a question."""

import pytest

from portvakt.core.secret import Secret
from portvakt.wire.ldap import Reach, Server, UnsafeServerError, Why, escape_dn, escape_filter
from portvakt.wire.ldap import sub_code as why_of


def reach(*urls: str, start_tls: bool = True, plain: bool = False) -> Reach:
    return Reach(
        servers=[Server(url) for url in urls],
        bind_dn="cn=portvakt",
        bind_password=lambda: Secret("x"),
        start_tls=start_tls,
        plain_on_loopback=plain,
    )


def test_ports_are_those_of_the_protocol() -> None:
    assert Server("ldaps://dc1.corp.example").port == 636
    assert Server("ldap://dc1.corp.example").port == 389
    assert Server("ldaps://dc1.corp.example:3269").port == 3269
    assert Server("ldaps://[::1]:636").host == "::1"


@pytest.mark.parametrize(
    "url",
    [
        "dc1.corp.example",
        "https://dc1.corp.example",
        "ldaps://",
        "ldaps://host:port",
        "ldaps://host/dc=corp",
        "ldaps://me@host",
        "ldapi://%2Frun%2Fldapi",
        "ldaps://åsa.example",
    ],
)
def test_what_is_no_server_is_refused(url: str) -> None:
    with pytest.raises(UnsafeServerError):
        Server(url)


def test_a081_a_password_never_travels_without_tls() -> None:
    reach("ldap://dc1.corp.example")
    reach("ldaps://dc1.corp.example", start_tls=False)
    for url in ("ldap://dc1.corp.example", "ldap://10.1.2.3"):
        with pytest.raises(UnsafeServerError, match="without TLS"):
            reach(url, start_tls=False, plain=True)


def test_loopback_may_go_without_tls_where_the_settings_say_so() -> None:
    reach("ldap://127.0.0.1", start_tls=False, plain=True)
    with pytest.raises(UnsafeServerError, match="without TLS"):
        reach("ldap://127.0.0.1", start_tls=False)


def test_one_unsafe_server_among_safe_ones_is_one_too_many() -> None:
    with pytest.raises(UnsafeServerError, match="dc2"):
        reach("ldaps://dc1.corp.example", "ldap://dc2.corp.example", start_tls=False)


def test_a_directory_has_a_server_and_a_service_account() -> None:
    with pytest.raises(UnsafeServerError):
        reach()
    with pytest.raises(UnsafeServerError):
        Reach(servers=[Server("ldaps://x")], bind_dn="", bind_password=lambda: Secret("x"))


def test_a_reach_does_not_show_its_password() -> None:
    shown = Reach(servers=[Server("ldaps://x")], bind_dn="cn=a", bind_password=lambda: Secret("y"))
    assert "bind_password" not in repr(shown)


@pytest.mark.parametrize(
    ("given", "safe"),
    [
        ("anna", "anna"),
        ("*", r"\2a"),
        ("anna)(objectClass=*", r"anna\29\28objectClass=\2a"),
        (r"*)(uid=*))(|(uid=*", r"\2a\29\28uid=\2a\29\29\28|\28uid=\2a"),
        ("a\\b", r"a\5cb"),
        ("a\0b", "a\ufffdb"),
        ("Åsa", "Åsa"),
        ("\ud800", "\ufffd"),
    ],
)
def test_a002_a_value_in_a_filter_is_only_a_value(given: str, safe: str) -> None:
    assert escape_filter(given) == safe


def test_a_value_in_a_name_is_only_a_value() -> None:
    assert escape_dn('Öberg, Åsa + "Chef"') == r"Öberg\, Åsa \+ \"Chef\""


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("80090308: LdapErr: DSID-0C09041C, comment: …, data 52e, v4563", Why.WRONG),
        ("80090308: LdapErr: DSID-0C0903A9, data 775, v1db1", Why.LOCKED),
        ("data 773, v1db1", Why.MUST_CHANGE),
        ("data 532, v1db1", Why.EXPIRED),
        ("data 533, v1db1", Why.DISABLED),
        ("data 701, v1db1", Why.ACCOUNT_EXPIRED),
        ("data 530, v1db1", Why.OUTSIDE_HOURS),
        ("data 531, v1db1", Why.NOT_FROM_HERE),
        ("data 525, v1db1", Why.NO_SUCH_PERSON),
        ("data 9999, v1db1", Why.UNKNOWN),
        ("data empty, v1db1", Why.UNKNOWN),
        ("", Why.UNKNOWN),
    ],
)
def test_active_directorys_sub_codes_are_understood(said: str, meant: Why) -> None:
    assert why_of(said) is meant
