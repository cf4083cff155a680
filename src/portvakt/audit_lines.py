"""Events as lines for other systems: JSON, one object on a line, and syslog (RFC 5424).

A syslog line has what every event has in one element of structured data and what its kind tells in
another. Their ids carry 32473, the enterprise number that RFC 5612 keeps for such use, because
there is none of our own.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from portvakt.records.audit_chain import StoredEntry
from portvakt.records.values import instant

_FACILITY: Final = 13
"""Log audit (RFC 5424 table 1)."""
_NOTICE, _ALERT = 5, 1
_NIL: Final = "-"
_NUMBER: Final = 32473
_LONGEST_ID: Final = 32
_LONGEST_HOST: Final = 255


def as_values(entry: StoredEntry) -> dict[str, Any]:
    """Return an event as values that JSON has; `place` is its place in the chain."""
    detail = json.loads(entry.detail)
    if entry.personal is not None:
        detail |= json.loads(entry.personal)
    return {
        "id": entry.id,
        "place": entry.seq,
        "at": _time(entry),
        "name": entry.name,
        "account": entry.account_id,
        "actor": entry.actor,
        "request": entry.request_id,
        "address": entry.address,
        "erased": entry.erased is not None,
        "detail": detail,
        "trace": None if entry.trace is None else json.loads(entry.trace),
    }


def json_line(entry: StoredEntry) -> str:
    """Return an event as one JSON object without a line end in it."""
    return json.dumps(as_values(entry), ensure_ascii=False, separators=(",", ":"))


def syslog_line(entry: StoredEntry, host: str) -> str:
    """Return an event as one syslog message (RFC 5424 section 6); alarms are alerts."""
    severity = _ALERT if entry.name.startswith("alarm.") else _NOTICE
    told = as_values(entry)
    detail = told.pop("detail")
    if told["trace"] is not None:
        detail["trace"] = told["trace"]
    common = {
        name: told[name] for name in ("id", "place", "account", "actor", "request", "address")
    }
    head = (
        f"<{_FACILITY * 8 + severity}>1",
        told["at"],
        _printable(host, _LONGEST_HOST),
        "portvakt",
        _NIL,
        _printable(entry.name, _LONGEST_ID),
    )
    return f"{' '.join(head)} {_element('event', common)}{_element('detail', detail)}"


def _time(entry: StoredEntry) -> str:
    at: datetime = instant(entry.at)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z"


def _printable(text: str, longest: int) -> str:
    """Keep what a field of the head may hold: printable ASCII without spaces."""
    kept = "".join(each if "!" <= each <= "~" else "?" for each in text)
    return kept[:longest] or _NIL


def _element(name: str, values: Mapping[str, Any]) -> str:
    known = {key: value for key, value in values.items() if value is not None}
    if not known:
        return ""
    params = "".join(f' {key[:_LONGEST_ID]}="{_param(value)}"' for key, value in known.items())
    return f"[{name}@{_NUMBER}{params}]"


def _param(value: object) -> str:
    """Write a value on one line; of what must be escaped a backslash stands before it."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    seen = "".join(each if each.isprintable() else f"\\u{ord(each):04x}" for each in text)
    return seen.replace("\\", "\\\\").replace('"', '\\"').replace("]", "\\]")
