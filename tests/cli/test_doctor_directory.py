"""`portvakt doctor directory` against real servers, well and unwell."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cli.box import Answer, Box
from tests.directories.homes import AtSamba, grant, somebody
from tests.directories.people.branches import settings_of
from tests.servers import samba as ad
from tests.servers import samba_domain
from tests.servers import slapd as openldap
from tests.servers.authority import Authority
from tests.servers.samba import Samba
from tests.servers.slapd import PASSWORD, SERVICE, Slapd, groups_ldif, person_dn, region_ldif

ASA = person_dn("asa.oberg")
LOCK = "pwdMaxFailure: 5"
MONITOR = f'access to * by dn.exact="{openldap.ADMIN}" read by * none'


@contextmanager
def server(*changes: tuple[str, str], lock: str = "10", **more: Any) -> Iterator[Slapd]:
    """A server of one's own, with other words in its settings."""
    made = Slapd.create(content=region_ldif().replace(LOCK, f"pwdMaxFailure: {lock}"), **more)
    file = made.folder / "slapd.conf"
    text = file.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    file.write_text(text, encoding="utf-8")
    made.start()
    try:
        if "certificate" not in more:
            made.add(groups_ldif())
        yield made
    finally:
        made.remove()


@pytest.fixture(scope="module")
def well() -> Iterator[Slapd]:
    """A server with nothing to say about it: a lock-out after ten, and a clock to be read."""
    with server((MONITOR, "access to * by * read")) as made:
        yield made


@pytest.fixture
def doctor(tmp_path: Path) -> Callable[..., Box]:
    """An installation that has one directory: slapd, or what `servers` are."""

    def make(at: Slapd, *servers: str, size: int = 100) -> Box:
        named = '", "'.join(servers or (at.ldaps,))
        more = 'group_pattern = "*"'
        ca_file = at.authority.ca_file
        text = settings_of("ldap", named, ca_file, SERVICE, openldap.BASE, tmp_path, more)
        text = text.replace("page_size = 2", f"page_size = {size}")
        box = Box.make(tmp_path, f"sqlite:///{tmp_path}/none.db", text)
        box.now = datetime.now(UTC)
        return box

    return make


@pytest.fixture
def domain(samba: Samba, tmp_path: Path) -> Box:
    """An installation that has the domain, with its rights granted."""
    grant(samba)
    text = settings_of(
        "active_directory", samba.ldaps, samba.authority_file, ad.SERVICE,
        samba_domain.PEOPLE_BASE, tmp_path,
        f'group_pattern = "*"\ngroup_base = "{samba_domain.GROUP_BASE}"',
    )  # fmt: skip
    text = text.replace("page_size = 2", "page_size = 100")
    box = Box.make(tmp_path, f"sqlite:///{tmp_path}/none.db", text)
    box.now = datetime.now(UTC)
    return box


def looked(box: Box, *words: str) -> Answer:
    return box.run("doctor", "directory", "--json", *words)


def findings(answer: Answer, at: int = 0) -> dict[str, dict[str, str]]:
    """What was found at one server, by check."""
    return {each["check"]: each for each in answer.json["servers"][at]["findings"]}


def levels(answer: Answer, at: int = 0) -> dict[str, str]:
    """Whatever is not good."""
    found = findings(answer, at)
    return {name: each["level"] for name, each in found.items() if each["level"] != "good"}


def test_a_server_that_is_well_is_well(well: Slapd, doctor: Callable[..., Box]) -> None:
    answer = looked(doctor(well))
    assert answer.status == 0, answer.err
    assert answer.json["ok"] is True
    assert levels(answer) == {}
    assert set(findings(answer)) == {
        "connection", "certificate", "service account", "clock", "page size", "people", "phones",
        "groups", "changes", "passwords", "lock-out", "rights",
    }  # fmt: skip
    assert well.knows(ASA, PASSWORD)  # asking for the rights changed nothing


