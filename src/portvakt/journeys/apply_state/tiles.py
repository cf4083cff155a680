"""What a state file says of the portal: pictures, links and collections of tiles."""

import base64
import binascii
from collections.abc import Collection
from pathlib import Path as File
from typing import Final

from portvakt.core.pictures import LARGEST, BadPictureError, picture_of
from portvakt.core.policy import OWN_PAGES
from portvakt.journeys.apply_state import document
from portvakt.journeys.apply_state.document import State
from portvakt.records.icons import Icon
from portvakt.strict_toml import Problems
from portvakt.toml_places import Path

_DATA: Final = ("data:image/png;base64,", "data:image/jpeg;base64,", "data:image/webp;base64,")


def read_icons(state: State, folder: File, problems: Problems) -> dict[str, Icon]:
    """Read every picture that apps and links name, by what they name it."""
    icons: dict[str, Icon] = {}
    named = [
        *((("apps", at, "icon"), app.icon) for at, app in enumerate(state.apps)),
        *((("links", at, "icon"), link.icon) for at, link in enumerate(state.links)),
    ]
    for path, name in named:
        if name is not None and name not in icons:
            icon = _icon(path, name, folder, problems)
            if icon is not None:
                icons[name] = icon
    return icons


def _icon(path: Path, named: str, folder: File, problems: Problems) -> Icon | None:
    try:
        picture = picture_of(_data(named) if named.startswith("data:") else _file(folder / named))
    except OSError as error:
        problems.add(path, f"{folder / named} cannot be read: {error.strerror}")
    except BadPictureError as error:
        problems.add(path, str(error))
    else:
        if picture.width != picture.height:
            problems.warn(path, "is not square: the tile shows it with edges")
        return Icon(picture.media_type, picture.content)
    return None


def _file(file: File) -> bytes:
    with file.open("rb") as raw:
        return raw.read(LARGEST + 1)


def _data(address: str) -> bytes:
    """Open a `data:` address (RFC 2397), which names its type for people: the content decides."""
    if not address.startswith(_DATA):
        raise BadPictureError("must be PNG, WebP or JPEG in base64")
    try:
        return base64.b64decode(address.partition(",")[2], validate=True)
    except binascii.Error as error:
        raise BadPictureError("does not hold base64 (RFC 4648)") from error


def check_names(
    state: State,
    stored_apps: Collection[str],
    stored_links: Collection[str],
    problems: Problems,
) -> None:
    """Demand that one name is one tile, and that collections hold tiles that exist."""
    apps = {each.client_id for each in state.apps} | set(stored_apps)
    links = {each.id for each in state.links} | set(stored_links)
    for at, link in enumerate(state.links):
        if link.id in apps or link.id == OWN_PAGES:
            problems.add(("links", at, "id"), f"“{link.id}” is the name of an app")
    for at, app in enumerate(state.apps):
        if app.client_id in stored_links:
            problems.add(("apps", at, "client_id"), f"“{app.client_id}” is the name of a link")
    for at, collection in enumerate(state.collections):
        _collection(("collections", at), collection, apps | links, problems)


def _collection(
    path: Path, collection: document.Collection, tiles: Collection[str], problems: Problems
) -> None:
    for language in ("sv", "en"):
        if not getattr(collection.name, language).strip():
            problems.add((*path, "name"), f"says nothing in “{language}”")
    if not collection.apps:
        problems.add((*path, "apps"), "names no tile")
    for at, name in enumerate(collection.apps):
        if name not in tiles:
            problems.add((*path, "apps", at), f"“{name}” is neither in this file nor stored")
        elif name in collection.apps[:at]:
            problems.add((*path, "apps", at), f"“{name}” is in this collection already")
