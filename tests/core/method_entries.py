"""Methods by group as tests draw them: entries, and people in some of their groups."""

from random import Random

from hypothesis import strategies as st

from portvakt.core.authenticators import SECOND_FACTORS
from portvakt.core.ids import GroupId
from portvakt.core.key_models import KeyDemand
from portvakt.core.method_rules import ALONE, NAMEABLE, AskedFirst, MethodEntry, Types

GROUPS = tuple(GroupId(each) for each in ("vard", "it", "chefer"))


def named(among: Types) -> st.SearchStrategy[Types | None]:
    """Draw what an entry says of one use: mostly nothing, or some of the methods."""
    return st.none() | st.frozensets(st.sampled_from(sorted(among)))


groups = st.frozensets(st.sampled_from(GROUPS))
entries = st.builds(
    MethodEntry,
    id=st.text("abcdefghij", min_size=1, max_size=4),
    groups=groups,
    groups_not=groups,
    may_register=named(NAMEABLE),
    second_factor=named(SECOND_FACTORS),
    passwordless=named(ALONE),
    password_reset=named(SECOND_FACTORS),
    asked_first=st.sampled_from(AskedFirst),
    keys=st.none()
    | st.builds(KeyDemand, device_bound=st.booleans(), level=st.none() | st.integers(0, 3)),
)
entry_lists = st.lists(entries, max_size=4, unique_by=lambda each: each.id)


def some_entry(chance: Random, id_: str) -> MethodEntry:
    """Draw an entry for everybody that takes one or two uses of some methods away."""

    def less(among: Types) -> Types | None:
        if chance.random() < 1 / 2:
            return None
        return frozenset(each for each in sorted(among) if chance.random() < 3 / 5)

    return MethodEntry(id=id_, second_factor=less(SECOND_FACTORS), passwordless=less(ALONE))
