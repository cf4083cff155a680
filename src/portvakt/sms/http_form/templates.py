"""Requests with gaps, and how the gaps are filled: the fields are parted first, always.

So nothing that stands in a text or a number can become a field, a line or another gap.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

import msgspec

_PLACEHOLDER = re.compile(r"\{([a-z_]*)\}")

Values = Mapping[str, str]


def fill(template: str, values: Values) -> str:
    """Put values in for placeholders; what stands in a value is never a placeholder again."""
    return _PLACEHOLDER.sub(lambda found: values[found[1]], template)


def placeholders(template: str) -> set[str]:
    """Return the names of a template's placeholders."""
    return set(_PLACEHOLDER.findall(template))


def has_stray_brace(template: str) -> bool:
    """Say whether a brace is left that belongs to no placeholder."""
    return bool(set(_PLACEHOLDER.sub("", template)) & {"{", "}"})


def filled_form(template: str, values: Values) -> str:
    """Fill in and encode as `application/x-www-form-urlencoded`, in UTF-8."""
    pairs = parse_qsl(template, keep_blank_values=True)
    filled = [(fill(name, values), fill(value, values)) for name, value in pairs]
    return urlencode(filled, quote_via=quote)


def filled_json(template: str, values: Values) -> bytes:
    """Fill in the strings of a JSON document. Raises `ValueError` where it is none."""
    return msgspec.json.encode(_in_strings(_decoded(template), lambda part: fill(part, values)))


def in_form(template: str) -> list[str]:
    """List the parts of a form that may hold placeholders."""
    return [side for pair in parse_qsl(template, keep_blank_values=True) for side in pair]


def in_json(template: str) -> list[str]:
    """List the strings of a JSON document. Raises `ValueError` where it is none."""
    found: list[str] = []

    def note(text: str) -> str:
        found.append(text)
        return text

    _in_strings(_decoded(template), note)
    return found


def _decoded(template: str) -> Any:
    try:
        return msgspec.json.decode(template)
    except msgspec.DecodeError as error:
        raise ValueError(f"body: not JSON: {error}") from error


def _in_strings(value: Any, change: Callable[[str], str]) -> Any:
    """Change every text inside a JSON value, and leave names and numbers as they are."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_in_strings(each, change) for each in value]
    if isinstance(value, dict):
        return {name: _in_strings(each, change) for name, each in value.items()}
    return value


def json_field(body: bytes, path: str) -> str | None:
    """Return a text, number or truth value from inside a JSON document, as text.

    `path` goes inwards by dots (`messages.0.status`). None where nothing of the kind is there.
    """
    try:
        value: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return None
    for name in path.split("."):
        if isinstance(value, list) and name.isdecimal() and int(name) < len(value):
            value = value[int(name)]
        elif isinstance(value, dict) and name in value:
            value = value[name]
        else:
            return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else None
