"""Receipts that come on the line, as `deliver_sm` (SMPP 3.4 sections 5.2.12, 5.3.2 and appendix B).

Operators write a text's name in two ways, and mean the same one: in hexadecimal when they take it
and in decimal in the receipt, or the other way round. A setting says so.
"""

import re
from typing import Final, Literal

from portvakt.sms import NoReceipt, Receipt
from portvakt.sms.smpp.pdus import Delivered

Ids = Literal["same", "hex_then_decimal", "decimal_then_hex"]

LONGEST_NAME: Final = 200
_TYPE: Final = 0x3C
_RECEIPT: Final = 0x04
_ID: Final = re.compile(rb"\bid:([^\s]{1,65})")
_STATE: Final = re.compile(rb"\bstat:([A-Za-z]{1,7})")
_DELIVERED: Final = frozenset({"DELIVRD", 2})
_FAILED: Final[dict[str | int, str]] = {
    **{word: word for word in ("EXPIRED", "DELETED", "UNDELIV", "REJECTD")},
    3: "EXPIRED",
    4: "DELETED",
    5: "UNDELIV",
    8: "REJECTD",
}
"""States as the parameter and as the words have them, and how the log says them."""


def own_name(answered: str, ids: Ids) -> str:
    """Return a text's name as both sides of the line can write it; `answered` by `submit_sm`."""
    return _plain(answered, {"same": None, "hex_then_decimal": 16, "decimal_then_hex": 10}[ids])


def read(delivered: Delivered, ids: Ids) -> Receipt | NoReceipt:
    """Say what a `deliver_sm` tells.

    The parameters win over the words: these have no one form, and are cut by many.
    """
    if delivered.esm_class & _TYPE != _RECEIPT:
        return NoReceipt("somebody's text, or a notice on the way")
    name = own_name(delivered.receipted, ids)
    if not name:
        found = _ID.search(delivered.text)
        told = "" if found is None else found[1].decode("latin-1")
        base = {"same": None, "hex_then_decimal": 10, "decimal_then_hex": 16}[ids]
        name = _plain(told, base)
    state: int | str | None = delivered.state
    if state is None:
        word = _STATE.search(delivered.text)
        state = None if word is None else word[1].decode("ascii").upper()
    if not name or state is None:
        return NoReceipt("no name, or no state")
    if state in _DELIVERED:
        return Receipt(name, "delivered")
    if state in _FAILED:
        return Receipt(name, "failed", _FAILED[state])
    return NoReceipt("neither delivered nor failed")


def _plain(name: str, base: int | None) -> str:
    """Write a number in decimal, without what leads it; leave everything else as it is."""
    if base is not None:
        try:
            return str(int(name, base))
        except ValueError:
            pass  # this operator's names are no numbers after all
    return name.strip()[:LONGEST_NAME]
