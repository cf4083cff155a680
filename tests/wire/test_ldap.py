"""Searches, binds and changes, against a real OpenLDAP server."""

import asyncio
import itertools

import pytest

from portvakt.core.secret import Secret
from portvakt.wire.ldap import (
    PASSWORD_POLICY_CONTROL,
    BadCredentials,
    Bound,
    Change,
    Done,
    Found,
    Modification,
    Modify,
    ModifyPassword,
    Page,
    PolicyError,
    Query,
    Refused,
    Scope,
    Server,
    ServerSeen,
    Why,
    escape_filter,
)
from tests.servers.region import PEOPLE, Somebody
from tests.servers.slapd import BASE, PASSWORD, PEOPLE_BASE, SERVICE, Slapd, person_dn, person_ldif
from tests.wire.reach import Proxy, opened, to_slapd

pytestmark = pytest.mark.slow
_numbers = itertools.count()
RIGHT = Secret(PASSWORD)
WRONG = Secret("Fel-lösenord-2026")


def someone(slapd: Slapd) -> str:
    """Add a person of the test's own and return their DN."""
    name = f"egen{next(_numbers)}"
    slapd.add(person_ldif(Somebody(user_name=name, given_name="Egen", family_name="Åäö")))
    return person_dn(name)


def named(user_name: str, *attributes: str) -> Query:
    uid = f"(uid={escape_filter(user_name)})"  # elsewhere other tests have namesakes
    return Query(base=PEOPLE_BASE, filter=uid, attributes=attributes or ("uid",))


async def test_a_search_finds_a_person_with_swedish_letters(slapd: Slapd) -> None:
    async with opened(to_slapd(slapd)) as ldap:
        found = await ldap.search(named("asa.oberg", "displayName", "entryUUID", "memberOf"))
    assert isinstance(found, Found)
    (asa,) = found.entries
    assert found.complete
    assert asa.dn == person_dn("asa.oberg")
    assert asa.text("displayname") == "Åsa Öberg"
    assert asa.raw("mobile") is None
    assert len(asa.text("entryuuid") or "") == 36
    assert asa.texts("memberof") == [f"cn=akuten,ou=groups,{BASE}"]


async def test_start_tls_does_as_well_as_ldaps(slapd: Slapd) -> None:
    async with opened(to_slapd(slapd, slapd.ldap)) as ldap:
        assert isinstance(await ldap.search(named("asa.oberg")), Found)
        seen = await ldap.look(Server(slapd.ldap))
    assert isinstance(seen, ServerSeen)
    assert seen.tls in {"TLSv1.2", "TLSv1.3"}
    assert seen.certificate


async def test_a_look_tells_what_a_server_can_do(slapd: Slapd) -> None:
    async with opened(to_slapd(slapd)) as ldap:
        seen = await ldap.look(Server(slapd.ldaps))
    assert isinstance(seen, ServerSeen)
    assert isinstance(seen.service, Bound)
    assert "1.2.840.113556.1.4.319" in seen.root.texts("supportedcontrol")


@pytest.mark.parametrize(
    "name", ["*", "anna*", "asa.oberg)(objectClass=*", "*)(uid=*))(|(uid=*", "asa.oberg\0", "\\2a"]
)
async def test_a002_no_name_finds_more_than_itself(slapd: Slapd, name: str) -> None:
    async with opened(to_slapd(slapd)) as ldap:
        found = await ldap.search(named(name))
    assert isinstance(found, Found)
    assert not found.entries


async def test_a003_a_name_full_of_signs_is_bound_and_changed_by_its_own_dn(slapd: Slapd) -> None:
    new = Secret("Höst-Regn-2027-långt")
    somebody = Somebody(user_name='komma, + "x"', given_name="Åsa", family_name='Öberg, + "Chef"')
    slapd.add(person_ldif(somebody))
    async with opened(to_slapd(slapd)) as ldap:
        found = await ldap.search(named(somebody.user_name))
        assert isinstance(found, Found)
        (entry,) = found.entries
        assert isinstance(await ldap.bind(entry.dn, RIGHT), Bound)
        assert isinstance(await ldap.write(ModifyPassword(entry.dn, None, new)), Done)
    assert slapd.knows(entry.dn, new.open())
    assert slapd.knows(person_dn("asa.oberg"), PASSWORD)


