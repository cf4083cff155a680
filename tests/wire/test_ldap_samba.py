"""The same questions to a real Active Directory domain controller, seen by independent clients."""

import itertools
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from portvakt.core.secret import Secret
from portvakt.wire.ldap import (
    PASSWORD_POLICY_CONTROL,
    BadCredentials,
    Bound,
    Change,
    Control,
    Done,
    Found,
    Ldap,
    Modification,
    Modify,
    Page,
    Query,
    Refused,
    Scope,
    Server,
    ServerSeen,
    ServiceRefused,
    Unreachable,
    Why,
    escape_filter,
)
from tests.servers.region import PEOPLE, Somebody, State
from tests.servers.samba import ADMIN, ADMIN_PASSWORD, Samba
from tests.servers.samba_domain import (
    BASE,
    GROUP_BASE,
    PASSWORD,
    PEOPLE_BASE,
    person_dn,
    quoted,
)
from tests.wire.reach import Proxy, opened, to_samba

pytestmark = pytest.mark.slow
_numbers = itertools.count()
RIGHT = Secret(PASSWORD)
WRONG = Secret("Fel-lösenord-2026")
STATES: dict[State, Why] = {
    "expired": Why.EXPIRED,
    "must_change": Why.MUST_CHANGE,
    "locked": Why.LOCKED,
    "disabled": Why.DISABLED,
    "account_expired": Why.ACCOUNT_EXPIRED,
}


@asynccontextmanager
async def administrator(samba: Samba) -> AsyncIterator[Ldap]:
    """Reach the domain with rights to change people."""
    reach = to_samba(samba, bind_dn=ADMIN, bind_password=lambda: Secret(ADMIN_PASSWORD))
    async with opened(reach) as ldap:
        yield ldap


def someone(samba: Samba) -> tuple[str, str]:
    """Add a person of the test's own and return their name and DN."""
    name = f"egen{os.getpid()}-{next(_numbers)}"  # other workers add theirs to the same domain
    given = f"Egen {name}"
    return name, samba.add(Somebody(user_name=name, given_name=given, family_name="Åäö"))


def named(user_name: str) -> Query:
    return Query(
        base=BASE,
        filter=f"(sAMAccountName={escape_filter(user_name)})",
        attributes=("displayName", "objectGUID", "memberOf"),
    )


async def test_a_person_is_found_without_the_references_to_other_parts(samba: Samba) -> None:
    async with opened(to_samba(samba)) as ldap:
        found = await ldap.search(named("asa.oberg"))
        nobody = await ldap.search(named("finns.inte"))
    assert isinstance(found, Found)
    (asa,) = found.entries
    assert asa.dn == person_dn(PEOPLE[1])
    assert asa.text("displayname") == "Åsa Öberg"
    assert len(asa.raw("objectguid") or b"") == 16
    assert isinstance(nobody, Found)
    assert (list(nobody.entries), nobody.complete) == ([], True)


async def test_groups_in_groups_are_found_by_active_directorys_own_rule(samba: Samba) -> None:
    chain = "memberOf:1.2.840.113556.1.4.1941:"
    query = Query(base=BASE, filter=f"({chain}=CN=regionen,{GROUP_BASE})", attributes=("cn",))
    async with opened(to_samba(samba)) as ldap:
        found = await ldap.search(query)
    assert isinstance(found, Found)
    assert person_dn(PEOPLE[1]) in [entry.dn for entry in found.entries]


@pytest.mark.parametrize(
    "name", ["*", "asa*", "asa.oberg)(objectClass=*", "*)(uid=*))(|(uid=*", "asa.oberg\0"]
)
async def test_a002_no_name_finds_more_than_itself(samba: Samba, name: str) -> None:
    async with opened(to_samba(samba)) as ldap:
        found = await ldap.search(named(name))
    assert not isinstance(found, Found) or not found.entries


@pytest.mark.parametrize("state", STATES)
async def test_a012_a_right_password_tells_how_the_account_stands(
    samba: Samba, state: State
) -> None:
    dn = next(person_dn(one) for one in PEOPLE if one.state == state)
    async with opened(to_samba(samba)) as ldap:
        said = await ldap.bind(dn, RIGHT, controls=[PASSWORD_POLICY_CONTROL])
    assert said == BadCredentials(STATES[state])


async def test_a_wrong_password_tells_nothing_of_the_account(samba: Samba) -> None:
    async with opened(to_samba(samba)) as ldap:
        for state in ("well", "expired", "must_change", "disabled", "account_expired"):
            name = f"tyst{next(_numbers)}"
            person = Somebody(user_name=name, given_name=name, family_name="Tyst", state=state)
            assert await ldap.bind(samba.add(person), WRONG) == BadCredentials(Why.WRONG), state


async def test_a003_a_name_full_of_signs_is_bound_and_changed_by_its_own_dn(samba: Samba) -> None:
    new = "Höst-Regn-2027-långt"
    person = Somebody(
        user_name=f"sign{os.getpid()}-{next(_numbers)}",
        given_name="Åsa",
        family_name='Öberg, + "Chef"',
    )
    samba.add(person)
    reset = Modification(Change.REPLACE, "unicodePwd", [quoted(new)])
    async with administrator(samba) as ldap:
        found = await ldap.search(named(person.user_name))
        assert isinstance(found, Found)
        (entry,) = found.entries
        assert isinstance(await ldap.bind(entry.dn, RIGHT), Bound)
        done = await ldap.write(Modify(entry.dn, [reset]))
        assert isinstance(done, Done)
        assert isinstance(await ldap.bind(entry.dn, Secret(new), server=done.server), Bound)
    assert samba.kinit(person.user_name, new)[0]
    assert samba.smb(person.user_name, new)[0]
    assert not samba.kinit(person.user_name, PASSWORD)[0]
    assert samba.kinit("asa.oberg", PASSWORD)[0]


