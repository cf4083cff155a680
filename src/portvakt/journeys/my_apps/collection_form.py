"""Reads the form of one's own collection."""

from collections.abc import Sequence
from dataclasses import dataclass

from portvakt.core.ids import ClientId
from portvakt.core.portal import (
    LONGEST_NAME,
    MOST_COLLECTIONS,
    MOST_IN_COLLECTION,
    OwnCollection,
)
from portvakt.web.forms import Form, Invalid, Valid
from portvakt.web.templates import Message


@dataclass(frozen=True, slots=True)
class Wanted:
    """A collection as it is to be; `id` is empty for a new one."""

    id: str
    name: str
    apps: tuple[ClientId, ...]


def read_collection(
    sent: Form, own: OwnCollection | None, known: Sequence[ClientId], *, full: bool
) -> Valid[Wanted] | Invalid:
    """Read name and ticked tiles. `known` are those on the page, `full` means no room for one more.

    Tiles keep their order and new ones come behind, by name; what the person cannot open from here
    was not on the page, and stays.
    """
    name = " ".join(sent["name"].split())
    ticked = {value for field, value in sent.items() if field[:1] == "a" and field[1:].isdigit()}
    before = () if own is None else own.apps
    there = frozenset(known)
    stay = tuple(app for app in before if app in ticked or app not in there)
    apps = stay + tuple(app for app in known if app in ticked and app not in stay)
    errors: dict[str, Message | str] = {}
    if full:
        errors[""] = Message("my_apps.collections_many", {"count": MOST_COLLECTIONS})
    if not name or not name.isprintable():
        errors["name"] = "my_apps.name_missing"
    elif len(name) > LONGEST_NAME:
        errors["name"] = Message("my_apps.name_long", {"count": LONGEST_NAME})
    if not ticked & there:
        errors["a1"] = "my_apps.apps_missing"
    elif len(apps) > MOST_IN_COLLECTION:
        errors["a1"] = Message("my_apps.apps_many", {"count": MOST_IN_COLLECTION})
    if errors:
        return Invalid(errors)
    return Valid(Wanted("" if own is None else own.id, name, apps))
