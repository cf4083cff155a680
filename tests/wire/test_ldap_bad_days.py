"""Directories that are away, slow, false or wrong, and what is left of us then."""

import asyncio
import signal
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest

from portvakt.core.secret import Secret
from portvakt.wire.ldap import (
    BadCredentials,
    Bound,
    Change,
    Found,
    Ldap,
    Modification,
    Modify,
    Page,
    Query,
    Refused,
    Scope,
    Server,
    ServiceRefused,
    Unclear,
    Unreachable,
    Why,
)
from tests.servers import slapd as openldap
from tests.servers.authority import Authority, Certificate
from tests.servers.slapd import BASE, PASSWORD, SERVICE, SERVICE_PASSWORD, Slapd, person_dn
from tests.wire.reach import (
    GARBAGE,
    HANGS_UP,
    SILENT,
    Proxy,
    opened,
    stranger,
    to_slapd,
)

pytestmark = pytest.mark.slow
ASA = person_dn("asa.oberg")
RIGHT = Secret(PASSWORD)
QUERY = Query(base=BASE, filter="(uid=asa.oberg)", attributes=("uid",))
REFERENCE = f"""
dn: ou=elsewhere,{BASE}
objectClass: referral
objectClass: extensibleObject
ou: elsewhere
ref: ldap://127.0.0.1:{{port}}/ou=people,{BASE}??sub

"""


@pytest.fixture
def own() -> Iterator[Slapd]:
    """A server of the test's own, to be stopped and frozen."""
    server = Slapd.create()
    server.start()
    yield server
    if server.process is not None:
        server.signal(signal.SIGCONT)
    server.remove()


async def both(ldap: Ldap) -> tuple[object, object]:
    return await ldap.bind(ASA, RIGHT), await ldap.search(QUERY)


def why(outcome: object) -> str:
    assert isinstance(outcome, Unreachable), outcome
    return outcome.why


def certificate(authority: Authority, kind: str) -> Certificate:
    if kind == "of another name":
        return authority.certificate("ldap.region.example")
    if kind == "that has ended":
        return authority.certificate("127.0.0.1", lives=-timedelta(days=1))
    return authority.certificate("127.0.0.1")


@pytest.mark.parametrize("start_tls", [False, True], ids=["ldaps", "start_tls"])
@pytest.mark.parametrize("kind", ["of another name", "that has ended", "by a stranger"])
async def test_a_certificate_that_is_wrong_is_refused_before_any_password(
    own: Slapd, kind: str, *, start_tls: bool
) -> None:
    own.stop()
    authority = own.authority
    if kind == "by a stranger":
        authority = Authority(own.folder / "stranger", "Somebody else")
    own.certificate = certificate(authority, kind)
    own.write_config()
    own.start()
    url = own.ldap if start_tls else own.ldaps
    async with opened(to_slapd(own, url)) as ldap:
        for outcome in await both(ldap):
            assert "certificate" in why(outcome)
        assert [str(each) for each in ldap.troubles()] == [url]


async def test_a_server_that_refuses_to_talk_without_tls_is_told_apart(slapd: Slapd) -> None:
    plain = {"start_tls": False, "plain_on_loopback": True}
    async with opened(to_slapd(slapd, slapd.ldap, **plain)) as ldap:
        bound = await ldap.bind(ASA, RIGHT)
        found = await ldap.search(QUERY)
    assert isinstance(bound, Refused)
    assert bound.code == 13  # confidentialityRequired
    assert found == ServiceRefused(Server(slapd.ldap), Why.UNKNOWN, 13)


@pytest.mark.parametrize("kind", [SILENT, GARBAGE, HANGS_UP])
async def test_f28_the_next_server_is_asked_when_the_first_is_of_no_use(
    slapd: Slapd, kind: str
) -> None:
    async with stranger(kind) as first:
        reach = to_slapd(slapd, str(first), slapd.ldaps, connect_within=0.5)
        async with opened(reach) as ldap:
            bound, found = await both(ldap)
            assert isinstance(bound, Bound)
            assert isinstance(found, Found)
            assert found.server == Server(slapd.ldaps)
            assert list(ldap.troubles()) == [first]
            began = time.monotonic()
            for _ in range(5):
                assert isinstance(await ldap.bind(ASA, RIGHT), Bound)
            assert time.monotonic() - began < 5  # nobody waits for the first one again


