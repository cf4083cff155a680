"""What `[[directories]]` may say, and what is said about it."""

from datetime import timedelta
from pathlib import Path

import pytest

from portvakt.commands.doctor import reached
from portvakt.settings.structs import span
from tests.settings.test_settings import LEAST, errors, settings

GOOD = """
[[directories]]
name = "region"
kind = "ldap"
servers = ["ldaps://ldap1.region.example", "ldap://ldap2.region.example:3389"]
bind_dn = "cn=portvakt,dc=region,dc=example"
bind_password = { file = "/etc/portvakt/ldap" }
base = "ou=people,dc=region,dc=example"
groups = { "cn=alla,ou=groups,dc=region,dc=example" = "alla" }
mapping = { user_name = "uid mail" }
"""


def test_a_directory_has_little_that_must_be_said(tmp_path: Path) -> None:
    (found,) = settings(tmp_path, LEAST + GOOD).directories
    assert (found.name, found.kind, found.passwords) == ("region", "ldap", True)
    assert span(found.sync_every) == span(found.grace) == timedelta(minutes=15)
    assert found.options["groups"] == {"cn=alla,ou=groups,dc=region,dc=example": "alla"}


def test_a_secret_may_come_from_the_environment(tmp_path: Path) -> None:
    found = settings(
        tmp_path,
        LEAST + GOOD,
        PORTVAKT_DIRECTORIES__0__BIND_PASSWORD="Vinter",
    )
    secret = {"env": "PORTVAKT_DIRECTORIES__0__BIND_PASSWORD"}
    assert found.directories[0].options["bind_password"] == secret


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('kind = "ldap"', 'kind = "ldpa"', "there is no “ldpa”"),
        ('kind = "ldap"', 'kind = "staff_csv"', "import-staff"),
        ('name = "region"', 'name = "hr"', "“hr” is taken"),
        ('name = "region"', 'name = "Region"', "name"),
        ("[[directories]]", "[[directories]]\npagesize = 5", "did you mean"),
        ('{ file = "/etc/portvakt/ldap" }', '"hemligt"', "a secret is a file or a variable"),
        ("[[directories]]", '[[directories]]\ngrace = "5h"', "more than 4 hours"),
        ("[[directories]]", '[[directories]]\nsync_every = "10s"', "less than a minute"),
        ("[[directories]]", '[[directories]]\nsync_every = "soon"', "sync_every"),
        ("[[directories]]", '[[directories]]\npeople_filter = "uid=*"', "is not a filter"),
        ("ldaps://ldap1.region.example", "https://ldap1.region.example", "is not ldaps://host"),
        ('user_name = "uid mail"', 'username = "uid"', "did you mean"),
        ("[[directories]]", '[[directories]]\nmembership = "both"', "membership"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in GOOD
    (error,) = errors(tmp_path, LEAST + GOOD.replace(old, new, 1))
    assert said in error
    assert "line" in error


def test_a081_a_directory_without_tls_is_refused_before_anything_starts(tmp_path: Path) -> None:
    (error,) = errors(tmp_path, LEAST + GOOD + "start_tls = false\n")
    assert "passwords would travel without TLS" in error
    near = GOOD.replace("ldap://ldap2.region.example", "ldap://127.0.0.1") + "start_tls = false\n"
    (error,) = errors(tmp_path, LEAST + near)
    assert "passwords would travel without TLS" in error
    settings(tmp_path, LEAST + near + "plain_on_loopback = true\n")


def test_its_servers_are_among_the_addresses_that_are_called(tmp_path: Path) -> None:
    found = [each.address for each in reached(settings(tmp_path, LEAST + GOOD))]
    assert found == ["ldaps://ldap1.region.example:636", "ldap://ldap2.region.example:3389"]


def test_two_directories_have_two_names(tmp_path: Path) -> None:
    (error,) = errors(tmp_path, LEAST + GOOD + GOOD)
    assert "“region” is taken" in error
    found = settings(tmp_path, LEAST + GOOD + GOOD.replace('"region"', '"kommunen"'))
    assert [each.name for each in found.directories] == ["region", "kommunen"]