def test_the_domain_is_well_but_for_its_lock_out(domain: Box) -> None:
    answer = looked(domain)
    assert answer.status == 0, answer.err
    assert levels(answer) == {"lock-out": "warning"}
    found = findings(answer)
    assert "account-lockout-threshold=10" in found["lock-out"]["mend"]
    assert "at least 10 characters, not one of the last 3" in found["passwords"]["said"]
    assert "uSNChanged" in found["changes"]["said"]
    assert ad.HOST in found["certificate"]["said"]


def test_each_finding_is_one_line_with_what_mends_it(
    slapd: Slapd, doctor: Callable[..., Box]
) -> None:
    lines = doctor(slapd).good("doctor", "directory").out.splitlines()
    assert lines[0] == f"region {slapd.ldaps}"
    (lock,) = [line for line in lines if line.startswith("  warning  lock-out")]
    assert "after 5 wrong passwords: under 6 is too few → printf" in lock
    assert f"cn=policy,{openldap.BASE} | ldapmodify" in lock
    assert all(" → " in line for line in lines[1:] if not line.startswith("  good"))


def test_a_certificate_that_has_ended_is_a_problem(
    tmp_path: Path, doctor: Callable[..., Box]
) -> None:
    authority = Authority(tmp_path / "tls")
    ended = authority.certificate("127.0.0.1", lives=timedelta(days=-1))
    with server(authority=authority, certificate=ended) as at:
        answer = looked(doctor(at))
    assert answer.status == 1
    assert levels(answer) == {"certificate": "problem"}
    assert "expired" in findings(answer)["certificate"]["said"]
    assert "restart slapd" in findings(answer)["certificate"]["mend"]


def test_a_certificate_that_ends_soon_is_a_warning(
    tmp_path: Path, doctor: Callable[..., Box]
) -> None:
    authority = Authority(tmp_path / "tls")
    soon = authority.certificate("127.0.0.1", lives=timedelta(days=29))
    with server(authority=authority, certificate=soon) as at:
        answer = looked(doctor(at))
    assert findings(answer)["certificate"]["level"] == "warning"
    assert "in 28 days" in findings(answer)["certificate"]["said"]


def test_a_stranger_s_certificate_is_a_problem(
    well: Slapd, tmp_path: Path, doctor: Callable[..., Box]
) -> None:
    box = doctor(well)
    other = Authority(tmp_path / "other").ca_file
    text = box.config.read_text().replace(str(well.authority.ca_file), str(other))
    box.config.write_text(text)
    answer = looked(box)
    assert answer.status == 1
    assert "-showcerts" in findings(answer)["certificate"]["mend"]


def test_a_wrong_service_password_is_said_after_one_try(doctor: Callable[..., Box]) -> None:
    with server() as at:
        box = doctor(at)
        box.write("service", "Fel-lösenord-2026")
        answer = looked(box, "--account", "asa.oberg")
        assert at.knows(ASA, PASSWORD)
        failed = at.tool(
            "ldapsearch", "-LLL", "-s", "base", "-b", SERVICE, "pwdFailureTime",
            dn=openldap.ADMIN, password=openldap.ADMIN_PASSWORD,
        )  # fmt: skip
    assert failed.count("pwdFailureTime:") == 1
    assert answer.status == 1
    found = findings(answer)["service account"]
    assert (found["level"], SERVICE in found["said"]) == ("problem", True)
    assert found["mend"].startswith("ldappasswd -H")


def test_a_password_file_that_is_not_there_is_a_problem(
    well: Slapd, doctor: Callable[..., Box]
) -> None:
    box = doctor(well)
    (box.folder / "service").unlink()
    answer = looked(box)
    assert answer.status == 1
    assert "service cannot be read" in findings(answer)["service account"]["said"]


def test_f34_a_clock_that_is_off_is_a_warning(well: Slapd, doctor: Callable[..., Box]) -> None:
    box = doctor(well)
    box.move(seconds=90)
    answer = looked(box)
    assert answer.status == 0
    assert levels(answer) == {"clock": "warning"}
    assert "behind ours" in findings(answer)["clock"]["said"]
    assert "chronyc" in findings(answer)["clock"]["mend"]


def test_a_controller_s_clock_is_read_too(domain: Box) -> None:
    domain.move(seconds=-120)
    found = findings(looked(domain))["clock"]
    assert found["level"] == "warning"
    assert "ahead of ours" in found["said"]
    assert "w32tm" in found["mend"]


