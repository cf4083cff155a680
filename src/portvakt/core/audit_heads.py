"""Heads of the audit trail as they are told to the world outside the database, one on a line."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from portvakt.core.audit_chain import MAC_BYTES, Tip

HEAD: Final = "audit.head"
"""What a line with a head in it is called, in a file of ours as in the log."""


def told(tip: Tip) -> dict[str, object]:
    """Give what is told of a head, besides when."""
    return {"batch": tip.number, "events": tip.last, "link": tip.link.hex()}


def line(tip: Tip, at: datetime) -> str:
    """Return a line of a file of heads, as the log would write it."""
    return json.dumps({"event": HEAD, "at": at.isoformat(timespec="seconds"), **told(tip)})


def heads(lines: Iterable[str]) -> dict[int, Tip]:
    """Read heads by their batch; whatever else stands among them, such as other logs, is passed.

    The same head may come often. Raises ValueError with one sentence where a line cannot be read,
    or where two tell different things of one batch.
    """
    found: dict[int, Tip] = {}
    for number, text in enumerate(lines, start=1):
        if f'"{HEAD}"' not in text or "{" not in text:
            continue
        try:
            tip = _tip(json.loads(text[text.index("{") :]))
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"line {number}: this head cannot be read") from error
        if found.setdefault(tip.number, tip) != tip:
            raise ValueError(f"line {number}: an earlier line tells another thing of this batch")
    return found


def _tip(told_: Mapping[str, object]) -> Tip:
    number, last, link = told_["batch"], told_["events"], bytes.fromhex(str(told_["link"]))
    if not isinstance(number, int) or not isinstance(last, int) or len(link) != MAC_BYTES:
        raise ValueError("not a head")
    return Tip(number, last, link)
