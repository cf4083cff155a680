"""Names, order, another number, removal: with fresh proof, and told to the person."""

import re

from portvakt.core.authenticators import AuthenticatorState
from portvakt.core.ids import AuthenticatorId
from tests import make
from tests.journeys.conftest import Open
from tests.journeys.set_up_mfa.people import (
    HOME,
    NUMBER,
    OTHER,
    OTHER_TYPED,
    SECRET,
    TYPED,
    app_code,
    comes_with_app,
    key_on,
    kinds,
    proves_again,
    second_factors,
    with_app,
    with_rule,
    with_work_phone,
)
from tests.world import INSIDE, OUTSIDE

OWN = AuthenticatorId("ownphone")


async def test_a026_a_number_is_not_changed_on_a_password_alone(open_world: Open) -> None:
    async with open_world() as world, world.browser(INSIDE) as browser:
        await with_rule(world)
        phone = make.bound(make.SMS_CODE, id=OWN, detail=NUMBER)
        anna = await world.person(bound=[phone], totp=SECRET)
        assert (await browser.sign_in()).path == "/apps"
        page = await browser.get(f"{HOME}/methods/{OWN}/number")
        assert page.path.startswith("/sign-in")
        page = await browser.post(f"{HOME}/methods/{OWN}/number", {"number": OTHER_TYPED})
        assert page.path.startswith("/sign-in")
        assert await world.outbox("sms") == []

        await browser.get(f"{HOME}/methods/{OWN}/number")
        page = await proves_again(world, browser)
        assert "Numret ersätter ••• 05" in page.text
        page = await browser.submit({"number": OTHER_TYPED})
        [(to, words)] = await world.outbox("sms")
        assert to == OTHER, "the new number is proved"
        code = re.search(r"#(\d{6})", words)
        assert code is not None
        await browser.submit({"code": code[1]})
        numbers = [each[1] for each in await second_factors(world, anna) if each[1]]
        assert numbers == [OTHER]
        [(to, words)] = await world.outbox("sms")
        assert (to, "*** 17" in words) == (NUMBER, True), "the old one is told"
        letters = [words for to, words in await world.outbox("mail") if to == anna.email]
        assert any("är ändrat" in each for each in letters)
        assert "1740617" not in "".join(letters).replace("-", "").replace(" ", "")
        events = await world.events(anna)
        assert "method.number_registered" in events
        assert "method.removed" in events