async def test_a001_an_empty_password_never_leaves(slapd: Slapd) -> None:
    plain = {"start_tls": False, "plain_on_loopback": True}
    async with Proxy("127.0.0.1", slapd.port) as proxy:
        reach = to_slapd(slapd, f"ldap://127.0.0.1:{proxy.port}", **plain)
        async with opened(reach) as ldap:
            outcome = await ldap.bind(person_dn("asa.oberg"), Secret(""))
        assert outcome == BadCredentials(Why.EMPTY)
        assert proxy.connections == 0


async def test_a_bind_without_a_name_is_a_mistake_of_ours(slapd: Slapd) -> None:
    async with opened(to_slapd(slapd)) as ldap:
        with pytest.raises(ValueError, match="without a name"):
            await ldap.bind("", RIGHT)


async def test_a_bind_tells_right_from_wrong(slapd: Slapd) -> None:
    async with opened(to_slapd(slapd)) as ldap:
        right = await ldap.bind(person_dn("lena.larsson"), RIGHT)
        wrong = await ldap.bind(person_dn("lena.larsson"), WRONG)
        nobody = await ldap.bind(person_dn("finns.inte"), RIGHT)
        unwritable = await ldap.bind(person_dn("lena.larsson"), Secret("\ud800"))
        again = await ldap.bind(person_dn("lena.larsson"), RIGHT)
    assert isinstance(right, Bound)
    assert isinstance(again, Bound)
    assert isinstance(wrong, BadCredentials)
    assert isinstance(nobody, BadCredentials)
    assert isinstance(unwritable, BadCredentials)


@pytest.mark.parametrize(
    ("user_name", "error"),
    [
        ("dag.disabled", PolicyError.ACCOUNT_LOCKED),
        ("lars.last", PolicyError.ACCOUNT_LOCKED),
        ("eva.expired", PolicyError.PASSWORD_EXPIRED),
    ],
)
async def test_the_password_policy_says_why(
    slapd: Slapd, user_name: str, error: PolicyError
) -> None:
    async with opened(to_slapd(slapd)) as ldap:
        said = await ldap.bind(person_dn(user_name), RIGHT, controls=[PASSWORD_POLICY_CONTROL])
    assert isinstance(said, BadCredentials)
    assert said.policy is not None
    assert said.policy.error is error


async def test_a_right_password_that_must_be_changed_is_right(slapd: Slapd) -> None:
    async with opened(to_slapd(slapd)) as ldap:
        said = await ldap.bind(person_dn("nils.ny"), RIGHT, controls=[PASSWORD_POLICY_CONTROL])
    assert isinstance(said, Bound)
    assert said.policy is not None
    assert said.policy.error is PolicyError.CHANGE_AFTER_RESET


async def test_connections_are_kept_and_binds_never_share_one_with_searches(slapd: Slapd) -> None:
    async with Proxy("127.0.0.1", slapd.tls_port) as proxy:
        async with opened(to_slapd(slapd, f"ldaps://127.0.0.1:{proxy.port}")) as ldap:
            for one in PEOPLE[8:20]:
                assert isinstance(await ldap.search(named(one.user_name)), Found)
                bound = await ldap.bind(person_dn(one.user_name), RIGHT)
                assert isinstance(bound, Bound), one
                assert await ldap.who_am_i() == f"dn:{SERVICE}"
        assert proxy.connections == 2


async def test_many_binds_at_once_take_a_bounded_number_of_connections(slapd: Slapd) -> None:
    async with Proxy("127.0.0.1", slapd.tls_port) as proxy:
        url = f"ldaps://127.0.0.1:{proxy.port}"
        async with opened(to_slapd(slapd, url, connections=3)) as ldap:
            people = [person_dn(one.user_name) for one in PEOPLE[8:]] * 3
            said = await asyncio.gather(*(ldap.bind(dn, RIGHT) for dn in people))
        assert all(isinstance(each, Bound) for each in said)
        assert proxy.connections == 3


