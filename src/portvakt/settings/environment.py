"""Settings from the environment: `PORTVAKT_SECTION__KEY` says what `key` in `[section]` would.

`PORTVAKT_SMS__0__URL` is `url` of the first `[[sms]]`. Numbers, truths and arrays are written as
in TOML (`2`, `true`, `["10.0.0.5/32"]`); an array of plain words may also be parted by commas.
"""

import tomllib
import typing
from collections.abc import Mapping
from types import UnionType
from typing import Any

import msgspec

from portvakt.settings.structs import Settings
from portvakt.strict_toml import Problems, did_you_mean
from portvakt.toml_places import Path

PREFIX = "PORTVAKT_"
NOT_SETTINGS = frozenset({"PORTVAKT_CONFIG"})
"""Variables of ours that are read before there are any settings."""


def overlay(table: dict[str, Any], environ: Mapping[str, str], problems: Problems) -> None:
    """Put what the environment says into the table, over what the file says."""
    for name in sorted(environ):
        if not name.startswith(PREFIX) or name in NOT_SETTINGS:
            continue
        steps = tuple(
            int(step) if step.isdigit() else step.lower()
            for step in name.removeprefix(PREFIX).split("__")
        )
        if len(steps) == 1 and steps[0] not in Settings.__struct_fields__:
            # Without a section it may be anybody's variable, for one a secret an adapter reads.
            suggestion = did_you_mean(str(steps[0]), Settings.__struct_fields__)
            if "did you mean" in suggestion:
                problems.names[steps] = name
                problems.warn(steps, f"is not a setting{suggestion}")
            continue
        problems.names[steps] = name
        _put(table, steps, parse(environ[name], _kind_at(steps)), problems)


def parse(text: str, kind: Any) -> Any:
    """Read a variable's text as the kind of value that belongs there."""
    kind = _without_none(kind)
    if kind is str or kind is None or typing.get_origin(kind) is typing.Literal:
        return text
    if typing.get_origin(kind) is tuple and not text.lstrip().startswith("["):
        return [part.strip() for part in text.split(",") if part.strip()]
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text  # the struct says what was expected instead


def _put(table: dict[str, Any], steps: Path, value: Any, problems: Problems) -> None:
    here: Any = table
    for place, step in enumerate(steps[:-1]):
        if isinstance(here, list) and isinstance(step, int) and step <= len(here):
            if step == len(here):
                here.append({})
            here = here[step]
        elif isinstance(here, dict) and isinstance(step, str):
            empty: Any = [] if isinstance(steps[place + 1], int) else {}
            here = here.setdefault(step, empty)
        else:
            problems.add(steps, "does not name a place in the settings")
            return
    last = steps[-1]
    if isinstance(here, dict) and isinstance(last, str):
        here[last] = value
    else:
        problems.add(steps, "does not name a place in the settings")


def _kind_at(steps: Path) -> Any:
    """Find the type that belongs at a path; text where only an adapter knows."""
    kind: Any = Settings
    for step in steps:
        if isinstance(step, int):
            kind = typing.get_args(kind)[0] if typing.get_origin(kind) is tuple else None
            continue
        kind = _without_none(kind)
        if not (isinstance(kind, type) and issubclass(kind, msgspec.Struct)):
            return None
        kind = typing.get_type_hints(kind).get(step)
    return kind


def _without_none(kind: Any) -> Any:
    if typing.get_origin(kind) in {UnionType, typing.Union}:
        return next((part for part in typing.get_args(kind) if part is not type(None)), None)
    return kind
