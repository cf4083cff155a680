from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portvakt.core.directory_diff import (
    Brake,
    ChangeKind,
    PersonFacts,
    applied,
    difference,
)


def person(number: int, **given: Any) -> PersonFacts:
    fields: dict[str, Any] = {
        "external_id": f"{number:06}",
        "user_name": f"p{number}",
        "email": f"p{number}@region.example",
        "given_name": "Åsa",
        "family_name": "Öberg",
    }
    return PersonFacts(**(fields | given))


def stored(*people: PersonFacts) -> dict[str, PersonFacts]:
    return {each.external_id: each for each in people}


def staff(count: int, **given: Any) -> list[PersonFacts]:
    return [person(number, **given) for number in range(count)]


people = st.lists(
    st.builds(
        person,
        st.integers(0, 30),
        given_name=st.sampled_from(["Åsa", "?sa", "\ufffdsa", ""]),
        unit=st.sampled_from(["Akuten", "Röntgen"]),
        active=st.booleans(),
    ),
    max_size=20,
    unique_by=lambda each: each.external_id,
)


def test_new_changed_gone_and_returned_people_are_told_apart() -> None:
    before = stored(person(1), person(2), person(3), person(4, active=False), person(5))
    now = [
        person(1),
        person(2, title="Läkare", unit="Akuten"),
        person(3, active=False),
        person(4),
        person(6),
    ]
    found = difference(before, now)
    assert [(each.after.external_id[-1], each.kind.value) for each in found.changes] == [
        ("2", "changed"),
        ("3", "disabled"),
        ("4", "enabled"),
        ("5", "disabled"),
        ("6", "created"),
    ]
    assert [each.vanished for each in found.changes] == [False, False, False, True, False]
    assert found.changes[0].fields == ("title", "unit")
    assert found.changes[-1].fields[:2] == ("external_id", "user_name")
    assert found.unchanged == 1
    assert found.brake is None


def test_running_it_again_changes_nothing() -> None:
    before = stored(person(1), person(2))
    now = [person(1, title="Läkare"), person(3, active=False)]
    after = applied(before, difference(before, now).changes)
    again = difference(after, now)
    assert again.changes == ()
    assert again.unchanged == 2


def test_who_has_vanished_stays_where_the_source_is_not_asked_to_prune() -> None:
    before = stored(*staff(200))
    assert difference(before, [], vanished_stay=True) == difference(stored(), [])


def test_rows_that_arrive_already_ended_are_created_disabled_and_not_counted() -> None:
    found = difference(stored(*staff(10)), [*staff(10), *staff(500, active=False)[10:]])
    assert {each.kind for each in found.changes} == {ChangeKind.CREATED}
    assert found.brake is None


@pytest.mark.parametrize(
    ("count", "gone", "allowed"), [(200, 50, 50), (200, 51, 50), (7400, 148, 148), (7400, 149, 148)]
)
def test_a116_more_than_fifty_and_two_per_cent_going_at_once_stops_everything(
    count: int, gone: int, allowed: int
) -> None:
    half = gone // 2
    left = [replace(each, active=False) for each in staff(count)[:half]]
    found = difference(stored(*staff(count)), [*left, *staff(count)[gone:]])
    assert found.brake == (Brake(gone, allowed, count) if gone > allowed else None)


def test_a116_an_empty_source_is_not_everybody_leaving() -> None:
    assert difference(stored(person(1)), []).brake == Brake(1, 0, 1)
    assert difference(stored(person(1, active=False)), []).brake is None


def test_somebody_named_twice_is_an_error_of_the_caller() -> None:
    with pytest.raises(ValueError, match="000001 comes twice"):
        difference(stored(), [person(1), person(1)])


@pytest.mark.parametrize("damaged", ["?sa", "\ufffdsa"])
def test_a_damaged_name_never_overwrites_a_good_one(damaged: str) -> None:
    now = [person(1, given_name=damaged, title="Läkare")]
    (change,) = difference(stored(person(1)), now).changes
    assert (change.after.given_name, change.fields) == ("Åsa", ("title",))
    (created,) = difference(stored(), now).changes
    assert created.after.given_name == damaged
    (mended,) = difference(stored(*now), [person(1, title="Läkare")]).changes
    assert mended.fields == ("given_name",)
    for before in (damaged, ""):
        worse = difference(stored(person(1, given_name=before)), [person(1, given_name="?")])
        assert worse.changes[0].after.given_name == "?"


@given(people, people)
def test_the_difference_applied_gives_what_the_source_says(
    before: list[PersonFacts], now: list[PersonFacts]
) -> None:
    old = stored(*before)
    found = difference(old, now)
    after = applied(old, found.changes)
    seen = {each.external_id: each for each in now}
    assert set(after) == set(old) | set(seen)
    for key, each in after.items():
        if key in seen:
            kept = replace(seen[key], given_name=each.given_name)
            assert each == kept
        else:
            assert not each.active
    again = difference(after, now)
    assert again.changes == ()
    assert again.brake is None


@given(people, people)
def test_every_change_changes_something(before: list[PersonFacts], now: list[PersonFacts]) -> None:
    found = difference(stored(*before), now)
    assert all(each.fields for each in found.changes)
    assert found.unchanged + sum(not each.vanished for each in found.changes) == len(now)