def test_a_server_that_is_down_takes_two_seconds_and_hides_no_other(
    well: Slapd, doctor: Callable[..., Box]
) -> None:
    with socket.socket() as silent, socket.socket() as closed:
        for each in (silent, closed):
            each.bind(("127.0.0.1", 0))
        silent.listen()  # takes connections, and says nothing
        urls = [f"ldaps://127.0.0.1:{each.getsockname()[1]}" for each in (silent, closed)]
        box = doctor(well, *urls, well.ldaps)
        began = time.monotonic()
        answer = looked(box)
        took = time.monotonic() - began
    assert answer.status == 1
    assert findings(answer, 0)["connection"]["said"] == "no answer in time"
    assert findings(answer, 1)["connection"]["said"] == "refused"
    assert findings(answer, 1)["connection"]["mend"].startswith("nc -vz 127.0.0.1 ")
    assert levels(answer, 2) == {}
    assert took < 4


def test_rights_that_are_missing_are_said_with_the_grant(doctor: Callable[..., Box]) -> None:
    may, may_not = (f'by dn.exact="{SERVICE}" {each}\n' for each in ("write", "read"))
    with server((may, may_not)) as at:
        box = doctor(at)
        answer = looked(box)
        assert at.knows(ASA, PASSWORD)
        found = findings(answer)["rights"]
        assert (answer.status, found["level"]) == (0, "warning")
        assert "may not set passwords, unlock" in found["said"]
        assert f'attrs=userPassword by dn.exact="{SERVICE}" write' in found["mend"]
        answer = looked(box, "--account", "asa.oberg")
        assert at.knows(ASA, PASSWORD)
    assert answer.status == 1
    assert "no_right" in findings(answer)["writing"]["said"]


def test_a_limit_on_searches_is_a_problem(doctor: Callable[..., Box]) -> None:
    with server(sizelimit="4") as at:
        answer = looked(doctor(at, size=2))
    assert answer.status == 1
    found = findings(answer)["page size"]
    assert "stops a reading after 4 people (result 4)" in found["said"]
    assert "olcLimits" in found["mend"]


def test_a_test_account_proves_the_rights(well: Slapd, doctor: Callable[..., Box]) -> None:
    one = somebody()
    well.add(openldap.person_ldif(one))
    dn = person_dn(one.user_name)
    answer = looked(doctor(well), "--account", one.user_name)
    assert answer.status == 0
    assert findings(answer)["writing"]["level"] == "good"
    assert not well.knows(dn, PASSWORD)
    assert well.knows(ASA, PASSWORD)


def test_a_test_account_of_the_domain_proves_the_rights(samba: Samba, domain: Box) -> None:
    one = somebody()
    at = AtSamba(samba)
    at.add(one)
    answer = looked(domain, "--account", one.user_name)
    assert answer.status == 0, answer.out
    assert findings(answer)["writing"]["level"] == "good"
    assert samba.kinit(one.user_name, PASSWORD)[0] is False


def test_a_test_account_that_is_not_there_is_a_problem(
    well: Slapd, doctor: Callable[..., Box]
) -> None:
    answer = looked(doctor(well), "--account", "asa.*")
    assert answer.status == 1
    assert "has one person called asa.*" in findings(answer)["writing"]["said"]
    assert well.knows(ASA, PASSWORD)


def test_where_passwords_are_left_alone_nothing_is_said_of_them(
    slapd: Slapd, doctor: Callable[..., Box]
) -> None:
    box = doctor(slapd)
    box.config.write_text(box.config.read_text() + "passwords = false\n")
    assert not {"passwords", "lock-out", "rights"} & set(findings(looked(box)))


def test_what_was_called_wrongly_is_said(well: Slapd, doctor: Callable[..., Box]) -> None:
    box = doctor(well)
    assert box.run("doctor", "network", "--account", "asa").status == 2
    answer = box.run("doctor", "directory", "--directory", "other")
    assert answer.status == 1
    assert "there is no directory other; there is region" in answer.err
