"""«Det var inte jag» in a mail: what it puts aside, what it leaves, and what sets free."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random

import pytest

from portvakt.core.after_reset import Act, PastReset
from portvakt.core.assurance import METHODS, Aal, Evidence, assurance_of
from portvakt.core.authenticators import (
    SECOND_FACTORS,
    Authenticator,
    AuthenticatorState,
    AuthenticatorType,
    in_force,
    phone_of,
)
from portvakt.core.freezing import (
    LINK_LIVES,
    OF_PASSWORD,
    Change,
    Disowned,
    Freezing,
    could_set_free,
    disown,
    freezes_from,
    given_back,
    may,
    put_aside_by,
    sets_free,
)
from portvakt.core.ids import AuthenticatorId
from portvakt.mail import Notice
from tests import make
from tests.make import NOW, PASSWORD, PHONE_SIGN_IN, PUSH, RECOVERY_CODE, SMS_CODE, START_CODE, TOTP

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
MADE = NOW - HOUR
WORD, TEXT, APP = make.bound(PASSWORD), make.bound(SMS_CODE), make.bound(TOTP)
NEW_APP = make.bound(TOTP, id=AuthenticatorId("new"), created_at=MADE, changed_at=MADE)
PHONE = make.bound(PUSH, created_at=MADE, changed_at=MADE)
CODES = make.bound(TOTP, id=AuthenticatorId("codes"), detail=PHONE.id, created_at=MADE)
LOCK = make.bound(PHONE_SIGN_IN, detail=PHONE.id, created_at=NOW, changed_at=NOW)
GONE = Disowned(Change.ADDED, MADE, NOW - MINUTE)


def shown(*what: Authenticator, at: datetime = NOW) -> list[Evidence]:
    return [make.evidence(each, at, METHODS) for each in what]


def test_what_is_as_young_as_the_change_is_put_aside_and_nothing_older() -> None:
    assert put_aside_by(MADE, [WORD, TEXT, NEW_APP], password_too=False) == (NEW_APP,)


def test_what_was_changed_since_counts_as_young() -> None:
    changed = replace(WORD, changed_at=NOW)
    assert put_aside_by(MADE, [changed, TEXT], password_too=False) == (changed,)


def test_a_new_password_goes_though_its_row_is_old() -> None:
    assert put_aside_by(MADE, [WORD, TEXT], password_too=True) == (WORD,)


def test_a_phone_goes_with_what_lives_in_it() -> None:
    assert put_aside_by(MADE, [WORD, PHONE, CODES, LOCK], password_too=False) == (PHONE,)


def test_what_was_turned_on_in_an_older_phone_goes_alone() -> None:
    phone = replace(PHONE, created_at=NOW - DAY, changed_at=NOW - DAY)
    codes = replace(CODES, created_at=NOW - DAY, changed_at=NOW - DAY)
    assert put_aside_by(MADE, [phone, codes, LOCK], password_too=False) == (LOCK,)


@pytest.mark.parametrize("state", [AuthenticatorState.SUSPENDED, AuthenticatorState.DISABLED])
def test_what_does_not_work_is_left_as_it_is(state: AuthenticatorState) -> None:
    assert put_aside_by(MADE, [replace(NEW_APP, state=state)], password_too=False) == ()


def test_two_kinds_that_are_older_set_free() -> None:
    assert sets_free(GONE, shown(WORD, APP), [WORD, APP, TEXT], NOW)
    assert sets_free(GONE, shown(WORD, TEXT), [WORD, APP, TEXT], NOW)


def test_a_phone_with_its_screen_lock_sets_free_alone() -> None:
    phone = replace(PHONE, created_at=NOW - DAY, changed_at=NOW - DAY)
    lock = replace(LOCK, created_at=NOW - DAY, changed_at=NOW - DAY)
    assert sets_free(GONE, shown(lock), [phone, lock], NOW)


@pytest.mark.parametrize(
    "what", [(WORD,), (WORD, NEW_APP), (APP,), (WORD, make.bound(START_CODE)), ()]
)
def test_the_password_alone_new_things_and_start_codes_do_not(
    what: tuple[Authenticator, ...],
) -> None:
    assert not sets_free(GONE, shown(*what), [WORD, APP, NEW_APP], NOW)


def test_what_was_shown_before_it_was_frozen_does_not() -> None:
    assert not sets_free(GONE, shown(WORD, APP, at=GONE.at - MINUTE), [WORD, APP], NOW)


def test_what_was_put_aside_does_not() -> None:
    aside = replace(APP, state=AuthenticatorState.SUSPENDED)
    assert not sets_free(GONE, shown(WORD, aside), [WORD, aside], NOW)


def test_support_gives_back_what_was_put_aside_since_the_change() -> None:
    def off(each: Authenticator) -> Authenticator:
        return replace(each, state=AuthenticatorState.SUSPENDED, changed_at=NOW)

    aside = [off(each) for each in (WORD, PHONE, CODES, LOCK)]
    before = replace(TEXT, state=AuthenticatorState.SUSPENDED, changed_at=MADE - DAY)
    found = given_back(GONE, [*aside, before, off(make.bound(START_CODE)), APP])
    assert [each.type for each in found] == [PASSWORD, PUSH]


def test_whether_there_is_anything_left_to_show() -> None:
    assert could_set_free(GONE, [WORD, TEXT], NOW)
    assert not could_set_free(GONE, [WORD, NEW_APP], NOW)
    assert not could_set_free(GONE, [], NOW)


@pytest.mark.parametrize("act", [each for each in Act if each is not Act.SUSPEND])
def test_nothing_is_changed_while_frozen_whatever_is_shown(act: Act) -> None:
    assert not may(act, Freezing(disowned=GONE), shown(WORD, APP), [WORD, APP], NOW)


def test_putting_aside_is_always_open() -> None:
    assert may(Act.SUSPEND, Freezing(disowned=GONE), (), (), NOW)
    assert may(Act.SUSPEND, Freezing(reset=PastReset(NOW, frozenset())), (), (), NOW)


def test_without_a_disowned_change_a_reset_has_its_say() -> None:
    young = Freezing(reset=PastReset(NOW - HOUR, frozenset({TEXT.id})))
    assert not may(Act.ADD, young, shown(WORD), [WORD, TEXT], NOW)
    assert may(Act.ADD, Freezing(), shown(WORD), [WORD, TEXT], NOW)


def test_of_two_disowned_changes_the_older_holds_and_proof_counts_from_the_later() -> None:
    older = disown(GONE, Change.RESET, MADE - HOUR, NOW)
    assert older == Disowned(Change.RESET, MADE - HOUR, NOW)
    assert disown(older, Change.ADDED, MADE, NOW + HOUR) == replace(older, at=NOW + HOUR)


def test_a_link_lives_for_three_days() -> None:
    assert timedelta(hours=72) == LINK_LIVES


def test_every_change_is_told_of_by_a_notice_of_its_name_but_for_what_is_in_ones_own_list() -> None:
    assert {each.value for each in Change} - {each.value for each in Notice} == {Change.SIGN_IN}
    assert set(Change) > OF_PASSWORD


LONG_AGO = NOW - 30 * DAY
OLD_APP = replace(APP, created_at=NOW - 60 * DAY, changed_at=NOW - 60 * DAY)
OLD_WORD = replace(WORD, created_at=NOW - 60 * DAY, changed_at=NOW - 60 * DAY)


def test_whoever_has_shown_two_kinds_that_are_older_freezes_from_any_moment() -> None:
    bound = [OLD_WORD, OLD_APP]
    assert freezes_from(LONG_AGO, shown(OLD_WORD, OLD_APP), bound, NOW) == LONG_AGO


@pytest.mark.parametrize(
    "evidence",
    [
        [],
        shown(OLD_WORD),
        shown(OLD_WORD, NEW_APP),  # which somebody else may have added
        shown(OLD_WORD, make.bound(START_CODE)),
        shown(TEXT, OLD_WORD),  # no more bound
    ],
)
def test_whoever_has_shown_less_freezes_no_further_back_than_a_link(
    evidence: list[Evidence],
) -> None:
    bound = [OLD_WORD, OLD_APP, NEW_APP]
    assert freezes_from(LONG_AGO, evidence, bound, NOW) == NOW - LINK_LIVES
    assert freezes_from(MADE, evidence, bound, NOW) == MADE


# --- walks: changes by anybody, links pressed by whoever reads the mail -------------------------

WALKS = 3000
KINDS = (PASSWORD, TOTP, SMS_CODE, RECOVERY_CODE, PUSH)


@dataclass
class House:
    """One account as a walk leaves it, and the links that were sent."""

    now: datetime = NOW
    bound: dict[str, Authenticator] = field(default_factory=dict)
    disowned: Disowned | None = None
    links: list[tuple[Change, datetime]] = field(default_factory=list)

    def working(self) -> set[str]:
        return {each.id for each in in_force(self.bound.values(), self.now)}


def change(house: House, chance: Random) -> None:
    """Somebody adds something, or changes the password; refused while frozen."""
    if not may(Act.ADD, Freezing(disowned=house.disowned), (), (), house.now):
        return
    house.now += MINUTE
    if chance.random() < 1 / 4 and "word" in house.bound:
        # as in a directory: nothing in the row tells of it
        house.links.append((Change.PASSWORD, house.now))
        return
    id_ = AuthenticatorId(f"m{len(house.links)}")
    kind = chance.choice(KINDS[1:])
    house.bound[id_] = make.bound(kind, id=id_, created_at=house.now, changed_at=house.now)
    if kind is PUSH and chance.random() < 1 / 2:
        lock = AuthenticatorId(f"{id_}-lock")
        house.bound[lock] = make.bound(
            PHONE_SIGN_IN, id=lock, detail=id_, created_at=house.now, changed_at=house.now
        )
    house.links.append((Change.ADDED, house.now))


def press(house: House, chance: Random) -> tuple[Change, datetime] | None:
    """Whoever has the mailbox presses one of the links that can still be used."""
    live = [each for each in house.links if house.now < each[1] + LINK_LIVES]
    if not live:
        return None
    link = chance.choice(live)
    house.links.remove(link)
    house.now += MINUTE
    house.disowned = disown(house.disowned, *link, house.now)
    since = house.disowned.since
    password_too = link[0] in OF_PASSWORD or any(
        kind in OF_PASSWORD and made >= since for kind, made in house.links
    )
    for each in put_aside_by(since, house.bound.values(), password_too=password_too):
        for part in house.bound.values():
            if each.id in {part.id, phone_of(part)}:
                house.bound[part.id] = replace(
                    part, state=AuthenticatorState.SUSPENDED, changed_at=house.now
                )
    return link


def free(house: House) -> None:
    """The owner shows everything that works; older links are worthless from then on."""
    house.now += MINUTE
    bound = list(house.bound.values())
    proof = shown(*in_force(bound, house.now), at=house.now)
    if house.disowned is not None and sets_free(house.disowned, proof, bound, house.now):
        house.disowned = None
        house.links.clear()


def opens(types: set[AuthenticatorType]) -> bool:
    return PHONE_SIGN_IN in types or (PASSWORD in types and bool(types & SECOND_FACTORS))


def some_house(chance: Random) -> House:
    house = House()
    kinds = [PASSWORD, *chance.choices(KINDS[1:], k=chance.randrange(3))]
    for number, kind in enumerate(kinds):
        id_ = AuthenticatorId("word" if kind is PASSWORD else f"old{number}")
        house.bound[id_] = make.bound(kind, id=id_)
    return house


@pytest.mark.parametrize("seed", range(3))
def test_whoever_has_the_mailbox_only_holds_up_what_is_new_and_locks_nobody_out(seed: int) -> None:
    chance = Random(seed)  # noqa: S311  # chance that repeats is the point
    for _ in range(WALKS):
        house = some_house(chance)
        for _ in range(chance.randrange(1, 12)):
            before, working = dict(house.bound), house.working()
            older = {id_: each for id_, each in before.items() if id_ in working}
            act = chance.choice([change, press, press, free])
            if act is free:
                free(house)
            elif act is change:
                change(house, chance)
            elif (link := press(house, chance)) is not None:
                assert house.bound.keys() == before.keys()  # nothing is taken away
                assert house.working() <= working  # and nothing given
                assert house.disowned is not None
                since = house.disowned.since
                assert since <= link[1]
                kept = {
                    id_
                    for id_, each in older.items()
                    if max(each.created_at, each.changed_at) < since
                    and (phone_of(each) is None or phone_of(each) in working)
                }
                lost = kept - house.working()
                # the password may be the change itself; nothing else that is older goes
                assert all(before[each].type is PASSWORD for each in lost)
                assert not lost or any(
                    kind in OF_PASSWORD and made >= since for kind, made in [link, *house.links]
                )
            house.now += chance.choice([MINUTE, HOUR, DAY])
        if "word" in house.working():
            old = {"word", *(each for each in house.bound if each.startswith("old"))}
            types = {house.bound[each].type for each in old & house.working()}
            if opens(types) and house.disowned is not None:
                free(house)
                assert house.disowned is None  # their own old ways always set them free


def test_in_a_walk_no_proof_of_what_came_with_the_change_sets_free() -> None:
    chance = Random(11)  # noqa: S311  # as above
    frozen = 0
    for _ in range(WALKS):
        house = some_house(chance)
        for _ in range(chance.randrange(1, 8)):
            chance.choice([change, press])(house, chance)
        if house.disowned is None:
            continue
        frozen += 1
        young = [
            each
            for each in house.bound.values()
            if max(each.created_at, each.changed_at) >= house.disowned.since
        ]
        word = house.bound["word"]
        proof = shown(*young, word, at=house.now + MINUTE)
        now = house.now + MINUTE
        assert assurance_of(proof).aal >= Aal.ONE
        assert not sets_free(house.disowned, proof, list(house.bound.values()), now)
    assert frozen > WALKS / 4