async def test_a_number_that_is_not_proved_replaces_nothing(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await with_rule(world)
        phone = make.bound(make.SMS_CODE, id=OWN, detail=NUMBER)
        anna = await world.person(bound=[phone], totp=SECRET)
        await comes_with_app(world, browser, f"{HOME}/methods/{OWN}/number")
        await browser.submit({"number": OTHER_TYPED})
        code = await world.last_code()
        await browser.submit({"code": "000000" if code != "000000" else "000001"})
        assert [each[1] for each in await second_factors(world, anna) if each[1]] == [NUMBER]


async def test_a042_old_proof_adds_nothing(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        anna = await with_app(world)
        await comes_with_app(world, browser)
        world.clock.move(minutes=5, seconds=1)
        for path in (f"{HOME}/app", HOME, f"{HOME}/number", f"{HOME}/recovery-codes"):
            page = await browser.post(path, {"option": "sms", "number": TYPED, "way": "app"})
            assert page.path.startswith("/sign-in"), path
        assert await kinds(world, anna) == ["totp"]
        assert await world.outbox("sms") == []
        page = await browser.get(HOME)
        assert page.path.startswith("/sign-in")
        assert "Visa att det är du" in page.title


async def test_fresh_proof_leads_back_to_where_one_was(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await with_app(world)
        await browser.sign_in()
        await browser.submit({"code": app_code(world)})
        assert browser.page.path == "/apps"
        world.clock.move(minutes=1)
        page = await browser.get(f"{HOME}/number")
        assert page.path.startswith("/sign-in")
        assert (await proves_again(world, browser)).path == f"{HOME}/number"


async def test_a_draft_begun_in_time_is_finished_without_more_proof(open_world: Open) -> None:
    """Somebody who is slow with the app must not show everything in the middle of it."""
    async with open_world() as world, world.browser() as browser:
        anna = await with_app(world)
        await comes_with_app(world, browser)
        page = await browser.post(f"{HOME}/app", {})
        world.clock.move(minutes=7)
        page = await browser.submit({"code": app_code(world, key_on(page))})
        assert await kinds(world, anna) == ["totp", "totp"]


async def test_a043_the_last_way_stays_where_a_rule_asks_for_one(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        anna = await with_app(world)
        await comes_with_app(world, browser)
        [app] = [
            each for each in (await world.standing(anna)).authenticators if each.type == "totp"
        ]
        page = await browser.get(f"{HOME}/methods/{app.id}/remove")
        assert page.status == 422
        assert "Du behöver minst ett sätt" in page.text
        assert "Ja, ta bort" not in page.text
        page = await browser.post(f"{HOME}/methods/{app.id}/remove", {})
        assert page.status == 422
        assert await kinds(world, anna) == ["totp"]
        assert "method.removed" not in await world.events(anna)


async def test_a_way_that_is_not_the_last_can_go_and_is_told(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await with_rule(world)
        phone = make.bound(make.SMS_CODE, id=OWN, detail=NUMBER)
        anna = await world.person(bound=[phone], totp=SECRET)
        await comes_with_app(world, browser, f"{HOME}/methods/{OWN}/remove")
        assert browser.page.title == "Vill du ta bort numret?"
        page = await browser.submit({})
        assert "Det är borttaget" in page.text
        assert await kinds(world, anna) == ["totp"]
        letters = [words for _, words in await world.outbox("mail")]
        assert any("borttaget från ditt konto" in each for each in letters)
        assert "method.removed" in await world.events(anna)
        assert (await browser.get(f"{HOME}/methods/{OWN}")).status == 404


async def test_a_work_phone_is_not_removed_or_changed_here(open_world: Open) -> None:
    async with open_world() as world, world.browser(INSIDE) as browser:
        anna = await with_work_phone(world)
        await browser.sign_in(to=HOME)
        await browser.submit({"code": await world.last_code()})
        page = await browser.get(f"{HOME}/methods/workphone")
        assert "Ta bort" not in page.text
        assert "Numret kommer från arbetsgivaren" in page.text
        page = await browser.post(f"{HOME}/methods/workphone/remove", {})
        assert page.status == 422
        assert (await browser.get(f"{HOME}/methods/workphone/number")).status == 404
        assert await kinds(world, anna) == ["sms_code"]


async def test_a_way_can_be_given_a_name(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        anna = await with_app(world)
        await comes_with_app(world, browser)
        [app] = [
            each for each in (await world.standing(anna)).authenticators if each.type == "totp"
        ]
        await browser.get(f"{HOME}/methods/{app.id}")
        page = await browser.submit({"label": "  Min   <b>jobbtelefon</b> "})
        assert "Namnet är sparat" in page.text
        assert "Min &lt;b&gt;jobbtelefon&lt;/b&gt;" in page.html
        await browser.get(f"{HOME}/methods/{app.id}")
        page = await browser.submit({"label": "x" * 41})
        assert "högst 40 tecken" in page.text
        page = await browser.submit({"label": "a\u202eb"})
        assert "vanliga tecken" in page.text
        assert "method.renamed" in await world.events(anna)


async def test_the_one_used_first_can_be_chosen(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser, world.browser() as other:
        await with_rule(world)
        phone = make.bound(make.SMS_CODE, id=OWN, detail=NUMBER)
        anna = await world.person(bound=[phone], totp=SECRET)
        await comes_with_app(world, browser, f"{HOME}/methods/{OWN}")
        page = await browser.post(f"{HOME}/methods/{OWN}/prefer", {})
        assert "Används helst" in page.text
        assert (await other.sign_in()).title == "Vilken kod fick du?"
        assert "method.preferred" in await world.events(anna)


async def test_nobody_changes_somebody_else_s_way(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await with_app(world)
        other = make.account(id="bo", user_name="bo.ek", external_id="000018")
        theirs = make.bound(make.SMS_CODE, id=OWN, account_id=other.id, detail=OTHER)
        await world.person(other, bound=[theirs])
        await comes_with_app(world, browser)
        for path in ("", "/remove", "/number"):
            assert (await browser.get(f"{HOME}/methods/{OWN}{path}")).status == 404, path
        for path in ("", "/remove", "/number", "/prefer"):
            await browser.get(HOME)
            page = await browser.post(f"{HOME}/methods/{OWN}{path}", {"label": "x"})
            assert page.status == 404, path
        assert await kinds(world, other) == ["sms_code"]


async def test_a_way_that_was_switched_off_can_be_bound_anew_and_works(open_world: Open) -> None:
    """The count that switched it off belongs to the account: it must not stop the new one."""
    async with open_world() as world, world.browser(OUTSIDE) as browser:
        await with_rule(world)
        phone = make.bound(make.SMS_CODE, id=OWN, detail=NUMBER, state=AuthenticatorState.DISABLED)
        anna = await world.person(bound=[phone], totp=SECRET)
        await comes_with_app(world, browser)
        assert "Avstängd" in browser.page.text
        await browser.post(HOME, {"option": "sms", "number": TYPED})
        page = await browser.submit({"code": await world.last_code()})
        assert page.title == "Klart!"
        standing = await world.standing(anna)
        [again] = [each for each in standing.authenticators if each.detail]
        assert again.state is AuthenticatorState.ACTIVE


async def test_a047_older_channels_are_told_of_a_new_way(open_world: Open) -> None:
    async with open_world() as world, world.browser(INSIDE) as browser:
        await with_work_phone(world)
        await browser.sign_in(to=HOME)
        await browser.submit({"code": await world.last_code()})
        page = await browser.post(f"{HOME}/app", {})
        await browser.submit({"code": app_code(world, key_on(page))})
        texts = await world.outbox("sms")
        assert [to for to, _ in texts] == [NUMBER]
        assert "nytt sätt att logga in" in texts[0][1]
        assert "026-15 40 00" in texts[0][1]


async def test_a047_the_mail_says_when_and_where_and_what_to_do(open_world: Open) -> None:
    async with open_world() as world, world.browser(INSIDE) as browser:
        anna = await with_work_phone(world)
        await browser.sign_in(to=HOME)
        await browser.submit({"code": await world.last_code()})
        page = await browser.post(f"{HOME}/app", {})
        await browser.submit({"code": app_code(world, key_on(page))})
        letters = [words for to, words in await world.outbox("mail") if to == anna.email]
        [added] = [each for each in letters if "app med koder" in each]
        assert "2026-11-22 13:00" in added
        assert "Regionens nät" in added
        assert "026-15 40 00" in added