async def test_a_server_that_failed_is_tried_first_again_after_half_a_minute(slapd: Slapd) -> None:
    now = 1_000.0
    closed = Server("ldaps://127.0.0.1:1")
    async with opened(to_slapd(slapd, str(closed), slapd.ldaps), lambda: now) as ldap:
        assert isinstance(await ldap.bind(ASA, RIGHT), Bound)
        assert list(ldap.troubles()) == [closed]
        now += 31
        assert not ldap.troubles()
        assert isinstance(await ldap.bind(ASA, RIGHT), Bound)  # a kept connection
        assert not ldap.troubles()
        now += 601  # too old now: connected anew, in the order of the settings
        assert isinstance(await ldap.bind(ASA, RIGHT), Bound)
        assert list(ldap.troubles()) == [closed]


async def test_f27_when_nobody_answers_each_server_is_named(slapd: Slapd) -> None:
    reach = to_slapd(slapd, "ldaps://127.0.0.1:1", "ldap://127.0.0.1:2", "ldaps://nosuch.invalid")
    async with opened(reach) as ldap:
        for outcome in await both(ldap):
            said = why(outcome)
            assert "ldaps://127.0.0.1:1: refused" in said
            assert "ldap://127.0.0.1:2: refused" in said
            assert "nosuch.invalid" in said
        assert [type(page) for page in [p async for p in ldap.pages(QUERY)]] == [Unreachable]


async def test_f28_a_black_hole_holds_up_nobody_else(own: Slapd, slapd: Slapd) -> None:
    hole, well = to_slapd(own, answer_within=2.0, connections=2), to_slapd(slapd)
    async with opened(hole) as stuck, opened(well) as other:
        assert isinstance(await stuck.bind(ASA, RIGHT), Bound)
        own.signal(signal.SIGSTOP)
        began = time.monotonic()
        waiting = [asyncio.create_task(stuck.bind(ASA, RIGHT)) for _ in range(6)]
        await asyncio.sleep(0.2)
        for _ in range(20):
            assert isinstance(await other.bind(ASA, RIGHT), Bound)
        assert not any(each.done() for each in waiting)
        for outcome in await asyncio.gather(*waiting):
            assert isinstance(outcome, Unreachable)
        assert time.monotonic() - began < 15
        own.signal(signal.SIGCONT)
        assert isinstance(await stuck.bind(ASA, RIGHT), Bound)


async def test_a_slow_answer_is_given_up_and_its_connection_with_it(own: Slapd) -> None:
    async with opened(to_slapd(own, answer_within=0.5)) as ldap:
        assert isinstance(await ldap.search(QUERY), Found)
        own.signal(signal.SIGSTOP)
        change = Modify(ASA, [Modification(Change.REPLACE, "title", [b"Chef"])])
        assert isinstance(await ldap.write(change), Unclear)
        own.signal(signal.SIGCONT)
        found = await ldap.search(QUERY)
        assert isinstance(found, Found)
        assert found.entries[0].dn == ASA


async def test_a_bind_is_sent_once_even_when_no_answer_comes(own: Slapd) -> None:
    async with Proxy("127.0.0.1", own.port) as first, Proxy("127.0.0.1", own.port) as second:
        urls = [f"ldap://127.0.0.1:{each.port}" for each in (first, second)]
        plain = {"start_tls": False, "plain_on_loopback": True, "answer_within": 0.5}
        async with opened(to_slapd(own, *urls, **plain)) as ldap:
            own.signal(signal.SIGSTOP)
            assert isinstance(await ldap.bind(ASA, RIGHT), Unreachable)
        assert first.sent.count(PASSWORD.encode()) == 1
        assert second.connections == 0
        own.signal(signal.SIGCONT)


async def test_everything_works_again_by_itself_after_a_restart(own: Slapd) -> None:
    now = 1_000.0
    async with opened(to_slapd(own), lambda: now) as ldap:
        for outcome in await both(ldap):
            assert isinstance(outcome, Bound | Found)
        own.stop()
        await asyncio.sleep(0.1)  # the loop hears that the server hung up
        for outcome in await both(ldap):
            assert "refused" in why(outcome)
        own.start()
        for outcome in await both(ldap):
            assert isinstance(outcome, Bound | Found)
        assert not ldap.troubles()