async def test_a_change_with_the_persons_own_rights_follows_the_bind(slapd: Slapd) -> None:
    dn, new = someone(slapd), Secret("Mitt-eget-lösen-27")
    async with opened(to_slapd(slapd)) as ldap:
        changed = await ldap.bind(dn, RIGHT, then=ModifyPassword(dn, RIGHT, new))
        refused = await ldap.bind(dn, new, then=ModifyPassword(person_dn("asa.oberg"), None, new))
        unasked = await ldap.bind(dn, RIGHT, then=ModifyPassword(dn, RIGHT, RIGHT))
    assert isinstance(changed, Bound)
    assert isinstance(changed.then, Done)
    assert isinstance(refused, Bound)
    assert isinstance(refused.then, Refused)
    assert isinstance(unasked, BadCredentials)
    assert slapd.knows(dn, new.open())
    assert slapd.knows(person_dn("asa.oberg"), PASSWORD)


async def test_a_refusal_has_the_policys_reason(slapd: Slapd) -> None:
    dn = someone(slapd)
    controls = (PASSWORD_POLICY_CONTROL,)
    async with opened(to_slapd(slapd)) as ldap:
        short = ModifyPassword(dn, RIGHT, Secret("kort"), controls)
        said = await ldap.bind(dn, RIGHT, then=short)
    assert isinstance(said, Bound)
    assert isinstance(said.then, Refused)
    assert said.then.code == 19
    assert said.then.policy is not None
    assert said.then.policy.error is PolicyError.TOO_SHORT


async def test_a_change_is_all_or_nothing(slapd: Slapd) -> None:
    dn = someone(slapd)
    slapd.lock(dn)
    unlock = Modification(Change.DELETE, "pwdAccountLockedTime")
    async with opened(to_slapd(slapd)) as ldap:
        both = Modify(dn, [unlock, Modification(Change.REPLACE, "title", [b"Chef"])])
        refused = await ldap.write(both)
        assert isinstance(await ldap.bind(dn, RIGHT), BadCredentials)
        done = await ldap.write(Modify(dn, [unlock]))
        assert isinstance(await ldap.bind(dn, RIGHT), Bound)
    assert isinstance(refused, Refused)
    assert refused.code == 50
    assert isinstance(done, Done)


async def test_a_search_gives_no_more_than_was_asked_for(slapd: Slapd) -> None:
    people = Query(base=PEOPLE_BASE, scope=Scope.ONE_LEVEL, attributes=("uid",))
    async with opened(to_slapd(slapd)) as ldap:
        some = await ldap.search(people, most=5)
        everybody = await ldap.search(people, most=1000)
    assert isinstance(some, Found)
    assert len(some.entries) == 5
    assert not some.complete
    assert isinstance(everybody, Found)
    assert everybody.complete
    assert len(everybody.entries) >= len(PEOPLE)


async def test_a_long_search_comes_in_pages(slapd: Slapd) -> None:
    people = Query(base=PEOPLE_BASE, filter="(employeeNumber=*)", attributes=("uid",))
    seen: list[str] = []
    async with opened(to_slapd(slapd)) as ldap:
        lasts = []
        async for page in ldap.pages(people, size=7):
            assert isinstance(page, Page)
            assert len(page.entries) <= 7
            seen += [entry.text("uid") or "" for entry in page.entries]
            lasts.append(page.last)
    assert {one.user_name for one in PEOPLE} <= set(seen)
    assert len(seen) == len(set(seen))
    assert lasts[-1]
    assert not any(lasts[:-1])


async def test_leaving_a_long_search_early_breaks_nothing(slapd: Slapd) -> None:
    people = Query(base=PEOPLE_BASE, attributes=("uid",))
    async with opened(to_slapd(slapd, connections=1)) as ldap:
        pages = ldap.pages(people, size=5)
        assert isinstance(await anext(pages), Page)
        await pages.aclose()
        assert isinstance(await ldap.search(named("asa.oberg")), Found)


async def test_what_the_server_refuses_is_a_value(slapd: Slapd) -> None:
    elsewhere = Query(base="dc=nowhere,dc=example")
    broken = Query(base=BASE, filter="(uid=x")
    async with opened(to_slapd(slapd)) as ldap:
        missing = await ldap.search(elsewhere)
        pages = [page async for page in ldap.pages(elsewhere)]
        unread = await ldap.search(broken)
    assert isinstance(missing, Refused)
    assert missing.code == 32
    assert [type(page) for page in pages] == [Refused]
    assert not isinstance(unread, Found)