async def test_an_unlock_needs_no_new_password(samba: Samba) -> None:
    name, dn = someone(samba)
    samba.lock(dn)
    assert not samba.kinit(name, PASSWORD)[0]
    async with administrator(samba) as ldap:
        assert await ldap.bind(dn, RIGHT) == BadCredentials(Why.LOCKED)
        unlock = Modification(Change.REPLACE, "lockoutTime", [b"0"])
        assert isinstance(await ldap.write(Modify(dn, [unlock])), Done)
        assert isinstance(await ldap.bind(dn, RIGHT), Bound)
    assert samba.kinit(name, PASSWORD)[0]


async def test_a_change_of_ones_own_tells_what_the_policy_has_against_it(samba: Samba) -> None:
    name, dn = someone(samba)

    def change(old: str, new: str) -> Modify:
        return Modify(
            dn,
            [
                Modification(Change.DELETE, "unicodePwd", [quoted(old)]),
                Modification(Change.ADD, "unicodePwd", [quoted(new)]),
            ],
        )

    async with opened(to_samba(samba)) as ldap:
        wrong = await ldap.bind(dn, RIGHT, then=change(WRONG.open(), "Höst-Regn-2027-långt"))
        short = await ldap.bind(dn, RIGHT, then=change(PASSWORD, "Kort1!"))
        good = await ldap.bind(dn, RIGHT, then=change(PASSWORD, "Höst-Regn-2027-långt"))
    for outcome, code in ((wrong, "00000056"), (short, "0000052D")):
        assert isinstance(outcome, Bound)
        assert isinstance(outcome.then, Refused)
        assert (outcome.then.code, code in outcome.then.text) == (19, True)
    assert isinstance(good, Bound)
    assert isinstance(good.then, Done)
    assert samba.kinit(name, "Höst-Regn-2027-långt")[0]


async def test_an_account_may_not_change_people_without_the_right(samba: Samba) -> None:
    _, dn = someone(samba)
    _, without_rights = someone(samba)
    reach = to_samba(samba, bind_dn=without_rights, bind_password=lambda: RIGHT)
    async with opened(reach) as ldap:
        reset = Modification(Change.REPLACE, "unicodePwd", [quoted("Höst-Regn-2027-långt")])
        said = await ldap.write(Modify(dn, [reset]))
    assert isinstance(said, Refused)
    assert said.code == 50


async def test_a_critical_control_that_the_server_lacks_is_refused(samba: Samba) -> None:
    hints = Control("1.2.840.113556.1.4.2239", critical=True, value=b"\x30\x03\x02\x01\x01")
    query = Query(base=BASE, scope=Scope.BASE, controls=[hints])
    async with opened(to_samba(samba)) as ldap:
        said = await ldap.search(query)
    assert isinstance(said, Refused)
    assert said.code == 12


async def test_what_is_deleted_shows_by_its_control(samba: Samba) -> None:
    _, dn = someone(samba)
    samba.delete(dn)
    gone = Query(
        base=f"CN=Deleted Objects,{BASE}",
        filter="(isDeleted=TRUE)",
        attributes=("objectGUID", "lastKnownParent"),
        controls=[Control("1.2.840.113556.1.4.417", critical=True)],
    )
    async with administrator(samba) as ldap:
        found = await ldap.search(gone, most=1_000)
    assert isinstance(found, Found)
    assert any("Egen" in entry.dn for entry in found.entries)


async def test_everybody_comes_in_pages(samba: Samba) -> None:
    people = Query(base=PEOPLE_BASE, filter="(objectClass=user)", attributes=("sAMAccountName",))
    seen: list[str] = []
    lasts: list[bool] = []
    async with opened(to_samba(samba)) as ldap:
        async for page in ldap.pages(people, size=9):
            assert isinstance(page, Page)
            seen += [entry.text("samaccountname") or "" for entry in page.entries]
            lasts.append(page.last)
    assert lasts[-1]
    assert {one.user_name for one in PEOPLE} <= set(seen)


async def test_an_address_that_is_not_in_the_certificate_is_refused(samba: Samba) -> None:
    async with Proxy(samba.address, 636) as proxy:
        reach = to_samba(samba, f"ldaps://127.0.0.1:{proxy.port}")
        async with opened(reach) as ldap:
            said = await ldap.bind(person_dn(PEOPLE[1]), RIGHT)
    assert isinstance(said, Unreachable)
    assert "certificate" in said.why


async def test_start_tls_and_a_look_at_the_controller(samba: Samba) -> None:
    async with opened(to_samba(samba, samba.ldap)) as ldap:
        seen = await ldap.look(Server(samba.ldap))
        assert isinstance(await ldap.bind(person_dn(PEOPLE[1]), RIGHT), Bound)
    assert isinstance(seen, ServerSeen)
    assert isinstance(seen.service, Bound)
    assert seen.certificate
    assert seen.root.text("defaultnamingcontext") == BASE
    assert seen.root.text("currenttime")


async def test_the_controller_refuses_passwords_without_tls(samba: Samba) -> None:
    plain = {"start_tls": False, "plain_on_loopback": True}
    async with opened(to_samba(samba, samba.ldap, **plain)) as ldap:
        said = await ldap.search(named("asa.oberg"))
    assert said == ServiceRefused(Server(samba.ldap), Why.UNKNOWN, 8)  # strongerAuthRequired
