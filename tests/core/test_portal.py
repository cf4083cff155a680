"""Where tiles stand, and what a person can change about it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portvakt.core.ids import ClientId
from portvakt.core.portal import (
    MOST_IN_COLLECTION,
    MOST_PLACED,
    NOTHING_CHOSEN,
    OTHERS,
    Choices,
    Collection,
    OwnCollection,
    Place,
    arranged,
    finds,
    hidden,
    moved,
    only_known,
    seen_again,
    with_own,
    without_own,
)


def ids(text: str) -> tuple[ClientId, ...]:
    return tuple(ClientId(each) for each in text)


def shared(id_: str, apps: str, place: int = 0) -> Collection:
    return Collection(id=id_, name={"sv": id_, "en": id_}, apps=ids(apps), place=place)


def own(id_: str, apps: str) -> OwnCollection:
    return OwnCollection(id=id_, name=id_, apps=ids(apps))


def shown(places: tuple[Place, ...]) -> dict[str, str]:
    return {each.id: "".join(each.apps) for each in places}


def test_without_collections_everything_is_in_one_place_by_name() -> None:
    assert shown(arranged(ids("abc"), [], NOTHING_CHOSEN)) == {OTHERS: "abc"}
    assert arranged((), [shared("x", "a")], NOTHING_CHOSEN) == ()


def test_ones_own_come_first_then_the_administrators_as_in_the_file_then_the_rest() -> None:
    collections = [shared("late", "ba", 1), shared("early", "cx", 0)]
    choices = Choices(collections=(own("mine", "dz"),))
    places = arranged(ids("abcde"), collections, choices)
    assert list(shown(places).items()) == [("mine", "d"), ("early", "c"), ("late", "ba"), ("", "e")]
    assert [each.own is not None for each in places] == [True, False, False, False]


def test_a_tile_stands_in_each_collection_that_names_it() -> None:
    choices = Choices(collections=(own("mine", "a"),))
    found = shown(arranged(ids("ab"), [shared("x", "ab"), shared("y", "b")], choices))
    assert found == {"mine": "a", "x": "ab", "y": "b"}


def test_a_collection_without_anything_to_see_is_left_out_but_not_ones_own() -> None:
    choices = Choices(collections=(own("mine", "z"),), hidden=ids("a"))
    assert shown(arranged(ids("ab"), [shared("x", "a")], choices)) == {"mine": "", OTHERS: "b"}


def test_a_hidden_tile_is_in_no_place_and_comes_back_where_it_was() -> None:
    choices = hidden(Choices(order={OTHERS: ids("cab")}), ClientId("a"))
    assert shown(arranged(ids("abc"), [], choices)) == {OTHERS: "cb"}
    assert shown(arranged(ids("abc"), [], seen_again(choices, ClientId("a")))) == {OTHERS: "cab"}


def test_hiding_twice_is_hiding_once_and_there_is_an_end_to_it() -> None:
    twice = hidden(hidden(NOTHING_CHOSEN, ClientId("a")), ClientId("a"))
    assert twice.hidden == ids("a")
    full = Choices(hidden=tuple(ClientId(str(each)) for each in range(MOST_PLACED)))
    assert hidden(full, ClientId("a")).hidden == (*full.hidden[1:], "a")


@pytest.mark.parametrize(
    ("app", "to", "then"),
    [
        ("c", 1, "acb"),
        ("c", 0, "cab"),
        ("a", 1, "bac"),
        ("a", -1, "abc"),
        ("c", 3, "abc"),
        ("z", 0, "abc"),
    ],
)
@pytest.mark.parametrize("id_", [OTHERS, "x", "mine"])
def test_a_tile_is_moved_in_its_place(id_: str, app: str, to: int, then: str) -> None:
    collections = [shared("x", "abc")] if id_ == "x" else []
    before = Choices(collections=(own("mine", "abc"),)) if id_ == "mine" else NOTHING_CHOSEN
    (place,) = arranged(ids("abc"), collections, before)
    after = moved(place, ClientId(app), to, before)
    assert shown(arranged(ids("abc"), collections, after)) == {id_: then}


def test_a_new_app_comes_behind_what_was_put_in_order() -> None:
    choices = Choices(order={OTHERS: ids("cz")})
    assert shown(arranged(ids("abcd"), [], choices)) == {OTHERS: "cabd"}


def test_moving_keeps_in_ones_collection_what_cannot_be_seen_from_here() -> None:
    before = Choices(collections=(own("mine", "axb"),))
    place = arranged(ids("ab"), [], before)[0]
    after = moved(place, ClientId("b"), 0, before)
    assert after.own("mine") == own("mine", "bax")


def test_a_collection_is_changed_in_its_place_and_removed_with_nothing_in_it_lost() -> None:
    before = Choices(collections=(own("one", "a"), own("two", "b")))
    assert with_own(before, own("one", "ab")).collections == (own("one", "ab"), own("two", "b"))
    assert with_own(before, own("new", "c")).collections[2] == own("new", "c")
    after = without_own(before, "one")
    assert shown(arranged(ids("ab"), [], after)) == {"two": "b", OTHERS: "a"}
    assert before.own("none") is None


def test_what_is_gone_is_forgotten() -> None:
    before = Choices(
        order={OTHERS: ids("az"), "x": ids("a"), "gone": ids("a")},
        hidden=ids("za"),
        collections=(own("mine", "za"), own("empty", "z")),
    )
    assert only_known(before, set("ab"), {OTHERS, "x"}) == Choices(
        order={OTHERS: ids("a"), "x": ids("a")},
        hidden=ids("a"),
        collections=(own("mine", "a"), own("empty", "")),
    )


APPS = st.text("abcdefz", max_size=12)


@given(
    st.sets(st.sampled_from("abcdef")),
    st.lists(APPS, max_size=3),
    st.lists(APPS, max_size=3),
    APPS,
    APPS,
)
def test_whatever_was_chosen_each_tile_is_seen_or_hidden(
    there: set[str], theirs: list[str], mine: list[str], order: str, gone: str
) -> None:
    """Nothing that a document may hold makes a tile vanish, or shows one that is not there."""
    choices = Choices(
        order={OTHERS: ids(order), "0": ids(order)},
        hidden=ids(gone),
        collections=tuple(
            own(f"m{at}", "".join(dict.fromkeys(apps))) for at, apps in enumerate(mine)
        ),
    )
    collections = [
        shared(str(at), "".join(dict.fromkeys(apps)), at) for at, apps in enumerate(theirs)
    ]
    places = arranged(ids("".join(sorted(there))), collections, choices)
    seen = [app for place in places for app in place.apps]
    assert set(seen) == there - set(gone)
    for place in places:
        assert len(set(place.apps)) == len(place.apps)


def test_a_collection_never_grows_beyond_its_bound_by_moving() -> None:
    many = tuple(ClientId(str(each)) for each in range(MOST_IN_COLLECTION + 5))
    before = Choices(collections=(replace(own("mine", ""), apps=many),))
    after = moved(arranged(many, [], before)[0], many[-1], 0, before).own("mine")
    assert after is not None
    assert after.apps == (many[-1], *many[: MOST_IN_COLLECTION - 1])


@pytest.mark.parametrize(
    ("asked", "name", "found"),
    [
        ("lön", "Löneportalen", True),
        ("LON", "Löneportalen", True),
        ("ak", "Åkeriet", True),
        ("portal lön", "Löneportalen", True),
        ("lön schema", "Löneportalen", False),
        ("", "Löneportalen", True),
        ("straße", "Strasse 4", True),
        ("é", "Cafe", True),  # with its mark apart
    ],
)
def test_words_are_found_wherever_they_stand_with_or_without_marks(
    asked: str, name: str, *, found: bool
) -> None:
    assert finds(asked, name) is found