async def test_f30_a_refused_service_account_is_left_alone_for_a_while(own: Slapd) -> None:
    now, password = 1_000.0, Secret("fel")
    async with Proxy("127.0.0.1", own.tls_port) as proxy:
        url = f"ldaps://127.0.0.1:{proxy.port}"
        reach = to_slapd(own, url, bind_password=lambda: password)
        async with opened(reach, lambda: now) as ldap:
            first = await ldap.search(QUERY)
            for _ in range(10):
                again = await ldap.search(QUERY)
                assert again == ServiceRefused(Server(url), Why.UNKNOWN, asked=False)
            assert first == ServiceRefused(Server(url), Why.UNKNOWN)
            assert proxy.connections == 1
            assert isinstance(await ldap.bind(ASA, RIGHT), Bound)  # people still sign in
            now += 61
            await ldap.search(QUERY)
            assert proxy.connections == 3
            password = Secret(SERVICE_PASSWORD)  # mended: asked at once
            assert isinstance(await ldap.search(QUERY), Found)


async def test_f30_an_hour_of_trying_does_not_lock_the_service_account(own: Slapd) -> None:
    now = 1_000.0
    async with opened(to_slapd(own, bind_password=lambda: Secret("fel")), lambda: now) as ldap:
        tried = 0
        for _ in range(360):
            said = await ldap.search(QUERY)
            assert isinstance(said, ServiceRefused)
            tried += said.asked
            now += 5
    assert tried <= 6  # in half an hour


async def test_a_reference_to_another_server_is_not_followed(own: Slapd) -> None:
    async with Proxy("127.0.0.1", own.port) as elsewhere:
        own.tool(
            "ldapadd", "-M", dn=openldap.ADMIN, password=openldap.ADMIN_PASSWORD,
            text=REFERENCE.format(port=elsewhere.port),
        )  # fmt: skip
        own.stop()
        text = (own.folder / "slapd.conf").read_text(encoding="utf-8")
        text = text.replace(f'by dn.exact="{SERVICE}" read by self', "by * read by self")
        (own.folder / "slapd.conf").write_text(text, encoding="utf-8")
        own.start()
        below = Query(base=f"ou=people,ou=elsewhere,{BASE}", scope=Scope.BASE)
        async with opened(to_slapd(own)) as ldap:
            whole = await ldap.search(Query(base=BASE, filter="(uid=asa.oberg)"))
            inside = await ldap.search(below)
            pages = [page async for page in ldap.pages(Query(base=BASE), size=10)]
        assert isinstance(whole, Found)
        assert [entry.dn for entry in whole.entries] == [ASA]
        assert isinstance(inside, Refused)
        assert inside.code == 10  # referral
        assert all(isinstance(page, Page) for page in pages)
        assert elsewhere.connections == 0


async def test_a_limit_of_the_servers_is_no_whole_answer() -> None:
    server = Slapd.create(sizelimit="size.soft=10 size.hard=10 size.prtotal=10")
    try:
        server.start()
        people = Query(base=openldap.PEOPLE_BASE, scope=Scope.ONE_LEVEL)
        async with opened(to_slapd(server)) as ldap:
            found = await ldap.search(people, most=100)
            pages = [page async for page in ldap.pages(people, size=5)]
    finally:
        server.remove()
    assert isinstance(found, Found)
    assert len(found.entries) == 10
    assert not found.complete
    assert not any(isinstance(page, Page) and page.last for page in pages)
    assert isinstance(pages[-1], Refused)


async def test_who_goes_away_leaves_no_answer_to_the_next(own: Slapd) -> None:
    async with opened(to_slapd(own, connections=1, answer_within=2.0)) as ldap:
        assert isinstance(await ldap.bind(ASA, RIGHT), Bound)
        own.signal(signal.SIGSTOP)
        going = asyncio.create_task(ldap.bind(ASA, RIGHT))
        await asyncio.sleep(0.2)
        going.cancel()
        await asyncio.gather(going, return_exceptions=True)
        own.signal(signal.SIGCONT)
        wrong = await ldap.bind(ASA, Secret("Fel-lösenord-2026"))
    assert isinstance(wrong, BadCredentials)


async def test_a_queue_that_is_too_long_is_refused_at_once(own: Slapd) -> None:
    async with opened(to_slapd(own, connections=1, answer_within=3.0)) as ldap:
        assert isinstance(await ldap.bind(ASA, RIGHT), Bound)
        own.signal(signal.SIGSTOP)
        tasks = [asyncio.create_task(ldap.bind(ASA, RIGHT)) for _ in range(250)]
        done, _ = await asyncio.wait(tasks, timeout=1.0)
        assert len(done) >= 40
        assert all("too many" in why(each.result()) for each in done)
        own.signal(signal.SIGCONT)
        rest = await asyncio.gather(*(set(tasks) - done))
    assert any(isinstance(each, Bound) for each in rest)
